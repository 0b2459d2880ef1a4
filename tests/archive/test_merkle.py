"""Vectors: RFC 6962 test leaves and roots as published with certificate-transparency; oracle: pymerkle."""

import time

import pytest
from hypothesis import given, strategies as st
from pymerkle import InmemoryTree

from archive import merkle
from schemas.errors import Invalid
from schemas.evidence import InclusionProof

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CONSISTENCY_6_TO_8 = (
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
)
CONSISTENCY_2_TO_5 = (
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
)

sizes = st.integers(min_value=1, max_value=130)


def tree_of(size: int) -> merkle.Tree:
    return merkle.Tree(merkle.leaf_hash(b"leaf %d" % i) for i in range(size))


def oracle_of(size: int) -> InmemoryTree:
    oracle = InmemoryTree(algorithm="sha256")
    for i in range(size):
        oracle.append_entry(b"leaf %d" % i)
    return oracle


def flipped(digest: str, bit: int) -> str:
    raw = bytearray.fromhex(digest)
    raw[bit // 8] ^= 1 << bit % 8
    return raw.hex()


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_rfc_6962(size):
    assert merkle.Tree(map(merkle.leaf_hash, LEAVES[:size])).root().hex() == ROOTS[size]
    assert merkle.Tree(map(merkle.leaf_hash, LEAVES)).root(size).hex() == ROOTS[size]


@pytest.mark.parametrize(("old", "new", "path"), [(6, 8, CONSISTENCY_6_TO_8), (2, 5, CONSISTENCY_2_TO_5), (1, 1, ())])
def test_consistency_proofs_are_the_published_ones(old, new, path):
    assert merkle.Tree(map(merkle.leaf_hash, LEAVES)).consistency(old, new).path == path


@given(st.data(), sizes)
def test_inclusion_proofs_are_the_oracles_and_verify(data, size):
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    tree = tree_of(size)
    proof = tree.inclusion(index, size)
    oracle = oracle_of(size).prove_inclusion(index + 1, size)
    assert proof.path == tuple(hashed.hex() for hashed in oracle.path[1:])
    leaf = merkle.leaf_hash(b"leaf %d" % index)
    found = merkle.verify_inclusion(proof, leaf_hash=leaf, root=oracle_of(size).get_root(size))
    assert (found.leaf_index, found.tree_size, found.leaf_hash) == (index, size, leaf.hex())


def subproof(old: int, low: int, high: int, *, known: bool) -> list[tuple[int, int]]:
    """SUBPROOF of RFC 9162 2.1.4.1, word for word, as the leaf ranges whose roots it lists."""
    width = high - low
    if old == width:
        return [] if known else [(low, high)]
    split = 1
    while split * 2 < width:
        split *= 2
    if old <= split:
        return [*subproof(old, low, low + split, known=known), (low + split, high)]
    return [*subproof(old - split, low + split, high, known=False), (low, low + split)]


@given(st.data(), sizes)
def test_consistency_proofs_are_those_of_the_definition_and_verify(data, new):
    old = data.draw(st.integers(min_value=1, max_value=new))
    tree, oracle = tree_of(new), oracle_of(new)
    proof = tree.consistency(old, new)
    hashes = [merkle.leaf_hash(b"leaf %d" % i) for i in range(new)]
    ranges = subproof(old, 0, new, known=True)
    assert proof.path == tuple(merkle.Tree(hashes[low:high]).root().hex() for low, high in ranges)
    found = merkle.verify_consistency(proof, old_root=oracle.get_root(old), new_root=oracle.get_root(new))
    assert (found.old_root, found.new_root) == (tree.root(old).hex(), tree.root(new).hex())


@given(st.data(), st.integers(min_value=2, max_value=70))
def test_an_inclusion_proof_changed_in_any_way_is_invalid(data, size):
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    tree = tree_of(size)
    proof, root = tree.inclusion(index, size), tree.root(size)
    leaf = merkle.leaf_hash(b"leaf %d" % index)
    place = data.draw(st.integers(min_value=0, max_value=len(proof.path) - 1))
    bit = data.draw(st.integers(min_value=0, max_value=255))
    path = list(proof.path)
    path[place] = flipped(path[place], bit)
    other = data.draw(st.integers(min_value=0, max_value=size + 1).filter(lambda i: i != index))
    for altered in (
        InclusionProof(leaf_index=index, tree_size=size, path=tuple(path)),
        InclusionProof(leaf_index=index, tree_size=size, path=proof.path[:-1]),
        InclusionProof(leaf_index=index, tree_size=size, path=(*proof.path, proof.path[0])),
        InclusionProof(leaf_index=other, tree_size=size, path=proof.path),
    ):
        with pytest.raises(Invalid):
            merkle.verify_inclusion(altered, leaf_hash=leaf, root=root)
    with pytest.raises(Invalid, match="another root"):
        merkle.verify_inclusion(proof, leaf_hash=bytes.fromhex(flipped(leaf.hex(), bit)), root=root)
    with pytest.raises(Invalid, match="another root"):
        merkle.verify_inclusion(proof, leaf_hash=leaf, root=bytes.fromhex(flipped(root.hex(), bit)))


@given(st.data(), st.integers(min_value=2, max_value=70))
def test_a_consistency_proof_changed_in_any_way_is_invalid(data, new):
    old = data.draw(st.integers(min_value=1, max_value=new - 1))
    tree = tree_of(new)
    proof, old_root, new_root = tree.consistency(old, new), tree.root(old), tree.root(new)
    place = data.draw(st.integers(min_value=0, max_value=len(proof.path) - 1))
    bit = data.draw(st.integers(min_value=0, max_value=255))
    path = list(proof.path)
    path[place] = flipped(path[place], bit)
    for altered in (
        merkle.ConsistencyProof(old_size=old, new_size=new, path=tuple(path)),
        merkle.ConsistencyProof(old_size=old, new_size=new, path=proof.path[:-1]),
        merkle.ConsistencyProof(old_size=old, new_size=new, path=(*proof.path, proof.path[0])),
        merkle.ConsistencyProof(old_size=new, new_size=old, path=proof.path),
    ):
        with pytest.raises(Invalid):
            merkle.verify_consistency(altered, old_root=old_root, new_root=new_root)
    with pytest.raises(Invalid):
        merkle.verify_consistency(proof, old_root=bytes.fromhex(flipped(old_root.hex(), bit)), new_root=new_root)
    with pytest.raises(Invalid):
        merkle.verify_consistency(proof, old_root=old_root, new_root=bytes.fromhex(flipped(new_root.hex(), bit)))


def test_a_tree_that_forgot_or_changed_an_old_leaf_is_not_consistent():
    old = tree_of(11)
    hashes = [merkle.leaf_hash(b"leaf %d" % i) for i in range(20)]
    hashes[4] = merkle.leaf_hash(b"rewritten")
    forked = merkle.Tree(hashes)
    with pytest.raises(Invalid, match="another old root"):
        merkle.verify_consistency(forked.consistency(11, 20), old_root=old.root(), new_root=forked.root())


def test_trees_of_one_size_with_two_roots_are_named():
    proof = merkle.ConsistencyProof(old_size=3, new_size=3, path=())
    with pytest.raises(Invalid, match="two trees of one size"):
        merkle.verify_consistency(proof, old_root=tree_of(3).root(), new_root=tree_of(4).root())


def test_the_empty_tree_begins_every_tree_and_needs_no_path():
    tree = tree_of(5)
    proof = tree.consistency(0, 5)
    assert proof.path == ()
    merkle.verify_consistency(proof, old_root=merkle.EMPTY_ROOT, new_root=tree.root())
    with pytest.raises(Invalid):
        merkle.verify_consistency(proof, old_root=tree.root(), new_root=tree.root())
    with pytest.raises(Invalid, match="without leaves"):
        merkle.verify_consistency(tree.consistency(0, 0), old_root=merkle.EMPTY_ROOT, new_root=tree.root())


@pytest.mark.parametrize("ask", [lambda t: t.root(6), lambda t: t.inclusion(5, 5), lambda t: t.consistency(5, 4)])
def test_what_the_tree_does_not_hold_cannot_be_proved(ask):
    with pytest.raises(Invalid):
        ask(tree_of(5))


def test_fifty_thousand_leaves_are_proved_in_a_second():
    hashes = [merkle.leaf_hash(b"%d" % i) for i in range(50_000)]
    start = time.process_time()
    tree = merkle.Tree(hashes)
    proof, root = tree.inclusion(31_337, 50_000), tree.root()
    merkle.verify_inclusion(proof, leaf_hash=hashes[31_337], root=root)
    assert time.process_time() - start < 1
