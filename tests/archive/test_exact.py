from __future__ import annotations

import pytest

from archive.exact import exact_json, read_exact
from schemas.errors import Invalid
from schemas.events import Entry
from schemas.evidence import InclusionProof
from tests.histories import NOW, requested

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


@pytest.mark.parametrize(
    "altered",
    [
        lambda leaf: leaf.replace(b'"v":1', b'"v": 1'),
        lambda leaf: leaf.replace(b'"v":1', b'"v":2'),
        lambda leaf: leaf.replace(b"{", b'{"also":1,', 1),
        lambda leaf: leaf[:-1],
        lambda leaf: leaf.replace(b".000000Z", b"Z"),
        lambda leaf: b"\xff" + leaf,
    ],
)
def test_a_leaf_in_any_other_form_is_refused(altered):
    act = requested()
    entry = Entry(
        op_id="0" * 64, agreement="MOU-2026-0001", counter=0, occurred_at=NOW, actor=act.actor, event=act.event
    )
    assert read_exact(Entry, exact_json(entry), where="leaf 0") == entry
    with pytest.raises(Invalid) as caught:
        read_exact(Entry, altered(exact_json(entry)), where="leaf 0")
    assert caught.value.where == "leaf 0"


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{", b'{"leaf_index":3}', b'{"leaf_index":-1}'])
def test_what_is_no_such_evidence_is_refused(content):
    with pytest.raises(Invalid, match="this cannot be read"):
        read_exact(InclusionProof, content, where="proofs/3.json")


def test_a_number_json_cannot_hold_exactly_is_refused():
    large = exact_json(PROOF).replace(b":9}", b":9007199254740993}")
    with pytest.raises(Invalid, match="no canonical form"):
        read_exact(InclusionProof, large, where="proofs/3.json")
