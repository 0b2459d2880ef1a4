"""The catalogue: agreements found by what people remember of them, and listed page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, NotRequired, TypedDict, Unpack

from sqlalchemy import (
    ColumnCollection,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    tuple_,
    update,
)

from archive import tables
from archive.awaited import Queue, chosen
from archive.database import reading, writing
from archive.register import RegisterRow, row_from
from archive.wanted import Wanted, conditions, folded, in_stage
from schemas.evidence import AgreementId, Evidence
from schemas.state import Stage

MOST_COUNTED = 1000

agreements, catalogue = tables.agreements, tables.catalogue


class Line(Evidence):
    """One line of a list: what the register and the catalogue say of an agreement."""

    row: RegisterRow
    parties: tuple[str, ...] = ()
    project: str = ""


class Column(NamedTuple):
    """A column of the board: its first lines, and how many agreements stand in it, or ``at_least`` so many."""

    lines: tuple[Line, ...]
    total: int
    at_least: bool = False


class Key(NamedTuple):
    """Where a page of a list ends: the next one begins after it."""

    updated_at: datetime
    id: str


class Entered(TypedDict):
    """What is entered of an agreement: its words are those of ``texts``, and those of ``without`` are left out.

    ``signatories`` are their addresses by their ids.
    """

    parties: Sequence[str]
    project: str
    signatories: Mapping[str, str]
    texts: Iterable[str]
    without: NotRequired[Iterable[str]]


class Catalogue:
    """The catalogue in one database; safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enter(self, agreement: str, draft: int, **what: Unpack[Entered]) -> None:
        """Enter an agreement in place of what stood there of it; see :func:`enter`."""
        with writing(self._engine) as connection:
            enter(connection, agreement, draft, **what)

    def page(self, wanted: Wanted, *, after: Key | None = None, limit: int = 25) -> tuple[Line, ...]:
        """Return at most ``limit`` lines after ``after``, those that changed last first."""
        order = (agreements.c.updated_at.desc(), agreements.c.id.desc())
        with reading(self._engine) as connection:
            statement = _listed(*conditions(connection, wanted)).order_by(*order).limit(limit)
            if after is not None:
                before = tuple_(agreements.c.updated_at, agreements.c.id) < tuple_(
                    literal(after.updated_at, tables.InstantText), after.id
                )
                statement = statement.where(before)
            return _lines(connection, statement)

    def urgent(self, wanted: Wanted, *, limit: int = 25) -> tuple[Line, ...]:
        """Return at most ``limit`` lines, those to be signed soonest first, then the longest-waiting."""
        with reading(self._engine) as connection:
            # chosen by their ids alone: all of them would be sorted whole, beside their words
            listed = _listed(*conditions(connection, wanted), only=agreements.c.id)
            return _chosen(connection, listed.order_by(*_urgency(agreements.c)).limit(limit))

    def awaiting(self, queue: Queue, *, limit: int = 25) -> tuple[Line, ...]:
        """Return at most ``limit`` lines of a queue, those to be signed soonest first, then the longest-waiting."""
        waiting = chosen(queue)
        ids = select(waiting.c.id).order_by(*_urgency(waiting.c)).limit(limit)
        with reading(self._engine) as connection:
            return _chosen(connection, ids)

    def ids_awaiting(self, queue: Queue) -> tuple[AgreementId, ...]:
        """Return the ids of all that is in a queue, in the same order."""
        waiting = chosen(queue)
        with reading(self._engine) as connection:
            found = connection.execute(select(waiting.c.id).order_by(*_urgency(waiting.c))).scalars()
            return tuple(AgreementId(one) for one in found)

    def board(self, wanted: Wanted, groups: Iterable[Sequence[Stage]], *, limit: int) -> list[Column]:
        """Return the longest-waiting lines of each group of stages, at most ``limit``, and how many there are in all.

        Of a search at most :data:`MOST_COUNTED` are counted. All is seen as of one instant.
        """
        most = MOST_COUNTED if wanted.asked.strip() or wanted.party else None
        with reading(self._engine) as connection:
            everywhere = conditions(connection, wanted.model_copy(update={"stages": ()}))
            return [_column(connection, everywhere, stages, limit, most) for stages in groups]

    def document_types(self) -> tuple[str, ...]:
        """Return the types of which there are agreements, by name."""
        # from one type to the next in the index: a DISTINCT would read all of it
        found: list[str] = []
        with reading(self._engine) as connection:
            kind = agreements.c.document_type
            while (
                following := connection.execute(select(func.min(kind)).where(kind > _last(found))).scalar()
            ) is not None:
                found.append(following)
        return tuple(found)


