"""The tree and its leaves as static files: C2SP ``tlog-tiles``.

::

    tile/<L>/<N>[.p/<W>]          up to 256 hashes of 32 bytes: the subtrees over 256**L leaves each
    tile/entries/<N>[.p/<W>]      up to 256 leaves, each after its length as two bytes, big-endian

``N`` is written in groups of three digits, all but the last after an ``x``: 1234067 is ``x001/x234/067``. A tile of
fewer than 256 is *partial* and has its width ``W`` in the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from archive.merkle import Prover, node_hash
from schemas.errors import Invalid, Refused

WIDTH = 256
"""Hashes or leaves in a full tile."""

HEIGHT = 8
"""Levels of the tree that one tile spans: ``2**HEIGHT == WIDTH``."""

LONGEST_LEAF_BYTES = 0xFFFF
"""What the two bytes of a length can say."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One file of the log: ``level`` 0 holds leaf hashes; ``None`` stands for a bundle of leaves."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where the tile lies."""
        rest, last = divmod(self.index, 1000)
        number = f"{last:03d}"
        while rest:
            rest, group = divmod(rest, 1000)
            number = f"x{group:03d}/{number}"
        level = "entries" if self.level is None else str(self.level)
        return f"tile/{level}/{number}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @property
    def full(self) -> Tile:
        """The full tile at this place."""
        return Tile(self.level, self.index)


def encode_bundle(leaves: Iterable[bytes]) -> bytes:
    """Return up to 256 leaves as an entry bundle; raises :class:`Refused` for a leaf too long for its length."""
    encoded = bytearray()
    for leaf in leaves:
        encoded += checked_length(leaf).to_bytes(2, "big") + leaf
    return bytes(encoded)


def checked_length(leaf: bytes) -> int:
    """Return the length of a leaf; raises :class:`Refused` for one that an entry bundle cannot hold."""
    if len(leaf) > LONGEST_LEAF_BYTES:
        raise Refused(
            "this is too long for a ledger entry",
            got=f"{len(leaf)} bytes",
            expected=f"at most {LONGEST_LEAF_BYTES} bytes, as C2SP tlog-tiles can hold",
        )
    return len(leaf)


def decode_bundle(bundle: bytes, *, where: str) -> tuple[bytes, ...]:
    """Return the leaves of an entry bundle; raises :class:`Invalid` where it is cut off."""
    leaves, position = [], 0
    while position < len(bundle):
        end = position + 2 + int.from_bytes(bundle[position : position + 2], "big")
        if position + 2 > len(bundle) or end > len(bundle):
            raise Invalid("an entry bundle is cut off", where=where, got=f"{len(bundle)} bytes")
        leaves.append(bundle[position + 2 : end])
        position = end
    return tuple(leaves)


def decode_hashes(content: bytes, tile: Tile) -> list[bytes]:
    """Return the hashes of a tile; raises :class:`Invalid` where it is not as wide as its path says."""
    if len(content) != 32 * tile.width:
        raise Invalid(
            "a tile has another width than its path says",
            where=tile.path,
            got=f"{len(content)} bytes",
            expected=f"{32 * tile.width} bytes",
        )
    return [content[at : at + 32] for at in range(0, len(content), 32)]


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of sibling hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


class TileTree(Prover):
    """The published tree of ``size`` leaves, read tile by tile as roots and proofs need them.

    ``get`` returns the bytes at a path or ``None``. Nothing read is believed by itself: compare :meth:`root` with a
    signed checkpoint, and verify every proof under it. Raises :class:`Invalid` naming a missing or malformed tile.
    """

    def __init__(self, size: int, get: Callable[[str], bytes | None]) -> None:
        super().__init__(size)
        self._get = get
        self._hashes = lru_cache(maxsize=64)(self._read)

    def _complete(self, level: int, index: int) -> bytes:
        tile_level, inside = divmod(level, HEIGHT)
        first, count = index << inside, 1 << inside
        number, at = divmod(first, WIDTH)
        return subtree_root(self._hashes(tile_level, number)[at : at + count])

    def _read(self, level: int, index: int) -> list[bytes]:
        width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
        tile = Tile(level, index, width)
        content = self._get(tile.path)
        if content is None and width < WIDTH:
            # a log may drop a partial tile once the full one is there
            content = (self._get(tile.full.path) or b"")[: 32 * width] or None
        if content is None:
            raise Invalid(
                "a tile is missing",
                where=tile.path,
                expected=f"the hashes of a tree of {self.size} leaves",
                remedy="restore the log store, or publish it anew from a database that proves",
            )
        return decode_hashes(content, tile)
