from __future__ import annotations

import copy
import json

import pytest

from archive.confirmations import confirmed_facts
from schemas import events as ev
from schemas.errors import Invalid
from schemas.evidence import digest_of

CONFIRMATION = {"at": "2026-11-22T09:00:00.000000Z", "basis": "The register says so."}
OPEN = {
    "title": "A memorandum",
    "term": {"value": "2028-12-31", "status": "assumed", "source": "A guess", "owner": "Manager", "claims": []},
    "parties": [
        {
            "name": {
                "value": "A",
                "status": "conflicting",
                "claims": [{"value": "A", "source": "x"}, {"value": "B", "source": "y"}],
            },
        }
    ],
    "country": {"value": "CZ", "status": "stated", "confirmation": None},
    "budget": {"value": None, "status": "blank"},
    "weight": 1,
}


def confirmed(fact):
    return {**fact, "status": "confirmed", "confirmation": CONFIRMATION}


def changed(data, path, act):
    """A copy of ``data`` in which what stands at ``path`` is what ``act`` makes of it."""
    made = copy.deepcopy(data)
    holder = made
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = act(holder.get(path[-1]) if isinstance(holder, dict) else holder[path[-1]])
    return made


BOTH = changed(changed(OPEN, ["term"], confirmed), ["parties", 0, "name"], confirmed)


def judged(*drafts, reasons):
    """Drafts in order, the first requested and the others revised for ``reasons``."""
    nothing = digest_of(b"")
    common = {"title": "x", "data": nothing, "signatories": ("a",), "offices": ("legal",), "open_facts": ()}
    common |= {"template": nothing}
    proposals = [ev.Requested(document_type="mou", template_version=1, **common)]
    proposals += [ev.Revised(draft=n, reason=reason, **common) for n, reason in enumerate(reasons, start=2)]
    return confirmed_facts(proposals, lambda draft: json.dumps(drafts[draft - 1]).encode())


def test_a_request_confirms_nothing():
    assert judged(OPEN, reasons=[]) == ()


def test_open_facts_are_confirmed_one_draft_after_the_other():
    one = changed(OPEN, ["term"], confirmed)
    assert judged(OPEN, one, BOTH, reasons=["confirmed", "confirmed"]) == ("term", "parties[0].name")


def test_confirmations_stay_while_other_values_are_amended():
    amended = changed(BOTH, ["title"], lambda _: "Another title")
    assert judged(OPEN, BOTH, amended, reasons=["confirmed", "amended"]) == ("term", "parties[0].name")


def test_a_confirmation_may_be_dropped_by_an_amendment_and_given_again():
    reasons = ["confirmed", "amended", "confirmed"]
    assert judged(OPEN, BOTH, OPEN, BOTH, reasons=reasons) == ("term", "parties[0].name") * 2


def test_a_null_field_and_a_missing_one_say_the_same():
    assert judged(OPEN, changed(BOTH, ["note"], lambda _: None), reasons=["confirmed"])


@pytest.mark.parametrize(
    ("path", "act", "place"),
    [
        (["title"], lambda _: "Another title", "title"),
        (["weight"], lambda _: True, "weight"),
        (["parties"], lambda parties: [*parties, *parties], "parties"),
        (["country", "value"], lambda _: "CV", "country.value"),
        (["country", "status"], lambda _: "derived", "country.status"),
        (["note"], lambda _: "added", "note"),
        (["term"], lambda _: "2028-12-31", "term"),
    ],
)
def test_a_confirming_draft_changes_nothing_else(path, act, place):
    with pytest.raises(Invalid, match="changes something else") as caught:
        judged(OPEN, changed(BOTH, path, act), reasons=["confirmed"])
    assert caught.value.where == f"drafts/2/data.json, {place}"


@pytest.mark.parametrize(
    ("path", "act"),
    [
        (["term", "value"], lambda _: "2030-12-31"),
        (["term", "source"], lambda _: "A contract"),
        (["term", "owner"], lambda _: None),
        (["parties", 0, "name", "claims"], lambda claims: claims[:1]),
    ],
)
def test_a_fact_is_confirmed_as_it_stands(path, act):
    with pytest.raises(Invalid, match="changed while it was confirmed") as caught:
        judged(OPEN, changed(BOTH, path, act), reasons=["confirmed"])
    assert caught.value.where.endswith(f".{path[-1]}")


@pytest.mark.parametrize("fact", ["country", "budget"])
def test_only_an_open_fact_that_has_a_value_is_confirmed(fact):
    with pytest.raises(Invalid, match="was not open") as caught:
        judged(OPEN, changed(OPEN, [fact], confirmed), reasons=["confirmed"])
    assert caught.value.where == f"drafts/2/data.json, {fact}"


def test_a_confirmation_of_what_was_no_fact_is_refused():
    with pytest.raises(Invalid, match="was not open"):
        judged(OPEN, changed(OPEN, ["note"], lambda _: confirmed({"value": "x"})), reasons=["confirmed"])


@pytest.mark.parametrize("half", [{"status": "confirmed"}, {"confirmation": CONFIRMATION}])
def test_half_a_confirmation_is_none(half):
    with pytest.raises(Invalid, match="disagree"):
        judged(OPEN, changed(OPEN, ["term"], lambda fact: fact | half), reasons=["confirmed"])
    with pytest.raises(Invalid, match="no act of confirming"):
        judged(OPEN, changed(OPEN, ["term"], lambda fact: fact | half), reasons=["amended"])


def test_a_request_with_a_confirmation_is_refused():
    with pytest.raises(Invalid, match="no act of confirming") as caught:
        judged(BOTH, reasons=[])
    assert caught.value.where == "drafts/1/data.json, term"


def test_an_amendment_brings_in_no_confirmation():
    with pytest.raises(Invalid, match="no act of confirming") as caught:
        judged(OPEN, BOTH, reasons=["amended"])
    assert caught.value.where == "drafts/2/data.json, term"


@pytest.mark.parametrize(
    ("path", "act"),
    [
        (["term", "value"], lambda _: "2030-12-31"),
        (["term", "confirmation"], lambda said: said | {"basis": "Hearsay."}),
        (["elsewhere"], lambda _: BOTH["term"]),
    ],
)
def test_an_amendment_leaves_confirmed_facts_as_they_are(path, act):
    with pytest.raises(Invalid, match="no act of confirming") as caught:
        judged(OPEN, BOTH, changed(BOTH, path, act), reasons=["confirmed", "amended"])
    assert caught.value.where == f"drafts/3/data.json, {path[0]}"
