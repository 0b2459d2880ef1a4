"""How far database and log store have come, and whether they agree; contradictions are named before anything is signed.

A checkpoint is recorded in the database, then kept in the log store, then shown. So a publisher that died leaves the
log store behind by one checkpoint at most; anything else is a fault or an attack.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from archive import entries, publication
from archive.checkpoint import CheckpointKey, open_checkpoint
from archive.continuity import database_behind
from archive.database import reading
from archive.log_store import CHECKPOINT, LogStore, kept_path
from schemas.errors import Invalid
from schemas.evidence import Checkpoint


@dataclass(frozen=True, slots=True)
class Position:
    """``size`` leaves are in the database; ``signed`` is its newest checkpoint.

    ``kept`` is the newest one the log store holds complete, as it was published; ``shown`` is what it shows.
    """

    size: int
    signed: Checkpoint | None
    kept: Checkpoint | None
    shown: Checkpoint | None


def read_position(engine: Engine, key: CheckpointKey, store: LogStore) -> Position:
    """Return how far database and log store have come; an empty log store is filled from the database.

    Raises :class:`Invalid` where the log store is ahead, was rolled back, or holds another tree; and where the database
    is shorter than what it signed.
    """
    with reading(engine) as connection:
        size = entries.size(connection)
        signed = publication.newest(connection, key.verifier_key)
        earlier = None
        if signed is not None:
            publication.check_long_enough(size, signed)
            earlier = publication.before(connection, signed.tree_size, key.verifier_key)
    shown = _opened(store, CHECKPOINT, key)
    _check_not_ahead(size, signed, shown, store)
    kept = _kept(store, signed, key) or _kept(store, earlier, key)
    if kept is None and (shown is not None or _kept_any(store)):
        raise Invalid(
            "the published log is behind the database: it was set back to an older copy",
            where=store.name,
            got=f"{_size(shown)} of {_size(signed)} entries shown, and neither of the last two checkpoints kept",
            expected=f"checkpoints of {', '.join(str(one.tree_size) for one in (earlier, signed) if one)} entries",
            remedy="bring back the newest copy of the log; an empty log is filled from a database that proves",
        )
    return Position(size, signed, kept, shown)


def _check_not_ahead(size: int, signed: Checkpoint | None, shown: Checkpoint | None, store: LogStore) -> None:
    if shown is not None and shown.tree_size > _size(signed):
        raise database_behind(size, shown, store)
    if shown is not None and signed is not None and shown.tree_size == signed.tree_size and shown.root != signed.root:
        raise Invalid(
            "the log store shows another tree than the database signed",
            where=store.name,
            got=f"{shown.tree_size} leaves, root {shown.root}",
            expected=f"{signed.tree_size} leaves, root {signed.root}",
            remedy="two ledgers were signed with one key: keep both checkpoints, they prove it",
        )


def _size(checkpoint: Checkpoint | None) -> int:
    return 0 if checkpoint is None else checkpoint.tree_size


def _kept(store: LogStore, signed: Checkpoint | None, key: CheckpointKey) -> Checkpoint | None:
    if signed is None or (kept := _opened(store, kept_path(signed.tree_size), key)) is None:
        return None
    if (kept.tree_size, kept.root) != (signed.tree_size, signed.root):
        raise Invalid(
            "the log store keeps another tree than the database signed",
            where=f"{kept_path(signed.tree_size)} in {store.name}",
            got=f"{kept.tree_size} leaves, root {kept.root}",
            expected=f"{signed.tree_size} leaves, root {signed.root}",
            remedy="two ledgers were signed with one key: keep both checkpoints, they prove it",
        )
    return kept


def _kept_any(store: LogStore) -> bool:
    return any(True for _ in store.paths("checkpoints/"))


def _opened(store: LogStore, path: str, key: CheckpointKey) -> Checkpoint | None:
    content = store.get(path)
    if content is None:
        return None
    try:
        return open_checkpoint(content.decode(), key.verifier_key)
    except UnicodeDecodeError as cause:
        raise Invalid("not a signed note", where=f"{path} in {store.name}", got="no UTF-8") from cause
