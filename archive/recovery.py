"""The database made anew from the published log: same leaves, same roots, the same checkpoints byte for byte.

Needs the log store, the log's public key as it was pinned outside, and an empty database. Personal data is not in the
log; it comes from a backup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from archive import entries, tables
from archive.checkpoint import open_checkpoint
from archive.database import writing
from archive.exact import read_exact
from archive.log_store import CHECKPOINT, LogStore, kept_path
from archive.merkle import leaf_hash
from archive.register import Register
from archive.signed_note import parse_verifier_key, split_note
from archive.tile_edge import Edge
from archive.tiles import WIDTH, Tile, decode_bundle
from schemas import events as ev
from schemas.errors import Invalid, Refused
from schemas.evidence import Checkpoint, Digest


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was made anew: the newest checkpoint, how many checkpoints, and how many lines of the register."""

    checkpoint: Checkpoint
    checkpoints: int
    agreements: int


def recover(engine: Engine, log: LogStore, verifier_key: str, *, known: Sequence[Checkpoint] = ()) -> Recovered:
    """Fill the empty database with the published log, all or nothing, and rebuild the register; may be repeated.

    ``known`` are checkpoints kept elsewhere, opened with ``verifier_key``: a log that has gone back behind one of them
    is refused. Raises :class:`Refused` where the database is not empty or nothing was published, :class:`Invalid`
    where the log does not lead to the signed root, :class:`Unavailable` where a store does not answer.
    """
    newest = published(log, verifier_key)
    for checkpoint in known:
        if checkpoint.tree_size > newest.tree_size:
            raise Invalid(
                "the log store was rolled back: it is behind a checkpoint that is known",
                where=log.name,
                got=f"{newest.tree_size} leaves",
                expected=f"at least {checkpoint.tree_size} leaves",
                remedy="restore the log store from a copy that is not older; nothing was written",
            )
    kept = _checkpoints(log, verifier_key, newest)
    roots = {size: checkpoint.root for size, checkpoint in kept.items()}
    for checkpoint in known:
        if roots.setdefault(checkpoint.tree_size, checkpoint.root) != checkpoint.root:
            raise Invalid(
                "the log's key signed two trees of one size (fork)",
                where=f"checkpoint of {checkpoint.tree_size}",
                got=roots[checkpoint.tree_size],
                expected=checkpoint.root,
                remedy="the key is stolen or the log was rewritten: keep both as proof; nothing was written",
            )
    with writing(engine) as connection:
        if _is_empty(connection, newest, verifier_key):
            signed_at = _fill(connection, log, newest.tree_size, roots)
            rows = [
                {"tree_size": size, "note": _without_others(one.note, verifier_key), "signed_at": signed_at[size]}
                for size, one in sorted(kept.items())
            ]
            connection.execute(insert(tables.checkpoints), rows)
    return Recovered(checkpoint=newest, checkpoints=len(kept), agreements=Register(engine).rebuild())


def published(log: LogStore, verifier_key: str) -> Checkpoint:
    """Return the newest published checkpoint, opened with ``verifier_key``; raises :class:`Refused` where none is."""
    return _opened(log, CHECKPOINT, verifier_key)


def _is_empty(connection: Connection, newest: Checkpoint, verifier_key: str) -> bool:
    """Whether nothing is there yet; ``False`` where an earlier call wrote this very ledger and broke off afterwards."""
    size = entries.size(connection, lock=True)
    signed = connection.execute(
        select(tables.checkpoints.c.note).order_by(tables.checkpoints.c.tree_size.desc()).limit(1)
    ).scalar_one_or_none()
    if not size and signed is None:
        return True
    if size == newest.tree_size and signed == _without_others(newest.note, verifier_key):
        return False
    raise Refused(
        "the database is not empty, and nothing in it is ever replaced",
        got=f"{size} leaves",
        expected="a database without a ledger",
        remedy="restore into an empty home, then compare both",
    )


def _checkpoints(log: LogStore, verifier_key: str, newest: Checkpoint) -> dict[int, Checkpoint]:
    """Return every published checkpoint by its size; what lies beyond the newest was never shown."""
    prefix = kept_path(0)[:-1]
    found = {newest.tree_size: newest}
    for path in log.paths(prefix):
        if not path.removeprefix(prefix).isdecimal() or int(path.removeprefix(prefix)) > newest.tree_size:
            continue
        checkpoint = _opened(log, path, verifier_key)
        if path != kept_path(checkpoint.tree_size):
            raise Invalid("a checkpoint stands under another size", where=path, got=checkpoint.tree_size)
        found[checkpoint.tree_size] = checkpoint
    return found


def _fill(connection: Connection, log: LogStore, size: int, roots: Mapping[int, Digest]) -> dict[int, datetime]:
    """Write every leaf, prove the tree at each size of ``roots``, and return when its last leaf occurred."""
    edge, occurred_at = Edge(), {}
    for leaves in _bundles(log, size):
        rows = []
        for leaf in leaves:
            entry, hashed = read_exact(ev.Entry, leaf, where=f"leaf {edge.size}"), leaf_hash(leaf)
            rows.append(
                {
                    "leaf_index": edge.size,
                    "op_id": entry.op_id,
                    "agreement": entry.agreement,
                    "counter": entry.counter,
                    "leaf": leaf,
                    "leaf_hash": hashed,
                }
            )
            for _ in edge.extend([hashed]):
                pass
            if (root := roots.get(edge.size)) is not None:
                _check_root(edge, root)
                occurred_at[edge.size] = entry.occurred_at
        connection.execute(insert(tables.ledger_entries), rows)
    connection.execute(update(tables.log_state).where(tables.log_state.c.id == 1), {"size": edge.size})
    return occurred_at


def _bundles(log: LogStore, size: int) -> Iterator[tuple[bytes, ...]]:
    for index in range(-(-size // WIDTH)):
        tile = Tile(None, index, min(WIDTH, size - index * WIDTH))
        content = log.get(tile.path) or log.get(tile.full.path)
        leaves = () if content is None else decode_bundle(content, where=tile.path)[: tile.width]
        if len(leaves) < tile.width:
            raise Invalid(
                "the published log lacks leaves",
                where=f"{tile.path} in {log.name}",
                got=f"{len(leaves)} leaves",
                expected=f"{tile.width} leaves",
                remedy="restore the log store from a copy; nothing was written",
            )
        yield leaves


def _check_root(edge: Edge, root: Digest) -> None:
    if (found := edge.root().hex()) != root:
        raise Invalid(
            "the published leaves do not lead to the root that was signed over them",
            where=f"checkpoint of {edge.size}",
            got=found,
            expected=root,
            remedy="the log store was altered: restore it from a copy; nothing was written",
        )


def _opened(log: LogStore, path: str, verifier_key: str) -> Checkpoint:
    note = log.get(path)
    if note is None:
        raise Refused(
            "no ledger was published there", where=f"{path} in {log.name}", expected="a signed checkpoint",
            remedy="name the store that holds the published log",
        )  # fmt: skip
    try:
        return open_checkpoint(note.decode(), verifier_key)
    except UnicodeDecodeError as cause:
        raise Invalid("a checkpoint is not text", where=f"{path} in {log.name}") from cause


def _without_others(note: str, verifier_key: str) -> str:
    """Return the note as the database keeps it: signed by the log alone, without the witnesses' lines."""
    key = parse_verifier_key(verifier_key)
    text, lines = split_note(note, where=key.name)
    return f"{text}\n" + "".join(str(line) for line in lines if line.is_of(key))
