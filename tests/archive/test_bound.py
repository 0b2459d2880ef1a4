from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from archive.bound import OvertakenBy, bound_on
from archive.canonical_zip import read_canonical
from archive.dossier import Day, build_dossier
from archive.history import history_of
from archive.record import StatedDay, StatedTerm, stated_document
from schemas.errors import Invalid
from schemas.evidence import Verdict, canonical_json, digest_of
from tests.archive.complete_history import START, complete, data_of, eventful
from tests.archive.verifying import refused, rewritten, verify
from verifier import convenio_verify as standalone

DAY = date(2026, 4, 27)
MIDNIGHT = datetime(2026, 4, 28, tzinfo=UTC)
AMENDMENT = OvertakenBy(
    agreement="AMD-2026-0001", document_type="amendment", archived_at=START, sha256=digest_of(b"amendment")
)
TERMINATION = AMENDMENT.model_copy(update={"agreement": "TER-2026-0001", "document_type": "termination"})


def both_say(members):
    """Return what both verifiers say of ``bound.json``: our finding, and the standalone one's fault or none."""
    ours = next(found.verdict for found in verify(rewritten(members)).findings if found.part == "bound")
    findings, history = standalone.Findings(), standalone.History()
    for counter in range(sum(name.startswith("entries/") for name in members)):
        history.take(json.loads(members[f"entries/{counter}.json"]))
    findings.check("bound", lambda: standalone.check_bound(standalone.Dossier(members), history))
    assert findings.verdict == ours, findings.found
    return ours


def told(story, on=DAY, until=MIDNIGHT, overtaken_by=()):
    day = Day(on, until, overtaken_by)
    members = read_canonical(build_dossier(replace(story.contents(), bound=day)))
    return json.loads(members["bound.json"]), members


def test_after_the_last_signature_it_is_bound_since_then_by_everybody():
    bound, members = told(complete())
    assert (bound["bound"], bound["stage"], bound["since"]) == (True, "archived", "2026-04-27T10:50:00.000000Z")
    assert [one["signatory"] for one in bound["signatories"] if one["signed_at"]] == ["gssc", "ccvcc"]
    report = verify(rewritten(members))
    assert report.verdict is Verdict.VALID
    reason = next(found.reason for found in report.findings if found.part == "bound")
    assert reason.startswith("at the end of 2026-04-27 it bound its parties: 2 of 2 had signed")


def test_on_the_day_before_the_request_nobody_was_bound():
    bound, members = told(complete(), date(2026, 4, 26), datetime(2026, 4, 27, tzinfo=UTC))
    assert (bound["bound"], bound["stage"], bound["since"]) == (False, "not requested", None)
    assert all(one["signed_at"] is None for one in bound["signatories"])
    assert verify(rewritten(members)).verdict is both_say(members) is Verdict.VALID


def test_between_two_signatures_it_is_told_who_had_signed():
    # the day ends where it is 10:45 UTC: after the first signature, before the second
    bound, members = told(complete(), DAY, datetime(2026, 4, 27, 10, 45, tzinfo=UTC))
    assert both_say(members) is Verdict.VALID
    assert (bound["bound"], bound["stage"]) == (False, "signing")
    assert [one["signed_at"] is not None for one in bound["signatories"]] == [True, False]


def test_how_each_signed_is_told():
    bound, members = told(eventful())
    assert both_say(members) is Verdict.VALID
    first, second = bound["signatories"]
    assert (first["way"], first["effect"], first["by_delegate"]) == ("pkcs12", "AdES", True)
    assert (second["way"], second["effect"], second["by_delegate"]) == ("paper", "scanned", False)


def test_what_overtook_it_is_named_as_the_organisations_word():
    _, members = told(complete(), overtaken_by=(AMENDMENT,))
    reason = next(found.reason for found in verify(rewritten(members)).findings if found.part == "bound")
    assert reason.endswith("changed by AMD-2026-0001 (amendment), ended by nothing, as the organisation says")


@pytest.mark.parametrize(
    ("effective", "bound"),
    [(DAY - timedelta(days=1), False), (DAY, True), (None, False)],
    ids=["over", "last day", "day not known"],
)
def test_a_termination_ends_it_after_its_last_day(effective, bound):
    said, members = told(complete(), overtaken_by=(TERMINATION.model_copy(update={"effective": effective}),))
    assert (said["bound"], said["signed_by_all"]) == (bound, True)
    assert [one["agreement"] for one in said["changed_by" if bound else "ended_by"]] == ["TER-2026-0001"]
    assert verify(rewritten(members)).verdict is both_say(members) is Verdict.VALID


def test_what_was_archived_later_did_not_overtake_it_by_then():
    late = AMENDMENT.model_copy(update={"archived_at": MIDNIGHT})
    with pytest.raises(Invalid, match="archived later"):
        told(complete(), overtaken_by=(late,))
    bound, members = told(complete(), overtaken_by=(AMENDMENT,))
    bound["changed_by"][0]["archived_at"] = "2026-04-28T00:00:00.000000Z"
    changed = rewritten(members, **{"bound.json": canonical_json(bound)})
    refused(verify(changed), "bound", "a document archived later does not overtake it by then")
    assert both_say(read_canonical(changed)) is Verdict.INVALID


@pytest.mark.parametrize(
    ("start", "end", "in_force"),
    [
        (DAY, DAY, True),
        (DAY + timedelta(days=1), None, False),
        (None, DAY - timedelta(days=1), False),
        (None, None, None),
    ],
    ids=["day", "before", "after", "unknown"],
)
def test_it_binds_only_within_the_term_that_its_data_states(start, end, in_force):
    story = complete()
    history = history_of([entry for _, entry in story.entries])
    document = stated_document(data_of(2))
    term = StatedTerm(start=StatedDay(value=start), end=StatedDay(value=end))
    said = bound_on(history, document.model_copy(update={"term": term}), on=DAY, until=MIDNIGHT, overtaken_by=())
    assert (said.bound, said.signed_by_all, said.in_force) == (in_force is not False, True, in_force)


def test_a_document_without_a_term_says_so():
    bound, members = told(complete())
    assert (bound["bound"], bound["in_force"]) == (True, None)
    reason = next(found.reason for found in verify(rewritten(members)).findings if found.part == "bound")
    assert "it states no term" in reason


@pytest.mark.parametrize(
    "change",
    [
        {"bound": False},
        {"signed_by_all": False},
        {"in_force": True},
        {"since": "2026-04-27T00:00:00.000000Z"},
        {"stage": "signing"},
        {"signatories": []},
    ],
    ids=["bound", "all", "term", "since", "stage", "signatories"],
)
def test_a_statement_that_the_entries_do_not_make_is_refused(change):
    bound, members = told(complete())
    changed = rewritten(members, **{"bound.json": canonical_json(bound | change)})
    refused(verify(changed), "bound", "something else than the entries up to that day", "bound.json")
    assert both_say(read_canonical(changed)) is Verdict.INVALID


def test_an_instant_that_ends_another_day_is_refused():
    with pytest.raises(Invalid, match="no day ends then"):
        told(complete(), DAY, datetime(2026, 4, 29, tzinfo=UTC))
