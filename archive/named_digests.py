"""Which agreements name a digest: written with every entry, and made anew with the register."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    pairs = dict.fromkeys(pair for entry in entries for pair in pairs_of(entry))
    rows = [{"digest": digest, "agreement": agreement} for digest, agreement in pairs]
    if rows:
        kind = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(kind.insert(tables.named_digests).on_conflict_do_nothing(), rows)


def pairs_of(entry: Entry) -> Iterator[tuple[Digest, str]]:
    """Yield each digest an entry of an agreement names, with that agreement; some twice."""
    if entry.agreement == INSTALLATION:
        return
    for place in named_by(entry):
        yield place.digest, entry.agreement
    for receipt in receipts_of(entry):
        yield receipt.sha256, entry.agreement


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
    statement = select(columns.digest, func.count().label("agreements")).where(columns.digest.in_(list(digests)))
    with reading(engine) as connection:
        return {row.digest: row.agreements for row in connection.execute(statement.group_by(columns.digest))}
