"""The register: where every agreement stands and whom it waits for. Rebuilt from the ledger alone at any time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import Connection, Engine, RowMapping, bindparam, delete, func, insert, select, update

from archive import awaited, entries, named_digests, tables
from archive.database import reading, writing
from archive.proposals import unknown
from schemas.errors import Refused
from schemas.evidence import AgreementId, Digest, Evidence, Instant
from schemas.installation import Replay
from schemas.state import AgreementState, Stage

AGREEMENT_ID = re.compile(r"(?P<document_type>[A-Z][A-Z0-9-]*)-(?P<year>[0-9]{4})-(?P<number>[0-9]{4,})")
"""``MOU-2026-0001``."""

LISTS = ("waits_for", "changes", "ways")
"""Columns that hold several words, separated by spaces."""


class RegisterRow(Evidence):
    """One line of the register.

    ``waits_for`` names who can move the agreement on: ``system``, ``manager``, ``office:legal``,
    ``signatory:<id>``; empty when it is archived or ended. ``since`` is when it reached its stage, ``updated_at``
    when its last entry occurred; ``counter`` is that entry's, ``pdf`` the newest revision; ``changes`` are the
    agreements it changes or takes the place of; ``sign_by`` is the last day to sign, ``owner`` a commitment to who
    requested it; ``retention_until`` is the last day of retention, ``held`` whether a legal hold is in place, and
    ``disposal`` a commitment to who proposed to dispose of it; ``level`` is the level validated, ``ways`` are how it
    was signed so far.
    """

    id: AgreementId
    document_type: str
    title: str
    stage: Stage
    draft: int
    waits_for: tuple[str, ...]
    since: Instant
    updated_at: Instant
    counter: int
    pdf: Digest | None
    changes: tuple[str, ...] = ()
    sign_by: date | None = None
    owner: Digest | None = None
    retention_until: date | None = None
    held: bool = False
    disposal: Digest | None = None
    level: str | None = None
    ways: tuple[str, ...] = ()


def row_of(state: AgreementState, updated_at: Instant) -> RegisterRow:
    """Return the register's line for an agreement in ``state`` whose last entry occurred at ``updated_at``."""
    return RegisterRow(
        id=AgreementId(state.agreement),
        document_type=state.document_type,
        title=state.title,
        stage=state.stage,
        draft=state.draft,
        waits_for=state.waiters,
        since=state.since,
        updated_at=updated_at,
        counter=state.counter,
        pdf=state.pdf,
        changes=state.changes,
        sign_by=state.sign_by,
        owner=state.owner,
        retention_until=state.retention_until,
        held=state.held,
        disposal=state.disposal.by if state.disposal else None,
        level=state.level,
        ways=tuple(sorted({signature.way.value for signature in state.signatures})),
    )


class Register:
    """The register in one database; safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def rows(self, *, stage: Stage | None = None) -> tuple[RegisterRow, ...]:
        """Return all lines, or those in ``stage``, the longest-waiting first."""
        columns = tables.agreements.c
        statement = select(tables.agreements).order_by(columns.since, columns.id)
        if stage is not None:
            statement = statement.where(columns.stage == stage.value)
        with reading(self._engine) as connection:
            return tuple(row_from(row) for row in connection.execute(statement).mappings())

    def changed_by(self, agreement: AgreementId | str) -> tuple[RegisterRow, ...]:
        """Return the archived agreements that change ``agreement`` or take its place, the oldest first."""
        archived = self.rows(stage=Stage.ARCHIVED)
        return tuple(row for row in archived if agreement in row.changes)

    def show(self, agreement: AgreementId | str) -> RegisterRow:
        """Return the line of one agreement; raises :class:`Refused` for an unknown one, proposing the nearest."""
        with reading(self._engine) as connection:
            statement = select(tables.agreements).where(tables.agreements.c.id == agreement)
            row = connection.execute(statement).mappings().one_or_none()
            if row is None:
                raise unknown("agreement", agreement, known_agreements(connection))
        return row_from(row)

    def find(self, agreement: str) -> RegisterRow | None:
        """Return the line of one agreement, ``None`` where there is none."""
        with reading(self._engine) as connection:
            statement = select(tables.agreements).where(tables.agreements.c.id == agreement)
            row = connection.execute(statement).mappings().one_or_none()
        return None if row is None else row_from(row)

    def count(self) -> int:
        """Return how many lines there are."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(tables.agreements)).scalar_one()

    def rebuild(self) -> int:
        """Make the register anew from the ledger and return its number of lines; all or nothing.

        Raises :class:`Invalid` or a refusal of the lifecycle where the ledger itself does not hold.
        """
        with writing(self._engine) as connection:
            replay, last = Replay(), {}
            entries.size(connection, lock=True)
            named_digests.note_anew(connection, (recorded.entry for recorded in entries.every(connection)))
            for recorded in entries.every(connection):
                if (state := replay.take(recorded.entry)) is not None:
                    last[state.agreement] = (state, recorded.entry.occurred_at)
            rows = [row_of(state, at) for state, at in last.values()]
            connection.execute(delete(tables.agreements))
            connection.execute(delete(tables.agreement_numbers))
            if rows:
                connection.execute(insert(tables.agreements), [columns_of(row) for row in rows])
            awaited.note_anew(connection, (state for state, _ in last.values()))
            if numbers := last_numbers(rows):
                connection.execute(insert(tables.agreement_numbers), numbers)
        return len(rows)


