"""The queue of drafts in review: the riskiest and most urgent first, then the oldest; worked out by the database.

What a draft was found to ask attention for is kept beside the register, and lost without harm.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, Engine, and_, case, delete, func, insert, select

from archive.awaited import Queue, chosen
from archive.database import reading, writing
from archive.register import RegisterRow, row_from
from archive.tables import agreements, draft_risks
from schemas.evidence import AgreementId
from schemas.people import Office
from schemas.state import Stage

URGENT: Mapping[int, int] = {7: 3, 14: 2, 30: 1}
"""Points by how many days are left until the last day to sign, at most."""
UNKNOWN = 1000
"""Points of a draft nobody has assessed: it comes first."""

Reasons = Mapping[str, int]
"""How much of what a draft asks attention for: names of reasons to numbers, such as ``fallbacks`` to 2."""


@dataclass(frozen=True)
class Waiting:
    """One draft in the queue; ``points`` and ``reasons`` are ``None`` where nobody has assessed it."""

    row: RegisterRow
    points: int | None
    reasons: Reasons | None


@dataclass(frozen=True)
class Page:
    """A part of the queue, and how many drafts wait in all of it."""

    total: int
    lines: tuple[Waiting, ...]


class ReviewQueue:
    """The queue in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, agreement: AgreementId, draft: int, points: int, reasons: Reasons) -> None:
        """Keep what draft ``draft`` asks attention for, in place of what an earlier one did."""
        values = {"agreement": agreement, "draft": draft, "points": points, "reasons": json.dumps(dict(reasons))}
        with writing(self._engine) as connection:
            _forget(connection, agreement)
            connection.execute(insert(draft_risks), values)

    def page(self, offices: Collection[Office], *, today: date, limit: int = 20, skip: int = 0) -> Page:
        """Return ``limit`` drafts that wait for one of ``offices``, after the first ``skip``."""
        waiting = chosen(Queue(waiters=tuple(f"office:{one}" for one in sorted(offices)), stage=Stage.IN_REVIEW))
        known = and_(draft_risks.c.agreement == waiting.c.id, draft_risks.c.draft == waiting.c.draft)
        due = [(waiting.c.sign_by <= (today + timedelta(days)).isoformat(), more) for days, more in URGENT.items()]
        urgency = func.coalesce(draft_risks.c.points, UNKNOWN) + case(*due, else_=0)
        # counted in the same pass, and chosen before whole lines are read
        first = (
            select(
                waiting.c.id,
                draft_risks.c.points,
                draft_risks.c.reasons,
                urgency.label("urgency"),
                func.count().over().label("total"),
            )
            .join(draft_risks, known, isouter=True)
            .order_by(urgency.desc(), waiting.c.since, waiting.c.id)
            .limit(limit)
            .offset(skip)
            .subquery()
        )
        statement = (
            select(agreements, first.c.points, first.c.reasons, first.c.total)
            .join(first, first.c.id == agreements.c.id)
            .order_by(first.c.urgency.desc(), agreements.c.since, agreements.c.id)
        )
        with reading(self._engine) as connection:
            rows = [dict(row) for row in connection.execute(statement).mappings()]
            if skip and not rows:
                return Page(connection.execute(select(func.count()).select_from(waiting)).scalar_one(), ())
        return Page(max((row.pop("total") for row in rows), default=0), tuple(map(_waiting, rows)))

    def unassessed(self) -> tuple[AgreementId, ...]:
        """Return the agreements in review whose current draft nobody has assessed."""
        known = and_(draft_risks.c.agreement == agreements.c.id, draft_risks.c.draft == agreements.c.draft)
        statement = (
            select(agreements.c.id)
            .join(draft_risks, known, isouter=True)
            .where(agreements.c.stage == Stage.IN_REVIEW.value, draft_risks.c.agreement.is_(None))
            .order_by(agreements.c.id)
        )
        with reading(self._engine) as connection:
            return tuple(AgreementId(found) for found in connection.execute(statement).scalars())


def _waiting(row: dict[str, object]) -> Waiting:
    points, reasons = row.pop("points"), row.pop("reasons")
    known = isinstance(points, int) and isinstance(reasons, str)
    return Waiting(row_from(row), points if known else None, json.loads(reasons) if known else None)


def _forget(connection: Connection, agreement: AgreementId) -> None:
    connection.execute(delete(draft_risks).where(draft_risks.c.agreement == agreement))
