"""Delegating by a link, and the page on which a reviewer of the legal office decides about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import commands
from flows.collect import collect
from tests.installation import FIRST, MANAGER, REVIEWER
from tests.portal.kit import text_of
from tests.portal.test_sign import Signing
from tests.signing_ways import mails

DEPUTY = "deputy@example.org"
PICTURE = Path(__file__).parents[2] / "portal" / "static" / "mark.svg"


@pytest.fixture
def signing(portal_at) -> Signing:
    return Signing(portal_at("signing"))


@pytest.fixture
def named(signing) -> Signing:
    evidence = signing.get("/document.pdf").content
    fields = {"name": "Deputy", "email": DEPUTY, "reason": "on leave"}
    answer = signing.post("/delegate", fields, files={"authority": ("authority.pdf", evidence)})
    assert answer.status_code == 303, text_of(answer.text)
    return signing


def page_of(signing: Signing) -> str:
    return f"/delegations/{signing.portal.agreement}/for-gssc"


def confirmed(signing: Signing):
    [given] = signing.house.ledger.state(signing.portal.agreement).delegations
    fields = {"authority": given.authority, "delegate": given.delegate}
    return signing.portal.as_(REVIEWER).post(page_of(signing), fields, shown_on=page_of(signing))


def test_what_is_missing_is_said_beside_each_field_and_the_rest_is_kept(signing):
    answer = signing.post("/delegate", {"name": "Deputy"})
    assert answer.status_code == 422
    assert 'value="Deputy"' in answer.text
    for field in ("email", "reason", "authority"):
        assert f'href="#{field}"' in answer.text
    assert signing.house.ledger.state(signing.portal.agreement).delegations == ()


def test_a_file_of_another_kind_is_no_evidence(signing):
    fields = {"name": "Deputy", "email": DEPUTY, "reason": "on leave"}
    answer = signing.post("/delegate", fields, files={"authority": ("a.pdf", PICTURE.read_bytes())})
    assert answer.status_code == 422
    assert "on leave" in answer.text


def test_until_it_is_confirmed_the_signatory_may_sign_or_take_it_back(named):
    page = text_of(named.get().text)
    assert "The legal office has not confirmed it yet" in page
    assert named.get("/how").status_code == 200
    assert named.post("/take-back", {"reason": "back again"}).status_code == 303
    assert named.house.ledger.state(named.portal.agreement).delegations == ()
    assert named.get("/take-back").headers["location"] == named.root


def test_a_reviewer_sees_the_evidence_and_confirms_it_and_the_delegate_signs(named):
    reviewer = named.portal.as_(REVIEWER)
    assert page_of(named) in reviewer.get("/delegations").text
    page = reviewer.get(page_of(named))
    assert "on leave" in page.text
    assert DEPUTY in page.text
    image = reviewer.get(f"{page_of(named)}/pages/1.png")
    assert image.content.startswith(b"\x89PNG")
    evidence = reviewer.get(f"{page_of(named)}/evidence")
    assert evidence.headers["content-disposition"].startswith("attachment; filename=")
    assert confirmed(named).headers["location"] == "/delegations"
    assert "Nobody has named a delegate" in reviewer.get("/delegations").text
    house, agreement = named.house, named.portal.agreement
    collect(house, agreement, 0)
    assert named.get().status_code == 410
    delegate = Signing(named.portal, "-sign-2-for-gssc-by-")
    assert "to sign for" in text_of(delegate.get().text)
    assert "Name somebody" not in delegate.get().text
    assert delegate.get("/delegate").headers["location"] == delegate.root
    delegate.click(delegate.code())
    assert delegate.signed == ("for-gssc",)
    assert "Deputy" in text_of(delegate.get("/receipt").text)


def test_who_delegated_reads_on_by_another_link_and_takes_it_back(named):
    confirmed(named)
    named.post("/again", shown_on="")
    own = Signing(named.portal, "-link-")
    named.post("/again", shown_on="")
    assert len(mails(named.house, "-link-")) == 1
    assert "they sign, and you do not" in text_of(own.get().text)
    assert own.get("/how").headers["location"] == own.root
    assert own.get("/decline").headers["location"] == own.root
    assert own.post("/take-back", {"reason": "back again"}).status_code == 303
    collect(named.house, named.portal.agreement, 0)
    again = Signing(named.portal, "-sign-2-for-gssc-after-1")
    again.click(again.code())
    assert again.signed == ("for-gssc",)


def test_the_office_sees_both_names_of_a_delegate_and_the_signatory_only_the_one_they_gave(signing):
    commands.add_person(signing.house, DEPUTY, name="Director of the chamber", roles=("manager",))
    evidence = signing.get("/document.pdf").content
    fields = {"name": "Somebody else", "email": DEPUTY.title(), "reason": "on leave"}
    signing.post("/delegate", fields, files={"authority": ("authority.pdf", evidence)})
    for page in (signing.get().text, signing.get().text, signing.get("/take-back").text):
        assert "Somebody else" in page
        assert "Director of the chamber" not in page
    seen = text_of(signing.portal.as_(REVIEWER).get(page_of(signing)).text)
    assert "Director of the chamber is to sign" in seen
    assert "The signatory named them as Somebody else." in seen
    confirmed(signing)
    signing.post("/again", shown_on="")
    assert "You named Director of the chamber" in text_of(Signing(signing.portal, "-link-").get().text)


def test_a_delegate_who_was_not_known_here_has_one_name(named):
    assert "The signatory named them as" not in named.portal.as_(REVIEWER).get(page_of(named)).text


def test_an_address_is_answered_as_it_was_recorded_whatever_its_letters(signing):
    evidence = signing.get("/document.pdf").content
    fields = {"name": "Deputy", "email": "Straße@example.org", "reason": "on leave"}
    answer = signing.post("/delegate", fields, files={"authority": ("authority.pdf", evidence)})
    assert answer.status_code == 303
    assert signing.house.people.get("straße@example.org").name == "Deputy"


def test_a_delegation_that_changed_meanwhile_is_not_confirmed(named):
    fields = {"authority": "0" * 64, "delegate": "0" * 64}
    answer = named.portal.as_(REVIEWER).post(page_of(named), fields, shown_on=page_of(named))
    assert answer.status_code == 409
    assert "changed while you were looking" in answer.text


def test_an_author_of_the_draft_is_told_why_they_do_not_confirm(named):
    page = named.portal.as_(MANAGER).get(page_of(named))
    assert "You wrote the draft" in page.text
    assert "Confirm the delegation</button>" not in page.text
    [given] = named.house.ledger.state(named.portal.agreement).delegations
    fields = {"authority": given.authority, "delegate": given.delegate}
    answer = named.portal.as_(MANAGER).post(page_of(named), fields, shown_on="/profile")
    assert answer.status_code == 409


def test_a_delegation_nobody_gave_is_not_found(signing):
    assert signing.portal.as_(REVIEWER).get(page_of(signing)).status_code == 404


def test_a_delegate_whom_nobody_confirmed_gets_no_link(named):
    before = len(mails(named.house, "-link-"))
    named.portal.as_("nobody").get(f"/sign/{named.link}")
    commands.mail_again(named.house, named.link)
    links = mails(named.house, "-link-")
    assert len(links) == before + 1
    assert FIRST in links[-1]
