from __future__ import annotations

import re

import pytest

from flows import commands
from flows.act import data_of
from flows.draft import draft
from flows.form_drafts import examined
from flows.form_starts import followers_of
from schemas.documents import data_bytes, read_data
from schemas.fact import facts
from schemas.fields import at
from schemas.state import Stage
from tests.installation import MANAGER
from tests.portal.filling import form_on
from tests.portal.kit import text_of


def opened(portal, visitor):
    address = f"/documents/{portal.agreement}/amend"
    answer = visitor.post(address, shown_on=address)
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["location"]


def carried(page):
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))


def retitled(visitor, base, title="Another title"):
    fields, _ = form_on(visitor.get(f"{base}/document").text)
    assert visitor.client.post(f"{base}/document", data={**fields, "title": title, "act": "next"}).status_code == 303


def sent(visitor, base, **more):
    fields, _ = form_on(visitor.get(f"{base}/review").text, "create")
    return visitor.client.post(f"{base}/create", data={**fields, **more})


def state_of(portal):
    return portal.house.ledger.state(portal.agreement)


def form_at(portal, base):
    owner = portal.house.people.get(MANAGER).commitment
    return portal.house.form_drafts.find(base.rpartition("/")[2], owner)


def test_one_page_opens_one_form_however_often_it_is_sent(portal_at):
    portal = portal_at("in review")
    manager, address = portal.as_("manager"), f"/documents/{portal.agreement}/amend"
    fields = carried(manager.get(address).text)
    first, again = (manager.client.post(address, data=fields).headers["location"] for _ in range(2))
    assert first == again
    fields = carried(manager.get(address).text)
    assert manager.client.post(address, data=fields).headers["location"] != first, "another page opens another form"
    retitled(manager, first)
    sent(manager, first)
    assert portal.house.ledger.state(portal.agreement).draft == 2


def test_a_draft_opens_in_its_form_and_becomes_the_next_draft_once(portal_at):
    portal = portal_at("in review")
    manager = portal.as_("manager")
    assert "make draft 2 of it" in text_of(manager.get(f"/documents/{portal.agreement}/amend").text)
    base = opened(portal, manager)
    assert "Your form on draft 1" in text_of(manager.get(f"/documents/{portal.agreement}/amend").text)
    retitled(manager, base)
    review = manager.get(f"{base}/review")
    assert f"Draft 2 of {portal.agreement} will take the place of draft 1" in text_of(review.text)
    fields, _ = form_on(review.text, "create")
    answers = [manager.client.post(f"{base}/create", data=fields) for _ in range(2)]
    assert {answer.headers["location"] for answer in answers} == {f"/documents/{portal.agreement}"}
    assert (state_of(portal).draft, state_of(portal).title) == (2, "Another title")
    assert len(portal.house.ledger.entries(portal.agreement)) == 3


def test_a_form_that_changes_nothing_is_refused_and_kept(portal_at):
    portal = portal_at("in review")
    manager = portal.as_("manager")
    base = opened(portal, manager)
    answer = sent(manager, base)
    assert answer.status_code == 409
    assert "the data is that of draft 1 already" in text_of(answer.text)
    assert manager.get(base).status_code == 200


def test_confirmations_stay_with_the_facts_that_were_confirmed(portal_at):
    portal = portal_at("second draft")
    manager = portal.as_("manager")
    base = opened(portal, manager)
    fields, _ = form_on(manager.get(f"{base}/parties").text)
    assert fields["parties[0].seat.status"] == ["confirmed"]
    fields |= {"parties[0].seat.value": "Brno"}
    assert manager.client.post(f"{base}/parties", data={**fields, "act": "next"}).status_code == 303
    fields, _ = form_on(manager.get(f"{base}/contacts").text)
    # the second contact moves to the place of the first: nobody confirmed that
    swapped = {
        name.replace("[0]", "[x]").replace("[1]", "[0]").replace("[x]", "[1]"): one for name, one in fields.items()
    }
    assert manager.client.post(f"{base}/contacts", data={**swapped, "act": "next"}).status_code == 303
    assert sent(manager, base).status_code == 303
    known = dict(facts(data_of(portal.house, state_of(portal).data)))
    assert known["parties[0].seat"].status == "stated"
    assert known["parties[1].seat"].status == "confirmed"
    assert known["contacts[0].email"].status != "confirmed"


