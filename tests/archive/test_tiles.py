"""Sizes and paths of the examples in C2SP tlog-tiles; the tree itself is compared with the one in memory."""

from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from archive.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion
from archive.tile_edge import Edge, check_edge
from archive.tiles import (
    WIDTH,
    Tile,
    TileTree,
    decode_bundle,
    decode_hashes,
    encode_bundle,
)
from schemas.errors import Invalid, Refused

EDGES = (1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537)
LEAVES = [b"leaf %d" % n for n in range(66_000)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
TREE = Tree(HASHES)


def files_of(size: int) -> dict[str, bytes]:
    """All tiles of one tree, written from nothing."""
    edge = Edge()
    files = {tile.path: content for tile, content in edge.extend(HASHES[:size])}
    return files | {tile.path: content for tile, content in edge.partial()}


def tiles_between(old_size: int, new_size: int) -> Iterator[Tile]:
    """The tiles of hashes of a tree that a smaller one had not, counted as the specification does."""
    level = 0
    while (hashes := new_size >> 8 * level) > 0:
        had = old_size >> 8 * level
        for index in range(had // WIDTH, -(-hashes // WIDTH)):
            width = min(WIDTH, hashes - index * WIDTH)
            if index * WIDTH + width > had:
                yield Tile(level, index, width)
        level += 1


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 999, 1), "tile/3/999.p/1"),
        (Tile(63, 1000, 255), "tile/63/x001/000.p/255"),
        (Tile(None, 12, 256), "tile/entries/012"),
        (Tile(None, 1000000, 7), "tile/entries/x001/x000/000.p/7"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_tile_lies_where_the_specification_says(tile, path):
    assert tile.path == path


def test_seventy_thousand_leaves_have_the_tiles_of_the_specifications_example():
    tiles = list(tiles_between(0, 70_000))
    assert sum(tile.level == 0 and tile.width == WIDTH for tile in tiles) == 273
    assert [tile for tile in tiles if tile.width < WIDTH] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert [tile for tile in tiles if tile.level == 1 and tile.width == WIDTH] == [Tile(1, 0)]
    assert list(tiles_between(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]


@pytest.mark.parametrize("size", EDGES)
def test_tiles_hold_the_tree_and_every_root_in_it(size):
    files = files_of(size)
    assert set(files) == {tile.path for tile in tiles_between(0, size)}
    tree = TileTree(size, files.get)
    assert tree.root() == TREE.root(size)
    for index in {0, size // 2, size - 1}:
        proof = tree.inclusion(index, size)
        assert proof == TREE.inclusion(index, size)
        verify_inclusion(proof, leaf_hash=HASHES[index], root=tree.root())


@given(st.data())
def test_growing_at_the_edge_gives_what_making_it_whole_gives(data):
    sizes = st.sampled_from(EDGES[:6]) | st.integers(min_value=0, max_value=1500)
    old, new = sorted((data.draw(sizes), data.draw(sizes)))
    files = files_of(old)
    edge = Edge.read(old, files.get)
    assert edge.root() == TREE.root(old)
    grown = {tile.path: content for tile, content in edge.extend(HASHES[old:new])}
    grown |= {tile.path: content for tile, content in edge.partial()}
    whole = files_of(new)
    assert {tile.path for tile in tiles_between(old, new)} <= set(grown)
    assert {path: whole[path] for path in grown} == grown
    tree = TileTree(new, (files | grown).get)
    verify_consistency(tree.consistency(old, new), old_root=TREE.root(old), new_root=tree.root())


def test_a_dropped_partial_tile_is_read_from_the_full_one():
    files = files_of(512)
    for path in [path for path in files if ".p/" in path]:
        del files[path]
    with pytest.raises(Invalid, match="a tile is missing"):
        TileTree(512, files.get).root()
    # at 300 leaves both its partial tiles had been of tiles that are full now, or of level 1
    tree = TileTree(300, (files | {"tile/1/000.p/1": HASHES[0]}).get)
    assert tree._hashes(0, 1) == HASHES[256:300]


def test_a_missing_or_shortened_tile_is_named():
    files = files_of(300)
    del files["tile/0/001.p/44"]
    assert Edge.read(300, files.get) is None
    with pytest.raises(Invalid, match="a tile is missing") as missing:
        TileTree(300, files.get).root()
    assert missing.value.where == "tile/0/001.p/44"
    with pytest.raises(Invalid, match="another width"):
        decode_hashes(bytes(33), Tile(0, 1, 1))


def test_every_hash_of_the_edge_goes_into_its_root():
    files = files_of(65_793)
    for path in [path for path in files if ".p/" in path]:
        for bit in (0, 8 * len(files[path]) - 1):
            flipped = bytearray(files[path])
            flipped[bit // 8] ^= 1 << bit % 8
            edge = Edge.read(65_793, (files | {path: bytes(flipped)}).get)
            with pytest.raises(Invalid, match="not those of the tree that was signed"):
                check_edge(edge, TREE.root(65_793).hex(), where="checkpoint")


@given(st.lists(st.binary(max_size=70), max_size=256))
def test_a_bundle_gives_its_leaves_back(leaves):
    bundle = encode_bundle(leaves)
    assert decode_bundle(bundle, where="a bundle") == tuple(leaves)
    if bundle:
        with pytest.raises(Invalid, match="cut off"):
            decode_bundle(bundle[:-1], where="a bundle")


def test_a_leaf_longer_than_a_bundle_can_say_is_refused():
    assert decode_bundle(encode_bundle([bytes(65_535)]), where="a bundle") == (bytes(65_535),)
    with pytest.raises(Refused, match="too long for a ledger entry"):
        encode_bundle([bytes(65_536)])