def enter(connection: Connection, agreement: str, draft: int, **what: Unpack[Entered]) -> None:
    """Enter an agreement in place of what stood there of it; an older draft changes nothing."""
    gone = {word for one in what.get("without", ()) for word in folded(one)}
    words = dict.fromkeys(word for one in what["texts"] for word in folded(one) if word not in gone)
    values = {
        "draft": draft,
        "parties": "\n".join(what["parties"]),
        "project": what["project"],
        "words": " ".join(words),
    }
    same = catalogue.c.agreement == agreement
    known = connection.execute(select(catalogue.c.draft).where(same)).scalar_one_or_none()
    if known is not None and known > draft:
        return
    if known is None:
        connection.execute(insert(catalogue), {"agreement": agreement, **values})
    else:
        connection.execute(update(catalogue).where(same), values)
    people = tables.catalogue_people
    connection.execute(delete(people).where(people.c.agreement == agreement))
    if named := what["signatories"]:
        rows = [
            {"agreement": agreement, "signatory": its_id, "email": email.strip().lower()}
            for its_id, email in named.items()
        ]
        connection.execute(insert(people), rows)


def forget_agreement(connection: Connection, agreement: str) -> None:
    """Delete what the catalogue holds of an agreement."""
    for table in (catalogue, tables.catalogue_people):
        connection.execute(delete(table).where(table.c.agreement == agreement))
    _overwrite(connection)


def forget_person(connection: Connection, email: str, name: str) -> None:
    """Delete a person's address from the catalogue, and the words of their name from the agreements they sign."""
    people, address = tables.catalogue_people, email.strip().lower()
    named = connection.execute(select(people.c.agreement).where(people.c.email == address)).scalars().all()
    gone = {*folded(name), *folded(address)}
    for agreement in named:
        same = catalogue.c.agreement == agreement
        words = connection.execute(select(catalogue.c.words).where(same)).scalar_one_or_none() or ""
        kept = " ".join(word for word in words.split() if word not in gone)
        connection.execute(update(catalogue).where(same), {"words": kept})
    connection.execute(delete(people).where(people.c.email == address))
    _overwrite(connection)


def _overwrite(connection: Connection) -> None:
    """Have SQLite's index drop what was deleted from it, which it otherwise keeps until it tidies up by itself."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO catalogue_words (catalogue_words) VALUES ('optimize')"))


def _urgency(of: ColumnCollection[str, ColumnElement[object]]) -> tuple[ColumnElement[object], ...]:
    """Return what orders by the last day to sign, what has none at the end, and then by how long it has waited."""
    return (case((of.sign_by.is_(None), 1), else_=0), of.sign_by, of.since, of.id)


def _chosen(connection: Connection, ids: Select[tuple[str]]) -> tuple[Line, ...]:
    return _lines(connection, _listed(agreements.c.id.in_(ids)).order_by(*_urgency(agreements.c)))


def _column(
    connection: Connection,
    wanted: Sequence[ColumnElement[bool]],
    stages: Sequence[Stage],
    limit: int,
    most: int | None,
) -> Column:
    order = (agreements.c.since, agreements.c.id)
    # each stage by its index, in its order: sorting several would read all of them
    alone = (_listed(*wanted, in_stage((stage,))).order_by(*order).limit(limit) for stage in stages)
    lines = sorted((line for one in alone for line in _lines(connection, one)), key=_longest_waiting)
    there = _listed(*wanted, in_stage(stages), only=agreements.c.id).limit(most).subquery()
    total = connection.execute(select(func.count()).select_from(there)).scalar_one()
    return Column(tuple(lines[:limit]), total, at_least=total == most)


def _longest_waiting(line: Line) -> tuple[datetime, str]:
    return line.row.since, line.row.id


def _listed(*true_of: ColumnElement[bool], only: ColumnElement[str] | None = None) -> Select[tuple[object, ...]]:
    """Return what reads the lines, or ``only`` one of their columns, of agreements that ``true_of`` is true of."""
    columns = (agreements, catalogue.c.parties, catalogue.c.project) if only is None else (only,)
    entered = agreements.outerjoin(catalogue, catalogue.c.agreement == agreements.c.id)
    return select(*columns).select_from(entered).where(*true_of)


def _lines(connection: Connection, statement: Select[tuple[object, ...]]) -> tuple[Line, ...]:
    return tuple(_line(row) for row in connection.execute(statement).mappings())


def _last(found: Sequence[str]) -> str:
    return found[-1] if found else ""


def _line(row: RowMapping) -> Line:
    return Line(
        row=row_from(row),
        parties=tuple((row["parties"] or "").splitlines()),
        project=row["project"] or "",
    )
