"""Publishing a ledger in tests: to a log store in the folder of its database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, insert, update

from archive import entries, publication, tables
from archive.checkpoint import CheckpointKey, open_checkpoint
from archive.database import reading, writing
from archive.ledger import Ledger
from archive.log_directory import DirectoryLog
from archive.log_store import CHECKPOINT, LogStore
from archive.merkle import Tree, leaf_hash
from archive.publisher import Published, Publisher
from archive.tiles import WIDTH, Tile, TileTree, decode_bundle
from schemas.evidence import Checkpoint, digest_of
from schemas.installation import Replay

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def log_of(engine: Engine) -> DirectoryLog:
    """The log store beside a database: in its folder, or in that of PostgreSQL's socket."""
    if engine.dialect.name == "sqlite":
        return DirectoryLog(Path(str(engine.url.database)).parent / "log")
    return DirectoryLog(Path(str(engine.url.query["host"])) / f"{engine.url.database}-log")


def publishing(engine: Engine, key: CheckpointKey, **how: object) -> Published:
    return Publisher(engine, key, log_of(engine), lambda: NOW, **how).publish()


def publish(ledger: Ledger, key: CheckpointKey) -> Checkpoint:
    return publishing(ledger._engine, key).checkpoint


def newest(ledger: Ledger, verifier_key: str) -> Checkpoint | None:
    """The largest checkpoint the database holds."""
    with reading(ledger._engine) as connection:
        return publication.newest(connection, verifier_key)


def prove(ledger: Ledger, verifier_key: str) -> Checkpoint:
    """The newest checkpoint, after all leaves, histories and checkpoints were read and agree; raises at a fault."""
    with reading(ledger._engine) as connection:
        size = entries.size(connection)
        tree, last = Tree(entries.hashes(connection, size)), None
        for last in publication.every(connection, verifier_key):
            publication.check_long_enough(size, last)
            assert tree.root(last.tree_size).hex() == last.root, f"checkpoint of {last.tree_size}"
        assert last is not None, "no checkpoint was published yet"
        replay, recorded = Replay(), list(entries.every(connection))
        for one in recorded:
            replay.take(one.entry)
        assert len(recorded) == size
    return last


def fill(engine: Engine, count: int) -> None:
    """Append leaves that are no entries: publishing looks at bytes only."""
    with writing(engine) as connection:
        size = entries.size(connection, lock=True)
        rows = [
            {
                "leaf_index": index,
                "op_id": digest_of(b"%d" % index),
                "agreement": "filled",
                "counter": index,
                "leaf": (leaf := b"leaf %d" % index),
                "leaf_hash": leaf_hash(leaf),
            }
            for index in range(size, size + count)
        ]
        connection.execute(insert(tables.ledger_entries), rows)
        connection.execute(update(tables.log_state).values(size=size + count))


def whole(store: LogStore, key: CheckpointKey) -> tuple[bytes, ...]:
    """Return all leaves of a published log after verifying everything in it, from nothing but its files and key."""
    shown = store.get(CHECKPOINT)
    assert shown is not None
    checkpoint = open_checkpoint(shown.decode(), key.verifier_key)
    tree = TileTree(checkpoint.tree_size, store.get)
    assert tree.root().hex() == checkpoint.root
    leaves: list[bytes] = []
    for index in range(-(-checkpoint.tree_size // WIDTH)):
        width = min(WIDTH, checkpoint.tree_size - index * WIDTH)
        bundle = store.get(Tile(None, index, width).path)
        assert bundle is not None
        found = decode_bundle(bundle, where=f"bundle {index}")
        assert [leaf_hash(leaf) for leaf in found] == tree._hashes(0, index)
        leaves += found
    assert len(leaves) == checkpoint.tree_size
    return tuple(leaves)
