"""Writing the tiles that the log store lacks, from the leaves in the database."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from archive import entries
from archive.database import reading
from archive.log_store import LogStore
from archive.merkle import leaf_hash
from archive.tile_edge import Edge, check_edge
from archive.tiles import WIDTH, Tile, encode_bundle
from schemas.errors import ConflictingContent, Invalid
from schemas.evidence import Checkpoint


def write_tiles(
    engine: Engine, store: LogStore, *, kept: Checkpoint | None, size: int, alive: Callable[[], None]
) -> bytes:
    """Write bundles and tiles from the tree of ``kept`` to that of ``size`` leaves, and return its root.

    Grows from the right edge of the kept tree, after that was compared with its root; without one, or where its
    partial tiles are missing, everything is written again. ``alive`` is called before each bundle. Raises
    :class:`Invalid` where tiles, database and checkpoint contradict each other.
    """
    edge = None if kept is None else Edge.read(kept.tree_size, store.get)
    if edge is None:
        edge = Edge()
    elif kept is not None:
        check_edge(edge, kept.root, where=f"checkpoint of {kept.tree_size} in {store.name}")
    for number in range(edge.size // WIDTH, -(-size // WIDTH)):
        alive()
        _write_bundle(engine, store, edge, number, size)
    for tile, content in edge.partial():
        _put(store, tile, content)
    return edge.root()


def _write_bundle(engine: Engine, store: LogStore, edge: Edge, number: int, size: int) -> None:
    first = number * WIDTH
    with reading(engine) as connection:
        leaves = entries.leaves(connection, first, min(first + WIDTH, size))
    hashes = [leaf_hash(leaf) for leaf in leaves]
    known = edge.leaf_hashes
    for position, (ours, published) in enumerate(zip(hashes, known, strict=False)):
        if ours != published:
            raise Invalid(
                "the database's leaf is not the one that was published",
                where=f"leaf {first + position}",
                got=ours.hex(),
                expected=published.hex(),
                remedy="the ledger was rewritten: stop, and compare it with a backup and with the log store",
            )
    _put(store, Tile(None, number, len(leaves)), encode_bundle(leaves))
    for tile, content in edge.extend(hashes[len(known) :]):
        _put(store, tile, content)


def _put(store: LogStore, tile: Tile, content: bytes) -> None:
    try:
        store.put_once(tile.path, content)
    except ConflictingContent as cause:
        raise Invalid(
            "the log store holds another tile here",
            where=cause.where,
            got=cause.got,
            expected=cause.expected,
            remedy=cause.remedy,
        ) from cause
