"""One flipped bit, wherever it is, in checkpoint, proof, leaf, co-signature or timestamp: refused each time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest

from archive.checkpoint import open_checkpoint, sign_checkpoint
from archive.cosignature import open_cosignatures
from archive.merkle import Tree, leaf_hash
from archive.tlog_proof import verify_proof, write_proof
from schemas.errors import Invalid
from schemas.evidence import Verdict
from signing.demonstration import create_demonstration_pki
from signing.run import run
from signing.token import validate_token
from tests.faults.acts import COSIGNER
from tests.histories import NOW
from tests.worlds import KEY

LEAVES = [f'{{"leaf":{number}}}'.encode() for number in range(11)]
TREE = Tree(leaf_hash(leaf) for leaf in LEAVES)
CHECKPOINT = sign_checkpoint(KEY, tree_size=11, root=TREE.root())


def flipped(content: bytes, *, every: int = 1) -> Iterator[bytes]:
    """``content`` with one bit flipped, at every ``every``-th place."""
    for at in range(0, 8 * len(content), every):
        altered = bytearray(content)
        altered[at // 8] ^= 1 << at % 8
        yield bytes(altered)


def text(content: bytes) -> str:
    """As whoever reads a file would: what is not UTF-8 is no note."""
    try:
        return content.decode()
    except UnicodeDecodeError as cause:
        raise Invalid("not UTF-8") from cause


def accepted(content: bytes, verify: Callable[[bytes], object], *, every: int = 1) -> list[bytes]:
    """The altered contents that ``verify`` takes all the same; the unaltered one it takes."""
    verify(content)
    taken = []
    for altered in flipped(content, every=every):
        try:
            verify(altered)
        except Invalid:
            continue
        taken.append(altered)
    return taken


def test_no_bit_of_a_checkpoint_can_be_flipped():
    assert accepted(CHECKPOINT.note.encode(), lambda note: open_checkpoint(text(note), KEY.verifier_key)) == []


def test_no_bit_of_a_proof_or_its_leaf_can_be_flipped():
    proof = write_proof(TREE.inclusion(6, 11), CHECKPOINT)
    assert accepted(proof, lambda altered: verify_proof(altered, leaf=LEAVES[6], verifier_key=KEY.verifier_key)) == []
    assert accepted(LEAVES[6], lambda leaf: verify_proof(proof, leaf=leaf, verifier_key=KEY.verifier_key)) == []


def test_no_bit_of_a_co_signature_can_be_flipped():
    note, keys = CHECKPOINT.note, [COSIGNER.verifier_key]
    body, line = note.rpartition("\n\n")[0] + "\n", COSIGNER.cosign(note.rpartition("\n\n")[0] + "\n", NOW)

    def verify(altered: bytes) -> None:
        if not open_cosignatures(f"{body}\n{text(altered)}", keys):
            raise Invalid("nobody known co-signed this")

    assert accepted(line.encode(), verify) == []


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    return create_demonstration_pki(folder, organisation="Tester", passphrase=b"only for tests", now=NOW)


SPARSE = 199
"""A prime number of bits: validating a token takes long, and over a whole token every position in a byte comes up."""


def test_no_bit_of_a_timestamp_or_of_what_it_is_over_can_be_flipped(pki):
    note = CHECKPOINT.note.encode()
    authority, trust = pki.timestamper(lambda: NOW), pki.trust(NOW)
    token = run(authority.async_timestamp(hashlib.sha256(note).digest(), "sha256")).dump()

    def judge(token: bytes, note: bytes) -> None:
        if (report := validate_token(token, note, trust, name="checkpoint")).verdict is not Verdict.VALID:
            raise Invalid(report.reason)

    assert len(list(flipped(token, every=SPARSE))) > 50
    assert accepted(token, lambda altered: judge(altered, note), every=SPARSE) == []
    assert accepted(note, lambda altered: judge(token, altered), every=SPARSE) == []