def test_somebody_elses_draft_in_between_is_shown_before_it_is_replaced(portal_at):
    portal = portal_at("in review")
    manager = portal.as_("manager")
    base = opened(portal, manager)
    retitled(manager, base, "My title")
    document = data_of(portal.house, state_of(portal).data)
    theirs = read_data(data_bytes(document.model_copy(update={"notice_days": 45})))
    commands.revise(portal.house, portal.agreement, theirs, draft=1, by=MANAGER)
    fields = {"csrf": form_on(manager.get(f"{base}/parties").text)[0]["csrf"]}
    answer = manager.client.post(f"{base}/create", data=fields)
    assert answer.status_code == 409
    said = text_of(answer.text)
    assert "This form was opened on draft 1, and draft 2 is the current one" in said
    assert "Notice, in days 45 30" in said
    assert state_of(portal).draft == 2
    assert manager.client.post(f"{base}/rebase", data={**fields, "draft": "2"}).status_code == 303
    assert sent(manager, base).status_code == 303
    assert (state_of(portal).draft, state_of(portal).title) == (3, "My title")


def test_signatures_are_named_before_they_become_void(portal_at):
    portal = portal_at("signed once")
    manager = portal.as_("manager")
    assert "1 signature was made already" in text_of(manager.get(f"/documents/{portal.agreement}/amend").text)
    base = opened(portal, manager)
    retitled(manager, base)
    assert "Signatory for the GSSC partnership." in text_of(manager.get(f"{base}/review").text)
    refused = sent(manager, base)
    assert refused.status_code == 409
    assert "a new draft voids signatures" in text_of(refused.text)
    assert state_of(portal).draft == 2
    assert sent(manager, base, void_signatures="yes").status_code == 303
    assert (state_of(portal).draft, state_of(portal).signatures) == (3, ())


def test_an_archived_document_is_followed_by_another_that_pins_it(portal_at):
    portal = portal_at("archived")
    manager, address = portal.as_("manager"), f"/documents/{portal.agreement}/amend"
    assert followers_of(state_of(portal)) == ("amendment", "termination", "renewal")
    page = manager.get(address)
    assert "An archived document is never changed" in text_of(page.text)
    assert manager.post(address, shown_on=address).status_code == 409
    receipt = state_of(portal).receipt.sha256
    pins = {"amendment": "base", "termination": "base", "renewal": "supersedes"}
    for kind, pin in pins.items():
        answer = manager.post(f"/documents/{portal.agreement}/follow", {"kind": kind}, shown_on=address)
        form = form_at(portal, answer.headers["location"])
        assert at(form.document, f"{pin}.sha256.value") == receipt
        assert at(form.document, f"{pin}.agreement.value") == portal.agreement
        assert [party["id"] for party in form.document["parties"]] == ["gssc", "ccvcc"]
        # what is missing is what the new document is about, and nothing of what it follows
        wrong = [
            fault for fault in examined(portal.house, form).faults if fault.path.startswith((pin, "parties", "project"))
        ]
        assert wrong == []
        assert manager.get(answer.headers["location"]).status_code == 200
    refused = manager.post(f"/documents/{portal.agreement}/follow", {"kind": "accession"}, shown_on=address)
    assert refused.status_code == 409


def test_what_has_ended_is_not_changed(portal_at):
    portal = portal_at("in review")
    commands.withdraw(portal.house, portal.agreement, by=MANAGER, reason="Not needed any more")
    manager, address = portal.as_("manager"), f"/documents/{portal.agreement}/amend"
    assert "Nothing can be changed now: the document is ended" in text_of(manager.get(address).text)
    assert manager.post(address, shown_on="/documents/new").status_code == 409


@pytest.mark.parametrize("role", ["reviewer", "auditor", "signatory", "administrator"])
def test_only_managers_change_documents(portal_at, role):
    portal = portal_at("in review")
    visitor = portal.as_(role)
    assert visitor.get(f"/documents/{portal.agreement}/amend").status_code == 403
    assert visitor.post(f"/documents/{portal.agreement}/follow", {"kind": "renewal"}).status_code == 403
    assert state_of(portal).stage is Stage.IN_REVIEW


def test_an_unknown_document_is_not_found(portal_at):
    manager = portal_at("in review").as_("manager")
    assert manager.get("/documents/MOU-2026-9999/amend").status_code == 404
    assert manager.get("/documents/MOU-2026-9999/facts").status_code == 404


def test_the_next_draft_is_rendered_as_any_other(portal_at):
    portal = portal_at("in review")
    manager = portal.as_("manager")
    base = opened(portal, manager)
    retitled(manager, base)
    assert sent(manager, base).status_code == 303
    draft(portal.house, portal.agreement, 2)
    assert state_of(portal).stage is Stage.IN_REVIEW
