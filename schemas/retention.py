"""How long an archived agreement is kept: from the payment of the balance, and never to an end nobody knows.

Records are kept for five years after the balance was paid, three where the funding is at most EUR 60,000; those that
an audit, an appeal, litigation, a claim or an investigation is about, until that is closed (Regulation (EU, Euratom)
2024/2509 Art. 133; EU Model Grant Agreement Art. 20). The latter is a legal hold.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

YEARS = 5
YEARS_OF_SMALL_GRANTS = 3
SMALL_GRANT_EUR_MAX = 60_000
"""A grant of this amount or less is a small one."""


def last_day(paid_on: date, *, small_grant: bool) -> date:
    """Return the last day of retention after the balance was paid on ``paid_on`` (legal day).

    The day of the payment is not counted, and a period in years ends on the day of the same date; where that day does
    not occur, on the last day of the month (Regulation (EEC, Euratom) No 1182/71 Art. 3). Whether it is moved on by a
    holiday is for people to decide, who extend it then.
    """
    year = paid_on.year + (YEARS_OF_SMALL_GRANTS if small_grant else YEARS)
    try:
        return paid_on.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def locked_through(retention_until: date | None, today: date) -> date:
    """Return the last day through which a store that locks must hold an agreement on ``today``.

    The last day of retention once that is known. Until then the lock rolls: it reaches to the end of next year, and
    moves on each January. So no end is set that nobody knows, and an installation may stand still for a year before
    a lock runs out.
    """
    return date(today.year + 1, 12, 31) if retention_until is None else retention_until


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """Return the first instant after ``day`` in ``zone`` (aware)."""
    return datetime.combine(day + timedelta(days=1), time.min, zone)
