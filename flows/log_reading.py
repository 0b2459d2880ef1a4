"""What the published ledger proves, for whoever looks at it: its head, one entry's place, and that it only grew.

Everything is read from the published log and proved before it is shown; nothing is published for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import entries
from archive.checkpoint import open_checkpoint
from archive.cosignature import Cosignature, open_cosignatures
from archive.database import reading
from archive.log_store import CHECKPOINT, kept_path, token_path
from archive.merkle import Consistency, ConsistencyProof, Inclusion, leaf_hash, verify_consistency, verify_inclusion
from archive.tiles import TileTree
from archive.tlog_proof import write_proof
from flows.ledger_check import judging
from schemas.errors import Invalid, Refused
from schemas.evidence import Checkpoint, SignatureReport

if TYPE_CHECKING:
    from flows.wiring import Installation


@dataclass(frozen=True)
class Head:
    """The newest published checkpoint: who vouches for it, since when, and how many entries came later."""

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    token: bytes | None
    timestamp: SignatureReport | None
    later_entries: int


@dataclass(frozen=True)
class Placed:
    """One leaf of the ledger, its place, and the proof of it (C2SP tlog-proof), verified."""

    leaf: bytes
    inclusion: Inclusion
    proof: bytes


@dataclass(frozen=True)
class Grown:
    """The proof that the ledger of one size begins the one of a larger size, verified.

    ``signed`` are the sizes of both whose roots are those of a published checkpoint as well.
    """

    proof: ConsistencyProof
    consistency: Consistency
    signed: tuple[int, ...]


def head(house: Installation) -> Head | None:
    """Return the newest published checkpoint, ``None`` before the first.

    Raises :class:`Invalid` where it is not signed by the ledger's key, or a witness's line does not verify.
    """
    checkpoint = _shown(house)
    if checkpoint is None:
        return None
    token = house.log_store.get(token_path(checkpoint.tree_size))
    return Head(
        checkpoint=checkpoint,
        cosignatures=open_cosignatures(checkpoint.note, [one.key for one in house.settings.witnesses]),
        token=token,
        timestamp=judging(house)(token, checkpoint.note.encode()) if token is not None else None,
        later_entries=house.ledger.size - checkpoint.tree_size,
    )


def placed(house: Installation, leaf_index: int) -> Placed:
    """Return a leaf with its place under the newest published checkpoint.

    Raises :class:`Refused` for a leaf that is not published, :class:`Invalid` where its proof leads elsewhere.
    """
    checkpoint = _shown(house)
    size = checkpoint.tree_size if checkpoint else 0
    if checkpoint is None or not 0 <= leaf_index < size:
        raise Refused("no such entry is published", got=leaf_index, expected=f"0 to {size - 1}" if size else "none yet")
    with reading(house.engine) as connection:
        (leaf,) = entries.leaves(connection, leaf_index, leaf_index + 1)
    proof = TileTree(size, house.log_store.get).inclusion(leaf_index, size)
    inclusion = verify_inclusion(proof, leaf_hash=leaf_hash(leaf), root=bytes.fromhex(checkpoint.root))
    return Placed(leaf, inclusion, write_proof(proof, checkpoint))


def grown(house: Installation, old_size: int, new_size: int) -> Grown:
    """Return the proof that the ledger of ``old_size`` entries begins the one of ``new_size``.

    Raises :class:`Refused` for sizes that were not published, :class:`Invalid` where the proof does not hold, or a
    checkpoint of one of the sizes says another root.
    """
    checkpoint = _shown(house)
    size = checkpoint.tree_size if checkpoint else 0
    if not 1 <= old_size <= new_size <= size:
        raise Refused(
            "the ledger did not grow like this",
            got=f"from {old_size} to {new_size} entries",
            expected=f"two sizes from 1 to {size}, the smaller one first" if size else "a published ledger",
        )
    tree = TileTree(size, house.log_store.get)
    roots = {one: tree.root(one) for one in (old_size, new_size)}
    proof = tree.consistency(old_size, new_size)
    consistency = verify_consistency(proof, old_root=roots[old_size], new_root=roots[new_size])
    signed = []
    for one, root in roots.items():
        if (kept := _kept(house, one)) is not None:
            if kept.root != root.hex():
                raise Invalid(
                    "a checkpoint says another root", where=kept_path(one), got=kept.root, expected=root.hex()
                )
            signed.append(one)
    return Grown(proof, consistency, tuple(signed))


def _shown(house: Installation) -> Checkpoint | None:
    note = house.log_store.get(CHECKPOINT)
    return None if note is None else open_checkpoint(note.decode(errors="replace"), house.verifier_key)


def _kept(house: Installation, size: int) -> Checkpoint | None:
    note = house.log_store.get(kept_path(size))
    return None if note is None else open_checkpoint(note.decode(errors="replace"), house.verifier_key)
