"""Which agreements name a digest: written with every entry, and made anew with the register."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from archive import tables
from archive.database import reading
from archive.named import named_by, receipts_of
from schemas.events import Entry
from schemas.evidence import Digest
from schemas.installation import INSTALLATION

BATCH = 10_000


def note(connection: Connection, *entries: Entry) -> None:
    """Note the digests that entries name, in the transaction that appends them."""
    named = {(place.digest, entry.agreement): None for entry in entries for place in (*named_by(entry),)} | {
        (receipt.sha256, entry.agreement): None for entry in entries for receipt in receipts_of(entry)
    }
    _insert(connection, named)


def note_anew(connection: Connection, entries: Iterable[Entry]) -> None:
    """Note the digests that all entries of the ledger name, in place of what stood there."""
    connection.execute(delete(tables.named_digests))
    batch: list[Entry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH:
            note(connection, *batch)
            batch.clear()
    note(connection, *batch)


def agreements_naming(engine: Engine, digests: Iterable[Digest]) -> dict[Digest, int]:
    """Return how many agreements name each of some digests; one that none names is left out."""
    columns = tables.named_digests.c
    named = columns.digest.in_(list(digests)) & (columns.agreement != INSTALLATION)
    statement = select(columns.digest, func.count().label("agreements")).where(named).group_by(columns.digest)
    with reading(engine) as connection:
        return {row.digest: row.agreements for row in connection.execute(statement)}


def _insert(connection: Connection, named: Iterable[tuple[str, str]]) -> None:
    rows = [{"digest": digest, "agreement": agreement} for digest, agreement in named]
    if not rows:
        return
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(kind.insert(tables.named_digests).on_conflict_do_nothing(), rows)
