from __future__ import annotations

import pytest

from archive.exact import exact_json, read_exact
from schemas.errors import Invalid
from schemas.evidence import InclusionProof

PROOF = InclusionProof(leaf_index=3, tree_size=9, path=("0" * 64,))


def test_what_was_written_is_read():
    assert read_exact(InclusionProof, exact_json(PROOF), where="proofs/3.json") == PROOF


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + b"\n",
        lambda text: text.replace(b":", b": ", 1),
        lambda text: text.replace(b":3,", b':"3",'),
        lambda text: text.replace(b":3,", b":3.0,"),
        lambda text: b'{"tree_size":1,' + text[1:],
    ],
)
def test_another_spelling_of_the_same_value_is_refused(change):
    with pytest.raises(Invalid, match="not in canonical form") as caught:
        read_exact(InclusionProof, change(exact_json(PROOF)), where="proofs/3.json")
    assert caught.value.where == "proofs/3.json"


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{", b'{"leaf_index":3}', b'{"leaf_index":-1}'])
def test_what_is_no_such_evidence_is_refused(content):
    with pytest.raises(Invalid, match="the file cannot be read"):
        read_exact(InclusionProof, content, where="proofs/3.json")


def test_a_number_json_cannot_hold_exactly_is_refused():
    large = exact_json(PROOF).replace(b":9}", b":9007199254740993}")
    with pytest.raises(Invalid, match="no canonical form"):
        read_exact(InclusionProof, large, where="proofs/3.json")
