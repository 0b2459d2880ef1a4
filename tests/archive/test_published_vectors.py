"""Public test data kept in ``vectors/`` with its source: proofs of transparency-dev/merkle, a log made by Tessera."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from archive.checkpoint import open_checkpoint
from archive.merkle import ConsistencyProof, Tree, leaf_hash, verify_consistency, verify_inclusion
from archive.tile_edge import Edge
from archive.tiles import TileTree, decode_bundle, encode_bundle
from schemas.errors import Invalid
from schemas.evidence import InclusionProof
from tests.archive.test_tiles import tiles_between

FOLDER = Path(__file__).with_name("vectors")
MERKLE = json.loads((FOLDER / "transparency-dev-merkle.json").read_text())
TESSERA = json.loads((FOLDER / "transparency-dev-tessera.json").read_text())
FILES = {path: base64.b64decode(content) for path, content in TESSERA["files"].items()}
SIZES = range(1, 16)


def path_of(vector):
    return tuple(base64.b64decode(one).hex() for one in vector["proof"] or ())


def as_root(root):
    """One published case has words in place of two equal roots: any hash does that is equal where they are."""
    return root if len(root) == 32 else hashlib.sha256(root).digest()


def check_inclusion(vector):
    proof = InclusionProof(leaf_index=vector["leafIdx"], tree_size=vector["treeSize"], path=path_of(vector))
    leaf, root = (base64.b64decode(vector[name] or "") for name in ("leafHash", "root"))
    verify_inclusion(proof, leaf_hash=leaf, root=root)


def check_consistency(vector):
    proof = ConsistencyProof(old_size=vector["size1"], new_size=vector["size2"], path=path_of(vector))
    old, new = (as_root(base64.b64decode(vector[name] or "")) for name in ("root1", "root2"))
    verify_consistency(proof, old_root=old, new_root=new)


FROM_NOTHING = "additional/size1-is-zero-and-size2-is-not-zero"
"""Refused there, where no proof begins at an empty tree; a witness of C2SP tlog-witness begins at one."""

CASES = [
    pytest.param(check, vector, id=f"{kind} {name}")
    for kind, check in (("inclusion", check_inclusion), ("consistency", check_consistency))
    for name, vector in MERKLE[kind].items()
    if name != FROM_NOTHING
]


@pytest.mark.parametrize(("check", "vector"), CASES)
def test_a_published_proof_is_judged_as_published(check, vector):
    if vector["wantErr"]:
        with pytest.raises((Invalid, ValidationError)):
            check(vector)
    else:
        check(vector)


def test_every_tree_begins_with_the_empty_one():
    check_consistency(MERKLE["consistency"][FROM_NOTHING])


@pytest.mark.parametrize("size", SIZES)
def test_the_published_log_has_our_tree_and_tiles(size):
    checkpoint = open_checkpoint(FILES[f"checkpoint.{size}"].decode(), TESSERA["verifier_key"])
    assert checkpoint.tree_size == size
    bundle = FILES[f"tile/entries/000.p/{size}"]
    leaves = decode_bundle(bundle, where="bundle")
    assert encode_bundle(leaves) == bundle
    hashes = [leaf_hash(leaf) for leaf in leaves]
    assert Tree(hashes).root().hex() == checkpoint.root
    edge = Edge()
    assert list(edge.extend(hashes)) == []
    assert {tile.path: content for tile, content in edge.partial()} == {
        f"tile/0/000.p/{size}": FILES[f"tile/0/000.p/{size}"]
    }
    tree = TileTree(size, FILES.get)
    for older in range(1, size + 1):
        root = open_checkpoint(FILES[f"checkpoint.{older}"].decode(), TESSERA["verifier_key"]).root
        proof = tree.consistency(older, size)
        verify_consistency(proof, old_root=bytes.fromhex(root), new_root=bytes.fromhex(checkpoint.root))


def test_every_published_tile_of_hashes_lies_where_ours_would():
    published = {path for path in FILES if path.startswith("tile/") and "/entries/" not in path}
    assert published
    assert published <= {tile.path for size in SIZES for tile in tiles_between(0, size)}
