import pytest

from archive.checkpoint import CheckpointKey, sign_checkpoint
from archive.merkle import Tree, leaf_hash
from archive.tlog_proof import read_proof, verify_proof, write_proof
from schemas.errors import Invalid

KEY = CheckpointKey.create("convenio.example/ledger")
LEAVES = [b"leaf %d" % n for n in range(100)]
TREE = Tree(map(leaf_hash, LEAVES))


def proof_of(index, size):
    return write_proof(TREE.inclusion(index, size), sign_checkpoint(KEY, tree_size=size, root=TREE.root(size)))


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (41, 42), (63, 64), (17, 100)])
def test_a_proof_is_one_file_that_verifies_by_itself(index, size):
    content = proof_of(index, size)
    found = verify_proof(content, leaf=LEAVES[index], verifier_key=KEY.verifier_key)
    assert (found.leaf_index, found.tree_size, found.root) == (index, size, TREE.root(size).hex())
    assert content.decode().split("\n")[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"]
    stated = read_proof(content)
    assert write_proof(stated.proof, stated.checkpoint) == content


def test_every_flipped_bit_of_a_proof_is_refused():
    content = proof_of(17, 42)
    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Invalid):
            verify_proof(bytes(flipped), leaf=LEAVES[17], verifier_key=KEY.verifier_key)


def test_extra_data_is_passed_over():
    content = proof_of(17, 42).replace(b"@v1\n", b"@v1\nextra AAAA\n", 1)
    assert verify_proof(content, leaf=LEAVES[17], verifier_key=KEY.verifier_key).leaf_index == 17


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"tlog-proof@v1", b"tlog-proof@v2", "not a log proof"),
        (b"index 17", b"index 017", "names its leaf"),
        (b"index 17\n", b"", "names its leaf"),
        (b"index 17", b"index 42", "outside the tree"),
        (b"\n\nconvenio", b"\nAAAA\n\nconvenio", "not an inclusion proof"),
        (b"\n\nconvenio", b"\n" + b"A" * 43 + b"=\n\nconvenio", "too long"),
        (b"\nindex", b"\nextra ?\nindex", "not base64"),
    ],
)
def test_a_proof_is_read_in_its_one_form(old, new, reason):
    content = proof_of(17, 42)
    assert old in content
    with pytest.raises(Invalid, match=reason):
        verify_proof(content.replace(old, new, 1), leaf=LEAVES[17], verifier_key=KEY.verifier_key)


def test_a_proof_proves_no_other_leaf_and_no_other_log():
    with pytest.raises(Invalid, match="another root"):
        verify_proof(proof_of(17, 42), leaf=LEAVES[18], verifier_key=KEY.verifier_key)
    with pytest.raises(Invalid, match="not signed by this key"):
        verify_proof(proof_of(17, 42), leaf=LEAVES[17], verifier_key=CheckpointKey.create(KEY.name).verifier_key)


def test_a_proof_is_not_written_beside_the_wrong_checkpoint():
    with pytest.raises(Invalid, match="another checkpoint"):
        write_proof(TREE.inclusion(3, 40), sign_checkpoint(KEY, tree_size=42, root=TREE.root(42)))
