"""Signing the ledger's head, and proving the ledger against every head ever signed.

A checkpoint is signed only after the tree was shown to begin with the last signed one (RFC 9162 2.1.4), and stored
create-only under its size. Ed25519 is deterministic: a checkpoint lost after signing is signed alike again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from archive import entries
from archive.checkpoint import CheckpointKey, open_checkpoint, sign_checkpoint
from archive.database import reading, writing
from archive.merkle import Tree, verify_consistency
from archive.tables import checkpoints
from schemas.errors import ConvenioError, Invalid, Refused
from schemas.evidence import Checkpoint
from schemas.lifecycle import transition
from schemas.state import AgreementState


def publish(engine: Engine, key: CheckpointKey, now: datetime) -> Checkpoint:
    """Return the signed checkpoint of the whole ledger, stored; the same size again returns the stored one.

    Raises :class:`Invalid`, and signs nothing, where the ledger does not begin with what was signed before.
    """
    with reading(engine) as connection:
        tree = Tree(entries.hashes(connection, entries.size(connection)))
        last = newest(connection, key.verifier_key)
    if last is not None:
        check_extends(tree, last)
        if last.tree_size == tree.size:
            return last
    checkpoint = sign_checkpoint(key, tree_size=tree.size, root=tree.root())
    with writing(engine) as connection:
        entries.size(connection, lock=True)
        stored = _of_size(connection, tree.size, key.verifier_key)
        if stored is None:
            row = {"tree_size": checkpoint.tree_size, "note": checkpoint.note, "signed_at": now}
            connection.execute(insert(checkpoints), row)
            return checkpoint
    # Somebody else published this size meanwhile.
    check_extends(tree, stored)
    return stored


def prove(engine: Engine, verifier_key: str) -> Checkpoint:
    """Return the newest checkpoint after everything the ledger holds was proved against all of them.

    Every leaf is hashed and parsed again, every history folded through the lifecycle, every stored checkpoint opened
    and its root computed. Raises :class:`Invalid` naming the first leaf, agreement or checkpoint that does not hold,
    and :class:`Refused` where no checkpoint was published yet.
    """
    with reading(engine) as connection:
        size = entries.size(connection)
        tree = Tree(entries.hashes(connection, size))
        newest_checkpoint = None
        for tree_size in connection.execute(
            select(checkpoints.c.tree_size).order_by(checkpoints.c.tree_size)
        ).scalars():
            newest_checkpoint = _of_size(connection, tree_size, verifier_key)
            if newest_checkpoint is not None:
                check_extends(tree, newest_checkpoint)
        _check_histories(connection, size)
    if newest_checkpoint is None:
        raise Refused("no checkpoint was published yet", expected="a signed checkpoint", remedy="publish one first")
    return newest_checkpoint


def newest(connection: Connection, verifier_key: str) -> Checkpoint | None:
    """Return the largest stored checkpoint, opened with ``verifier_key``; ``None`` before the first."""
    tree_size = connection.execute(
        select(checkpoints.c.tree_size).order_by(checkpoints.c.tree_size.desc()).limit(1)
    ).scalar_one_or_none()
    return None if tree_size is None else _of_size(connection, tree_size, verifier_key)


def check_extends(tree: Tree, signed: Checkpoint) -> None:
    """Raise :class:`Invalid` unless ``tree`` begins with the tree that ``signed`` vouches for."""
    where = f"checkpoint of {signed.tree_size}"
    if signed.tree_size > tree.size:
        raise Invalid(
            "the ledger is shorter than what was signed",
            where=where,
            got=f"{tree.size} leaves",
            expected=f"at least {signed.tree_size} leaves",
            remedy="entries were lost: restore the newest backup before anything is appended",
        )
    if (found := tree.root(signed.tree_size).hex()) != signed.root:
        raise Invalid(
            "the ledger is not the one that was signed",
            where=where,
            got=found,
            expected=signed.root,
            remedy="the ledger was rewritten: stop, and compare it with a backup and with checkpoints kept elsewhere",
        )
    verify_consistency(
        tree.consistency(signed.tree_size, tree.size), old_root=bytes.fromhex(signed.root), new_root=tree.root()
    )


def _of_size(connection: Connection, tree_size: int, verifier_key: str) -> Checkpoint | None:
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


def _check_histories(connection: Connection, size: int) -> None:
    states: dict[str, AgreementState] = {}
    count = 0
    for recorded in entries.every(connection):
        entry = recorded.entry
        try:
            states[entry.agreement] = transition(states.get(entry.agreement), entry)
        except ConvenioError as cause:
            raise Invalid(
                "the ledger holds what could not have happened", where=f"leaf {recorded.leaf_index}", got=cause.what
            ) from cause
        count += 1
    if count != size:
        raise Invalid("the ledger holds leaves beyond its size", got=f"{count} leaves", expected=f"{size} leaves")
