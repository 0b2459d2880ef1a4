"""Which agreements are kept until when: the register, read by the end of retention."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select

from archive import tables
from archive.database import reading
from archive.register import RegisterRow, row_from
from schemas.evidence import AgreementId, Evidence
from schemas.state import Stage

agreements = tables.agreements


class Kept(StrEnum):
    """What can be asked for."""

    ALL = "all"
    """Everything archived."""
    DUE = "due"
    """Archived, retention is over and nothing holds it: it can be disposed of."""
    HELD = "held"
    """Under a legal hold."""
    OPEN = "open"
    """Archived, and nobody said yet when the balance was paid, which begins retention."""
    PROPOSED = "proposed"
    """Somebody proposed to dispose of it."""
    ENDED = "ended"
    """Ended without being archived: it can be disposed of at any time."""
    DISPOSED = "disposed"
    """What was stored of it is destroyed."""


class Position(Evidence):
    """Where a page of the list begins: after this day (``None``: no end is known, these come last) and this id."""

    until: date | None
    id: AgreementId


class Keeping:
    """The list of what is kept; safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(
        self, which: Kept, *, today: date, after: Position | None = None, limit: int = 25
    ) -> tuple[RegisterRow, ...]:
        """Return at most ``limit`` lines after ``after``, the first whose retention ends first."""
        until, its_id = agreements.c.retention_until, agreements.c.id
        statement = select(agreements).where(_condition(which, today))
        statement = statement.order_by(until.is_(None), until, its_id).limit(limit)
        if after is not None and after.until is None:
            statement = statement.where(until.is_(None), its_id > after.id)
        elif after is not None:
            day = after.until.isoformat()
            later = or_(until > day, and_(until == day, its_id > after.id), until.is_(None))
            statement = statement.where(later)
        with reading(self._engine) as connection:
            return tuple(row_from(row) for row in connection.execute(statement).mappings())

    def first_archived(self) -> datetime | None:
        """Return since when there is something archived, if there is."""
        statement = select(func.min(agreements.c.since)).where(_condition(Kept.ALL, date.min))
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one()

    def count(self, which: Kept, *, today: date) -> int:
        """Return how many there are."""
        statement = select(func.count()).select_from(agreements).where(_condition(which, today))
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one()


def _condition(which: Kept, today: date) -> ColumnElement[bool]:
    columns = agreements.c
    archived, ended = columns.stage == Stage.ARCHIVED.value, columns.stage == Stage.ENDED.value
    match which:
        case Kept.DUE:
            return and_(archived, columns.retention_until < today.isoformat(), columns.held.is_(False))
        case Kept.HELD:
            return and_(or_(archived, ended), columns.held.is_(True))
        case Kept.OPEN:
            return and_(archived, columns.retention_until.is_(None))
        case Kept.PROPOSED:
            return and_(or_(archived, ended), columns.disposal.is_not(None))
        case Kept.ENDED:
            return ended
        case Kept.DISPOSED:
            return columns.stage == Stage.DISPOSED.value
    return archived
