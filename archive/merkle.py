"""The SHA-256 Merkle tree of RFC 9162 section 2.1 (the same tree as RFC 6962): roots, proofs, and their verification.

::

    leaf hash = SHA-256(0x00 || leaf)               root of no leaves = SHA-256("")
    node hash = SHA-256(0x01 || left || right)      left subtree = largest power of two below the size

Pure. Hashes are 32 raw bytes here; proofs, which travel, carry them as hex.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from pydantic import Field

from schemas.errors import Invalid
from schemas.evidence import Digest, Evidence, InclusionProof

EMPTY_ROOT = hashlib.sha256().digest()
"""Root of a tree without leaves (RFC 9162 2.1.1)."""


class ConsistencyProof(Evidence):
    """Proof that the tree of ``old_size`` leaves begins the one of ``new_size`` (RFC 9162 2.1.4): node hashes, hex."""

    old_size: int = Field(ge=0)
    new_size: int = Field(ge=0)
    path: tuple[Digest, ...]


class Inclusion(Evidence):
    """What a verified inclusion proof says: this leaf hash stands at this place under this root."""

    leaf_index: int
    leaf_hash: Digest
    tree_size: int
    root: Digest


class Consistency(Evidence):
    """What a verified consistency proof says: the new tree begins with all leaves of the old one, unchanged."""

    old_size: int
    old_root: Digest
    new_size: int
    new_root: Digest


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf's bytes (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Prover:
    """A tree of ``size`` leaves whose complete subtrees are known: every root and proof costs O(log n) of them."""

    def __init__(self, size: int) -> None:
        self.size = size

    def _complete(self, level: int, index: int) -> bytes:
        """Return the root over leaves ``index * 2**level`` to ``(index + 1) * 2**level - 1``, all of the tree."""
        raise NotImplementedError

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first ``size`` leaves (all by default); raises :class:`Invalid` beyond the end."""
        size = self._known(self.size if size is None else size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, leaf_index: int, size: int) -> InclusionProof:
        """Return the proof that leaf ``leaf_index`` stands in the tree of ``size`` leaves (RFC 9162 2.1.3.1)."""
        if not 0 <= leaf_index < self._known(size):
            raise Invalid("no such leaf in the tree", got=f"leaf {leaf_index}", expected=f"0 to {size - 1}")
        path: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if leaf_index < middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        return InclusionProof(leaf_index=leaf_index, tree_size=size, path=_hex(reversed(path)))

    def consistency(self, old_size: int, new_size: int) -> ConsistencyProof:
        """Return the proof that the first ``old_size`` leaves begin the tree of ``new_size`` (RFC 9162 2.1.4.1)."""
        if not 0 <= old_size <= self._known(new_size):
            raise Invalid("a tree cannot begin with a larger one", got=old_size, expected=f"0 to {new_size}")
        path: list[bytes] = []
        low, high = 0, new_size
        while old_size and old_size != high:
            middle = low + _split(high - low)
            if old_size <= middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        if low:
            path.append(self._range(low, high))
        return ConsistencyProof(old_size=old_size, new_size=new_size, path=_hex(reversed(path)))

    def _known(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise Invalid("the tree has no such size", got=size, expected=f"0 to {self.size}")
        return size

    def _range(self, low: int, high: int) -> bytes:
        """Root over leaves ``low`` to ``high - 1``; ``low`` is a multiple of every power of two split off below."""
        hashed: bytes | None = None
        while high > low:
            # The rightmost complete subtree is as wide as the lowest set bit of the width still to cover.
            level = ((high - low) & (low - high)).bit_length() - 1
            high -= 1 << level
            complete = self._complete(level, high >> level)
            hashed = complete if hashed is None else node_hash(complete, hashed)
        return hashed or EMPTY_ROOT


class Tree(Prover):
    """A tree in memory, made from the hashes of all its leaves."""

    def __init__(self, leaf_hashes: Iterable[bytes]) -> None:
        level = list(leaf_hashes)
        self._levels = [level]
        while len(level) > 1:
            level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            self._levels.append(level)
        super().__init__(len(self._levels[0]))

    def _complete(self, level: int, index: int) -> bytes:
        return self._levels[level][index]


def verify_inclusion(proof: InclusionProof, *, leaf_hash: bytes, root: bytes) -> Inclusion:
    """Verify that ``leaf_hash`` stands where ``proof`` says in the tree under ``root`` (RFC 9162 2.1.3.2).

    Raises :class:`Invalid` where the path has the wrong length or leads to another root.
    """
    where = f"leaf {proof.leaf_index} of {proof.tree_size}"
    if proof.leaf_index >= proof.tree_size:
        raise Invalid("the leaf lies outside the tree", where=where, expected=f"0 to {proof.tree_size - 1}")
    index, last, hashed = proof.leaf_index, proof.tree_size - 1, leaf_hash
    for sibling in _raw(proof.path):
        if last == 0:
            raise Invalid("the inclusion proof is too long", where=where, got=f"{len(proof.path)} hashes")
        if index & 1 or index == last:
            hashed = node_hash(sibling, hashed)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            hashed = node_hash(hashed, sibling)
        index, last = index >> 1, last >> 1
    if last:
        raise Invalid("the inclusion proof is too short", where=where, got=f"{len(proof.path)} hashes")
    if hashed != root:
        raise Invalid("the inclusion proof leads to another root", where=where, got=hashed.hex(), expected=root.hex())
    return Inclusion(leaf_index=proof.leaf_index, leaf_hash=leaf_hash.hex(), tree_size=proof.tree_size, root=root.hex())


def verify_consistency(proof: ConsistencyProof, *, old_root: bytes, new_root: bytes) -> Consistency:
    """Verify that the tree under ``new_root`` begins with the tree under ``old_root`` (RFC 9162 2.1.4.2).

    Raises :class:`Invalid` where the path has the wrong length or leads to another old or new root.
    """
    where = f"tree of {proof.old_size} to tree of {proof.new_size}"
    if proof.old_size > proof.new_size:
        raise Invalid("a tree cannot begin with a larger one", where=where)
    if proof.old_size in {0, proof.new_size}:
        _trivially_consistent(proof, old_root, new_root, where)
    else:
        old, new = _roots_from(proof, old_root, where)
        if old != old_root:
            raise Invalid("the consistency proof leads to another old root", where=where, got=old.hex(),
                          expected=old_root.hex())  # fmt: skip
        if new != new_root:
            raise Invalid("the consistency proof leads to another new root", where=where, got=new.hex(),
                          expected=new_root.hex())  # fmt: skip
    return Consistency(
        old_size=proof.old_size, old_root=old_root.hex(), new_size=proof.new_size, new_root=new_root.hex()
    )


def _trivially_consistent(proof: ConsistencyProof, old_root: bytes, new_root: bytes, where: str) -> None:
    if proof.path:
        raise Invalid("the consistency proof is too long", where=where, got=f"{len(proof.path)} hashes")
    expected = EMPTY_ROOT if proof.old_size == 0 else new_root
    if old_root != expected:
        raise Invalid("two trees of one size have two roots", where=where, got=old_root.hex(), expected=expected.hex())
    if proof.new_size == 0 and new_root != EMPTY_ROOT:
        raise Invalid("a tree without leaves has another root", where=where, got=new_root.hex(),
                      expected=EMPTY_ROOT.hex())  # fmt: skip


def _roots_from(proof: ConsistencyProof, old_root: bytes, where: str) -> tuple[bytes, bytes]:
    """Return the old and the new root that the path of a proof between two different, non-empty trees leads to."""
    path = list(_raw(proof.path))
    if proof.old_size & (proof.old_size - 1) == 0:
        path.insert(0, old_root)  # the old tree is itself a complete subtree of the new one
    if not path:
        raise Invalid("the consistency proof is too short", where=where, got="0 hashes")
    index, last = proof.old_size - 1, proof.new_size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Invalid("the consistency proof is too long", where=where, got=f"{len(proof.path)} hashes")
        if index & 1 or index == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        index, last = index >> 1, last >> 1
    if last:
        raise Invalid("the consistency proof is too short", where=where, got=f"{len(proof.path)} hashes")
    return old, new


def _split(width: int) -> int:
    """Return the largest power of two smaller than ``width`` (at least 2)."""
    return 1 << (width - 1).bit_length() - 1


def _hex(hashes: Iterable[bytes]) -> tuple[Digest, ...]:
    return tuple(hashed.hex() for hashed in hashes)


def _raw(path: Sequence[Digest]) -> Iterable[bytes]:
    return (bytes.fromhex(hashed) for hashed in path)
