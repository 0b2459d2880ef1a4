"""The checkpoints the database holds.

They are create-only: one size is signed once. Who signs them is :mod:`archive.publisher`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, insert, select

from archive.checkpoint import open_checkpoint
from archive.tables import checkpoints
from schemas.errors import Invalid
from schemas.evidence import Checkpoint


def newest(connection: Connection, verifier_key: str) -> Checkpoint | None:
    """Return the largest stored checkpoint, opened with ``verifier_key``; ``None`` before the first."""
    size = connection.execute(_SIZES.order_by(checkpoints.c.tree_size.desc()).limit(1)).scalar_one_or_none()
    return None if size is None else of_size(connection, size, verifier_key)


def before(connection: Connection, tree_size: int, verifier_key: str) -> Checkpoint | None:
    """Return the largest stored checkpoint of fewer than ``tree_size`` leaves."""
    smaller = _SIZES.where(checkpoints.c.tree_size < tree_size)
    size = connection.execute(smaller.order_by(checkpoints.c.tree_size.desc()).limit(1)).scalar_one_or_none()
    return None if size is None else of_size(connection, size, verifier_key)


def every(connection: Connection, verifier_key: str) -> Iterator[Checkpoint]:
    """Yield all stored checkpoints, the smallest first."""
    for size in connection.execute(_SIZES.order_by(checkpoints.c.tree_size)).scalars():
        if (checkpoint := of_size(connection, size, verifier_key)) is not None:
            yield checkpoint


def of_size(connection: Connection, tree_size: int, verifier_key: str) -> Checkpoint | None:
    """Return the stored checkpoint of ``tree_size`` leaves, opened with ``verifier_key``."""
    note = connection.execute(
        select(checkpoints.c.note).where(checkpoints.c.tree_size == tree_size)
    ).scalar_one_or_none()
    if note is None:
        return None
    checkpoint = open_checkpoint(note, verifier_key)
    if checkpoint.tree_size != tree_size:
        raise Invalid("a checkpoint stands under another size", where=f"checkpoint of {tree_size}",
                      got=checkpoint.tree_size, expected=tree_size)  # fmt: skip
    return checkpoint


def record(connection: Connection, checkpoint: Checkpoint, now: datetime, verifier_key: str) -> None:
    """Store a checkpoint under its size; the same one again is success.

    Raises :class:`Invalid` where another one of this size, or one of a larger tree, was signed.
    """
    last = newest(connection, verifier_key)
    if last is None or last.tree_size < checkpoint.tree_size:
        row = {"tree_size": checkpoint.tree_size, "note": checkpoint.note, "signed_at": now}
        connection.execute(insert(checkpoints), row)
    elif last != checkpoint:
        raise Invalid(
            "another checkpoint was signed meanwhile",
            where="checkpoints",
            got=f"{last.tree_size} leaves, root {last.root}",
            expected=f"{checkpoint.tree_size} leaves, root {checkpoint.root}",
            remedy="find out who else signs with this key, and compare both",
        )


def check_long_enough(size: int, signed: Checkpoint) -> None:
    """Raise :class:`Invalid` where a ledger of ``size`` leaves is shorter than what was signed."""
    if signed.tree_size > size:
        raise Invalid(
            "the database is behind its own checkpoint: entries were lost",
            where=f"checkpoint of {signed.tree_size}",
            got=f"{size} entries",
            expected=f"at least {signed.tree_size} entries: {signed.tree_size - size} missing",
            remedy="write nothing: move the database aside and keep it, then bring it back: convenio restore BACKUP",
        )


_SIZES = select(checkpoints.c.tree_size)
