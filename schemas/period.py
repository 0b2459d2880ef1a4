"""The months a project covers, and days that are known only by their month."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta

from schemas.agreement import Project
from schemas.text import MONTHS, MonthOrDay


def first_day(value: MonthOrDay) -> date:
    """Return the day, or the first day of the month: 1 September 2020 of ``2020-09``."""
    return date.fromisoformat(value if len(value) > len("2020-09") else f"{value}-01")


def last_day(value: MonthOrDay) -> date:
    """Return the day, or the last day of the month: 30 September 2020 of ``2020-09``."""
    day = first_day(value)
    return day if len(value) > len("2020-09") else day.replace(day=calendar.monthrange(day.year, day.month)[1])


def in_words(value: MonthOrDay) -> str:
    """Return ``September 2020``, or ``3 September 2020`` where the day is known."""
    day = first_day(value)
    month = f"{MONTHS[day.month - 1].capitalize()} {day.year}"
    return f"{day.day} {month}" if len(value) > len("2020-09") else month


def at(value: MonthOrDay) -> str:
    """Return ``in September 2020``, or ``on 3 September 2020`` where the day is known."""
    return f"{'on' if len(value) > len('2020-09') else 'in'} {in_words(value)}"


@dataclass(frozen=True, slots=True)
class Period:
    """From its first to its last day, both included; ``None`` where an end is not known."""

    first: MonthOrDay | None
    last: MonthOrDay | None


def of_project(project: Project) -> Period:
    """Return the months of a project; days where its first day is known.

    A period of months from one day ends the day before the same day of its last month, or with that month where it has
    no such day (as Regulation (EEC, Euratom) 1182/71 Art. 3(2)(c) has it).
    """
    start, months = project.start.value, project.duration_months.value
    if start is None or months is None:
        return Period(start, None)
    begin = first_day(start)
    ahead = begin.year * 12 + begin.month - 1 + months
    year, month = divmod(ahead, 12)
    if year > MAXYEAR:
        return Period(start, None)
    if len(start) == len("2020-09"):
        year, month = divmod(ahead - 1, 12)
        return Period(start, f"{year:04d}-{month + 1:02d}")
    days = calendar.monthrange(year, month + 1)[1]
    last = date(year, month + 1, min(begin.day, days)) - timedelta(days=begin.day <= days)
    return Period(start, last.isoformat())
