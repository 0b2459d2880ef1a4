"""The right edge of a tiled tree: all that is needed to grow it, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from archive.merkle import EMPTY_ROOT, node_hash
from archive.tiles import HEIGHT, WIDTH, Tile, decode_hashes, subtree_root
from schemas.errors import Invalid


class Edge:
    """The hashes of the rightmost tile of each level that is not full; at most 255 each."""

    def __init__(self, size: int = 0, tails: Iterable[list[bytes]] = ()) -> None:
        self.size = size
        self._tails = [list(tail) for tail in tails]

    @classmethod
    def read(cls, size: int, get: Callable[[str], bytes | None]) -> Edge | None:
        """Return the edge of the tree of ``size`` leaves from its partial tiles; ``None`` where one is missing.

        Every hash of the edge goes into its :meth:`root`: compare that with a signed checkpoint.
        """
        tails: list[list[bytes]] = []
        while (hashes := size >> HEIGHT * len(tails)) > 0:
            tile = Tile(len(tails), hashes // WIDTH, hashes % WIDTH)
            if tile.width == 0:
                tails.append([])
                continue
            content = get(tile.path)
            if content is None:
                return None
            tails.append(decode_hashes(content, tile))
        return cls(size, tails)

    @property
    def leaf_hashes(self) -> tuple[bytes, ...]:
        """The hashes of the leaves in the last tile of level 0 that is not full."""
        return tuple(self._tails[0]) if self._tails else ()

    def extend(self, leaf_hashes: Iterable[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """Add leaves and yield the tiles that became full, with their bytes, lower levels first."""
        for hashed in leaf_hashes:
            self.size += 1
            yield from self._add(0, hashed)

    def partial(self) -> Iterator[tuple[Tile, bytes]]:
        """Yield the tiles that are not full, with their bytes; empty tiles are not written (C2SP tlog-tiles)."""
        for level, tail in enumerate(self._tails):
            if tail:
                index = (self.size >> HEIGHT * level) // WIDTH
                yield Tile(level, index, len(tail)), b"".join(tail)

    def root(self) -> bytes:
        """Return the root over all leaves (RFC 9162 2.1.1)."""
        hashed: bytes | None = None
        for tail in self._tails:
            end = len(tail)
            while end:
                # the rightmost complete subtree is as wide as the lowest set bit of what is left
                begin = end - (end & -end)
                complete = subtree_root(tail[begin:end])
                hashed = complete if hashed is None else node_hash(complete, hashed)
                end = begin
        return EMPTY_ROOT if hashed is None else hashed

    def _add(self, level: int, hashed: bytes) -> Iterator[tuple[Tile, bytes]]:
        if level == len(self._tails):
            self._tails.append([])
        tail = self._tails[level]
        tail.append(hashed)
        if len(tail) == WIDTH:
            self._tails[level] = []
            yield Tile(level, (self.size >> HEIGHT * level) // WIDTH - 1), b"".join(tail)
            yield from self._add(level + 1, subtree_root(tail))


def check_edge(edge: Edge, root: str, *, where: str) -> None:
    """Raise :class:`Invalid` unless the edge is that of the tree under ``root`` (hex)."""
    if (found := edge.root().hex()) != root:
        raise Invalid(
            "the tiles are not those of the tree that was signed",
            where=where,
            got=found,
            expected=root,
            remedy="stop publishing, and compare log store and database: convenio ledger check",
        )
