"""Ledger entries as leaves: writing them canonically, reading them strictly.

A leaf is the RFC 8785 JSON of an :class:`~schemas.events.Entry`. What a row says beside its leaf is derived, and
every reader here compares the two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

from sqlalchemy import Connection, Row, Select, func, insert, select

from archive import tables
from archive.exact import exact_json, read_exact
from archive.merkle import leaf_hash
from archive.tiles import checked_length
from schemas.errors import Invalid
from schemas.events import Entry
from schemas.evidence import AgreementId, Digest, Evidence

MOST_KEPT = 2000
"""So many entries are kept as they were read last: the pages of one agreement ask for the same ones again and again."""

_ROWS = select(tables.ledger_entries)


class Recorded(Evidence):
    """An entry and where it stands in the ledger."""

    leaf_index: int
    entry: Entry


def readable_leaf_of(entry: Entry) -> bytes:
    """Return the leaf of ``entry`` after reading it back.

    Raises ``ValueError`` where that gives another entry: text outside Unicode, numbers that RFC 8785 cannot write; and
    :class:`Refused` where it is longer than an entry bundle can hold.
    """
    leaf = exact_json(entry)
    checked_length(leaf)
    if Entry.model_validate_json(leaf) != entry:
        raise ValueError("the entry's JSON reads as another entry")
    return leaf


def by_op_id(connection: Connection, op_id: Digest) -> Recorded | None:
    """Return the entry made under ``op_id``, if there is one."""
    row = connection.execute(_ROWS.where(tables.ledger_entries.c.op_id == op_id)).one_or_none()
    return None if row is None else _recorded(row)


def by_op_ids(connection: Connection, op_ids: Collection[Digest]) -> dict[Digest, Recorded]:
    """Return the entries made under any of these ids, by id; at most a few hundred are asked for at once."""
    rows = connection.execute(_ROWS.where(tables.ledger_entries.c.op_id.in_(op_ids)))
    return {row.op_id: _recorded(row) for row in rows}


def of_agreement(connection: Connection, agreement: AgreementId | str, *, after: int = -1) -> tuple[Recorded, ...]:
    """Return the entries of one agreement after counter ``after``, in order; none for an unknown one."""
    columns = tables.ledger_entries.c
    its = (columns.agreement == agreement) & (columns.counter > after)
    return tuple(_recorded(row) for row in connection.execute(_ROWS.where(its).order_by(columns.counter)))


def of_agreements(connection: Connection, agreements: Collection[str]) -> dict[str, list[Recorded]]:
    """Return the entries of each of these agreements, in order; an unknown one is left out."""
    columns = tables.ledger_entries.c
    statement = _ROWS.where(columns.agreement.in_(agreements)).order_by(columns.agreement, columns.counter)
    found: dict[str, list[Recorded]] = {}
    for row in connection.execute(statement):
        recorded = _recorded(row)
        found.setdefault(recorded.entry.agreement, []).append(recorded)
    return found


def last_counters(connection: Connection, agreements: Collection[str]) -> dict[str, int]:
    """Return the counter of the last entry of each of these agreements; an unknown one is left out."""
    columns = tables.ledger_entries.c
    statement = select(columns.agreement, func.max(columns.counter).label("last")).where(
        columns.agreement.in_(agreements)
    )
    rows = connection.execute(statement.group_by(columns.agreement))
    return {row.agreement: row.last for row in rows}


def last_counter(connection: Connection, agreement: AgreementId | str) -> int:
    """Return the counter of the last entry of one agreement, or of the installation; -1 where there is none."""
    columns = tables.ledger_entries.c
    statement = select(columns.counter).where(columns.agreement == agreement)
    found = connection.execute(statement.order_by(columns.counter.desc()).limit(1)).scalar_one_or_none()
    return -1 if found is None else found


def every(connection: Connection) -> Iterator[Recorded]:
    """Yield all entries in order of the ledger."""
    statement = _ROWS.order_by(tables.ledger_entries.c.leaf_index)
    return (_recorded(row) for row in _rows(connection, statement))


def hashes(connection: Connection, size: int) -> list[bytes]:
    """Return the hashes of the first ``size`` leaves, computed from their bytes.

    Raises :class:`Invalid` naming the first leaf that is missing or whose bytes are not the ones once hashed.
    """
    columns = tables.ledger_entries.c
    statement = select(columns.leaf_index, columns.leaf, columns.leaf_hash)
    found: list[bytes] = []
    for row in _rows(connection, statement.where(columns.leaf_index < size).order_by(columns.leaf_index)):
        _check_index(row.leaf_index, len(found))
        found.append(_checked_hash(row))
    if len(found) != size:
        raise Invalid("the ledger lacks a leaf", where=f"leaf {len(found)}", got="nothing", expected=f"{size} leaves")
    return found


def leaves(connection: Connection, first: int, end: int) -> list[bytes]:
    """Return the bytes of leaves ``first`` to ``end - 1``.

    Raises :class:`Invalid` naming the first leaf that is missing or whose bytes are not the ones once hashed.
    """
    columns = tables.ledger_entries.c
    statement = select(columns.leaf_index, columns.leaf, columns.leaf_hash)
    within = (columns.leaf_index >= first) & (columns.leaf_index < end)
    found: list[bytes] = []
    for row in connection.execute(statement.where(within).order_by(columns.leaf_index)):
        _check_index(row.leaf_index, first + len(found))
        _checked_hash(row)
        found.append(row.leaf)
    if len(found) != end - first:
        raise Invalid("the ledger lacks a leaf", where=f"leaf {first + len(found)}", got="nothing",
                      expected=f"{end} leaves")  # fmt: skip
    return found


def size(connection: Connection, *, lock: bool = False) -> int:
    """Return the number of leaves; with ``lock`` nobody else appends before this transaction ends."""
    statement = select(tables.log_state.c.size).where(tables.log_state.c.id == 1)
    found = connection.execute(statement.with_for_update() if lock else statement).scalar_one_or_none()
    if found is None:
        raise Invalid("the ledger's own size is missing", where="log_state", remedy="restore the database")
    return found


def append(connection: Connection, first_index: int, *appended: tuple[Entry, bytes]) -> None:
    """Insert entries with their leaves from ``first_index`` on and move the size; the caller holds its lock."""
    rows = [
        {
            "leaf_index": first_index + position,
            "op_id": entry.op_id,
            "agreement": entry.agreement,
            "counter": entry.counter,
            "leaf": leaf,
            "leaf_hash": leaf_hash(leaf),
        }
        for position, (entry, leaf) in enumerate(appended)
    ]
    connection.execute(insert(tables.ledger_entries), rows)
    size = first_index + len(rows)
    connection.execute(tables.log_state.update().where(tables.log_state.c.id == 1), {"size": size})


def _rows(connection: Connection, statement: Select) -> Iterator[Row]:
    return iter(connection.execute(statement.execution_options(yield_per=1000)))


def _recorded(row: Row) -> Recorded:
    where = f"leaf {row.leaf_index}"
    _checked_hash(row)
    entry = _entry(row.leaf, where)
    said, kept = (entry.op_id, entry.agreement, entry.counter), (row.op_id, row.agreement, row.counter)
    if said != kept:
        raise Invalid("a ledger row contradicts its leaf", where=where, got=kept, expected=said)
    return Recorded(leaf_index=row.leaf_index, entry=entry)


@lru_cache(maxsize=MOST_KEPT)
def _entry(leaf: bytes, where: str) -> Entry:
    """Return the entry that a leaf is: the same bytes are the same entry for ever, and an entry never changes."""
    return read_exact(Entry, leaf, where=where)


def _checked_hash(row: Row) -> bytes:
    hashed = leaf_hash(row.leaf)
    if hashed != row.leaf_hash:
        raise Invalid(
            "a leaf was altered after it was appended",
            where=f"leaf {row.leaf_index}",
            got=hashed.hex(),
            expected=row.leaf_hash.hex(),
            remedy="restore the database from a backup and compare both with the last checkpoint",
        )
    return hashed


def _check_index(got: int, expected: int) -> None:
    if got != expected:
        raise Invalid("the ledger has a gap", where=f"leaf {expected}", got=f"leaf {got}", expected=f"leaf {expected}")