def write(connection: Connection, state: AgreementState, updated_at: Instant) -> None:
    """Bring an agreement's line up to date, inside the transaction that appended the entry it follows from."""
    columns = columns_of(row_of(state, updated_at))
    if state.counter == 0:
        connection.execute(insert(tables.agreements), columns)
    else:
        connection.execute(update(tables.agreements).where(tables.agreements.c.id == state.agreement), columns)
    awaited.note(connection, [state])


def write_all(
    connection: Connection, moved: Collection[tuple[AgreementState, Instant]], begun: Collection[str]
) -> None:
    """Bring several lines up to date at once; ``begun`` are the ids whose first entry is among those appended."""
    columns = [columns_of(row_of(state, updated_at)) for state, updated_at in moved]
    if new := [line for line in columns if line["id"] in begun]:
        connection.execute(insert(tables.agreements), new)
    if known := [{**line, "its_id": line["id"]} for line in columns if line["id"] not in begun]:
        connection.execute(update(tables.agreements).where(tables.agreements.c.id == bindparam("its_id")), known)
    awaited.note(connection, [state for state, _ in moved])


def known_agreements(connection: Connection) -> list[str]:
    """Return the ids of all agreements."""
    return list(connection.execute(select(tables.agreements.c.id)).scalars())


def take_number(connection: Connection, document_type: str, year: int) -> int:
    """Return the next number of ``year``, taken if the transaction holds: without gaps, since one writes at a time."""
    number = last_number(connection, document_type, year) + 1
    give_numbers(connection, document_type, year, number)
    return number


def agreement_id(document_type: str, year: int, number: int) -> AgreementId:
    """Return the id of an agreement; raises :class:`Refused` where there can be none."""
    agreement = f"{document_type}-{year:04d}-{number:04d}"
    if not AGREEMENT_ID.fullmatch(agreement):
        raise Refused("no agreement can be numbered like this", got=agreement, expected="MOU-2026-0001")
    return AgreementId(agreement)


def last_number(connection: Connection, document_type: str, year: int) -> int:
    """Return the last number given in ``year``, 0 before the first."""
    table = tables.agreement_numbers
    same = (table.c.document_type == document_type) & (table.c.year == year)
    return connection.execute(select(table.c.last).where(same)).scalar_one_or_none() or 0


def give_numbers(connection: Connection, document_type: str, year: int, last: int) -> None:
    """Note that the numbers up to ``last`` are given; the caller holds the right to append."""
    table = tables.agreement_numbers
    same = (table.c.document_type == document_type) & (table.c.year == year)
    if not connection.execute(update(table).where(same), {"last": last}).rowcount:
        connection.execute(insert(table), {"document_type": document_type, "year": year, "last": last})


def last_numbers(rows: Iterable[RegisterRow]) -> list[dict[str, object]]:
    """Return the columns of the last number given, by document type and year."""
    last: dict[tuple[str, int], int] = {}
    for row in rows:
        if found := AGREEMENT_ID.fullmatch(row.id):
            key = (found["document_type"], int(found["year"]))
            last[key] = max(last.get(key, 0), int(found["number"]))
    return [{"document_type": kind, "year": year, "last": number} for (kind, year), number in sorted(last.items())]


def columns_of(row: RegisterRow) -> dict[str, object]:
    """Return the columns of one line."""
    lists = {name: " ".join(getattr(row, name)) for name in LISTS}
    days = {
        "sign_by": row.sign_by.isoformat() if row.sign_by else None,
        "retention_until": row.retention_until.isoformat() if row.retention_until else None,
    }
    return {**row.model_dump(), "stage": row.stage.value, **days, **lists}


def row_from(row: RowMapping) -> RegisterRow:
    """Return the line that a row of the table holds; columns of other tables are passed over."""
    lists = {name: tuple((row[name] or "").split()) for name in LISTS}
    columns = {name: row[name] for name in tables.agreements.columns.keys()}  # noqa: SIM118  # not a dict
    return RegisterRow.model_validate({**columns, **lists})
