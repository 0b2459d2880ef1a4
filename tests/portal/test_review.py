from __future__ import annotations

import re

import pytest

from flows import commands
from flows.comments import comments_on
from flows.review import Obstacle, obstacle
from schemas.people import Office
from schemas.state import Stage
from tests.installation import MANAGER, REVIEWER
from tests.portal.kit import Portal, text_of

LAWYER, TREASURER = "lawyer@example.org", "treasurer@example.org"


def state(portal: Portal):
    return portal.house.ledger.state(portal.agreement)


def fields(page: str, **more: object) -> dict[str, object]:
    """Return what the form of a page carries, as a browser sends it."""
    found = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    found.pop("csrf")
    return {**found, **more}


@pytest.fixture
def portal(portal_at) -> Portal:
    """Draft 2 is in review, its facts confirmed."""
    return portal_at("second draft")


@pytest.fixture
def at(portal) -> str:
    return f"/review/{portal.agreement}"


def test_the_queue_says_what_waits_and_how_closely_to_look(portal):
    page = portal.as_("reviewer").get("/review")
    told = text_of(page.text)
    assert page.status_code == 200
    assert f'href="/review/{portal.agreement}"' in page.text
    assert "Drafts that wait for you, for Legal" in told
    assert "waits for Legal" in told
    assert "Low risk" in told
    assert f"Review {portal.agreement}" in told


def test_the_queue_of_another_office_is_empty_and_says_so(portal):
    commands.add_person(portal.house, TREASURER, name="Treasurer", roles=("reviewer",), offices=("finance",))
    told = text_of(portal.as_(TREASURER).get("/review").text)
    assert "Nothing waits for your review." in told
    assert str(portal.agreement) not in told


def test_authors_are_told_in_the_queue_that_somebody_else_approves(portal, at):
    manager = portal.as_("manager")
    assert "You are one of the authors of draft 2" in text_of(manager.get("/review").text)
    page = manager.get(at)
    assert f"{at}/approve" not in page.text
    assert "You are one of the authors of draft 2" in text_of(page.text)
    assert "<button" not in manager.get(f"{at}/approve").text.partition("<main")[2]


@pytest.mark.parametrize("role", ["auditor", "administrator", "signatory"])
def test_only_reviewers_review(portal, at, role):
    for path in ("/review", at, f"{at}/approve", f"{at}/return", f"{at}/reject", f"{at}/edit", f"{at}/draft.docx"):
        assert portal.as_(role).get(path).status_code == 403


def test_there_is_nothing_to_review_under_an_unknown_number(portal):
    assert portal.as_("reviewer").get("/review/MOU-2020-0007/approve").status_code == 404


def test_the_review_shows_pages_clauses_and_what_differs(portal, at):
    page = portal.as_("reviewer").get(at)
    told = text_of(page.text)
    content = state(portal).content
    assert page.status_code == 200
    assert f"/documents/{portal.agreement}/pages/{content.pdf}/1.png" in page.text
    assert "clauses differ from draft 1" in told
    assert "Its term ended on 31 August 2022." in told
    assert 'id="clause-confidentiality"' in page.text
    assert "more than ten needs a reason" in told
    assert "<del>" in page.text
    assert "Data:" in told
    assert "Party 1, seat Pardubice (assumed) Pardubice (confirmed)" in told
    assert "<dt>parties[" not in page.text
    folded = re.search(r"<summary lang=.en.>Settled facts: (\d+)</summary>(.*?)</details>", page.text, re.DOTALL)
    assert folded[2].count("<p>") == int(folded[1]) > 1
    assert "parties[0].seat | Pardubice" in folded[2]
    assert "<del>parties[" not in page.text, "what is settled is not struck through"
    against = text_of(portal.as_("reviewer").get(f"{at}?against=template").text)
    assert "clauses differ from the template" in against


def test_what_a_document_says_is_text_and_never_markup(portal_at, monkeypatch):
    from templates.redlines import clause_redline
    from templates.redlines.outline import OutlinedClause

    portal = portal_at("second draft")
    hostile = (OutlinedClause("<script>alert(1)</script>", ("<img src=x onerror=alert(2)>",)),)
    monkeypatch.setattr("flows.review.clauses_of", lambda _: hostile)
    assert clause_redline.clause_changes((), hostile)
    page = portal.as_("reviewer").get(f"/review/{portal.agreement}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_first_draft_is_compared_with_its_template_and_waits_for_facts(portal_at):
    portal = portal_at("in review")
    page = portal.as_("reviewer").get(f"/review/{portal.agreement}")
    told = text_of(page.text)
    assert "clauses differ from the template" in told
    assert "Nobody can approve draft 1 yet" in told
    assert f"/review/{portal.agreement}/approve" not in page.text
    why = text_of(portal.as_("reviewer").get(f"/review/{portal.agreement}/approve").text)
    assert state(portal).open_facts[0] == "parties[0].legal_name"
    assert "Party 1, legal name" in why
    assert "parties[" not in why


def test_a_draft_that_is_being_made_says_so(portal_at):
    portal = portal_at("confirmed")
    page = portal.as_("reviewer").get(f"/review/{portal.agreement}")
    assert page.status_code == 200
    assert "Draft 2 is being made." in text_of(page.text)


def test_a_document_that_is_signed_is_read_on_its_own_page(portal_at):
    portal = portal_at("signing")
    assert portal.as_("reviewer").get(f"/review/{portal.agreement}").headers["location"] == (
        f"/documents/{portal.agreement}"
    )


def test_the_approval_covers_what_the_page_shows(portal, at):
    reviewer = portal.as_("reviewer")
    page = reviewer.get(f"{at}/approve").text
    content = state(portal).content
    sent = fields(page)
    assert {name: sent[name] for name in content.model_dump()} == content.model_dump()
    assert "which was the last approval missing" in text_of(page)
    answer = reviewer.post(f"{at}/approve", sent, shown_on=f"{at}/approve")
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    after = state(portal)
    assert after.stage is Stage.APPROVED
    assert after.approvals[0].covers == content
    told = text_of(reviewer.get("/review").text)
    assert f"You approved draft 2 of {portal.agreement}." in told


def test_the_page_warns_until_the_pages_were_opened(portal, at):
    reviewer = portal.as_("reviewer")
    assert "You have not opened the pages of draft 2 yet" in text_of(reviewer.get(f"{at}/approve").text)
    reviewer.get(at)
    assert "You have not opened" not in text_of(reviewer.get(f"{at}/approve").text)


@pytest.mark.parametrize("name", ["data", "template", "manifest", "docx", "pdf"])
def test_nothing_is_approved_by_digests_of_something_else(portal, at, name):
    reviewer = portal.as_("reviewer")
    sent = fields(reviewer.get(f"{at}/approve").text, **{name: "0" * 64})
    answer = reviewer.post(f"{at}/approve", sent, shown_on=f"{at}/approve")
    assert answer.status_code == 409
    assert "draft 2 is not what you were shown" in text_of(answer.text)
    assert "Approve draft 2</button>" not in answer.text
    assert state(portal).approvals == ()


def test_a_new_draft_is_not_approved_by_the_page_of_the_old_one(portal, at):
    reviewer = portal.as_("reviewer")
    sent = fields(reviewer.get(f"{at}/approve").text)
    revise(portal)
    answer = reviewer.post(f"{at}/approve", sent, shown_on="/review")
    assert answer.status_code == 409
    assert "draft 3 is the current one" in text_of(answer.text)
    assert '<button class="main">' not in answer.text
    assert state(portal).approvals == ()


def revise(portal: Portal) -> None:
    from flows.act import data_of

    document = data_of(portal.house, state(portal).data)
    changed = document.model_copy(update={"notice_days": document.notice_days + 1})
    commands.revise(portal.house, portal.agreement, changed, draft=2, by=MANAGER)


@pytest.mark.parametrize("missing", [{"pdf": ""}, {"draft": "two"}, {"office": "kitchen"}, {"docx": "x"}])
def test_a_form_that_is_not_ours_approves_nothing(portal, at, missing):
    reviewer = portal.as_("reviewer")
    sent = fields(reviewer.get(f"{at}/approve").text, **missing)
    assert reviewer.post(f"{at}/approve", sent, shown_on=f"{at}/approve").status_code == 422
    assert state(portal).approvals == ()


def test_a_double_click_approves_once(portal, at):
    reviewer = portal.as_("reviewer")
    sent = fields(reviewer.get(f"{at}/approve").text)
    answers = [reviewer.post(f"{at}/approve", sent, shown_on="/review") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(state(portal).approvals) == 1
    assert "You have approved draft 2" in text_of(reviewer.get("/review").text)


def test_of_two_reviewers_of_one_office_the_second_hears_of_the_first(portal, at):
    commands.add_person(portal.house, LAWYER, name="Lawyer", roles=("reviewer",), offices=("legal",))
    lawyer, reviewer = portal.as_(LAWYER), portal.as_("reviewer")
    sent = fields(lawyer.get(f"{at}/approve").text)
    assert reviewer.post(f"{at}/approve", sent, shown_on="/review").status_code == 303
    late = lawyer.post(f"{at}/approve", sent, shown_on="/review")
    assert late.status_code == 409
    assert "is approved: it cannot be approved now" in text_of(late.text)
    assert lawyer.post(f"{at}/return", fields(lawyer.get(f"{at}/approve").text, **sent, comment="wait"),
                       shown_on="/review").status_code == 409  # fmt: skip
    assert [approval.person for approval in state(portal).approvals] == [portal.house.people.get(REVIEWER).commitment]


def test_who_holds_several_offices_chooses_one(portal, at):
    commands.add_person(portal.house, LAWYER, name="Lawyer", roles=("reviewer",), offices=tuple(Office))
    person = portal.house.people.get(LAWYER)
    wide = state(portal).model_copy(update={"offices": tuple(Office)})
    assert obstacle(wide, person) is None
    reviewer = portal.house.people.get(REVIEWER)
    assert obstacle(wide.model_copy(update={"offices": (Office.FINANCE,)}), reviewer) is Obstacle.NO_OFFICE


def test_open_comments_are_gathered_into_what_goes_back(portal, at):
    reviewer = portal.as_("reviewer")
    comment(reviewer, at, "confidentiality", "Five years are usual.\nWhy ten?")
    page = reviewer.get(f"{at}/return")
    assert "On Confidentiality: Five years are usual. / Why ten?" in text_of(page.text)
    sent = fields(page.text, comment="On Confidentiality: five years.\nAnd the term.")
    answer = reviewer.post(f"{at}/return", sent, shown_on=f"{at}/return")
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    assert state(portal).stage is Stage.RETURNED
    event = portal.house.ledger.entries(portal.agreement)[-1].entry.event
    assert portal.house.remarks.get(event.remark).text == "On Confidentiality: five years. / And the term."
    assert event.covers.pdf == sent["pdf"]


@pytest.mark.parametrize("act", ["return", "reject"])
def test_nothing_is_decided_without_a_reason(portal, at, act):
    reviewer = portal.as_("reviewer")
    sent = fields(reviewer.get(f"{at}/{act}").text, comment="  ")
    answer = reviewer.post(f"{at}/{act}", sent, shown_on=f"{at}/{act}")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert state(portal).stage is Stage.IN_REVIEW


@pytest.mark.parametrize("act", ["return", "reject"])
def test_a_decision_against_other_bytes_is_refused_and_keeps_the_text(portal, at, act):
    reviewer = portal.as_("reviewer")
    sent = fields(reviewer.get(f"{at}/{act}").text, comment="water is missing", docx="0" * 64)
    answer = reviewer.post(f"{at}/{act}", sent, shown_on=f"{at}/{act}")
    assert answer.status_code == 409
    assert "draft 2 is not what you were shown" in text_of(answer.text)
    assert "water is missing" in answer.text
    assert state(portal).stage is Stage.IN_REVIEW


@pytest.mark.parametrize(("act", "heading"), [("return", "Return draft 2"), ("reject", "(Draft 2)")])
def test_a_draft_that_was_not_on_screen_is_not_decided_about(portal, at, act, heading):
    reviewer = portal.as_("reviewer")
    [link] = re.findall(rf'href="({at}/{act}\?[^"]*)"', reviewer.get(at).text)
    page = reviewer.get(link)
    assert page.status_code == 200
    assert heading in text_of(page.text)
    revise(portal)
    page = reviewer.get(link)
    assert page.status_code == 409
    assert "Draft 3 was made since you opened this." in text_of(page.text)
    assert f'action="{at}/{act}"' not in page.text


def test_what_the_reviewer_wrote_stands_on_the_returned_document_and_where_it_is_changed(portal, at, monkeypatch):
    reviewer, manager = portal.as_("reviewer"), portal.as_("manager")
    document = f"/documents/{portal.agreement}"
    pages = (document, f"{document}/amend")
    assert not any("The reviewer wrote" in manager.get(page).text for page in pages)
    sent = fields(reviewer.get(f"{at}/return").text, comment="Water is missing.")
    reviewer.post(f"{at}/return", sent, shown_on=f"{at}/return")
    for page in pages:
        assert "Draft 2 was returned. The reviewer wrote: Water is missing." in text_of(manager.get(page).text)
    monkeypatch.setattr(portal.house.remarks, "get", lambda commitment: None)
    for page in pages:
        assert "The reviewer wrote: (erased)" in text_of(manager.get(page).text)


def test_a_rejection_ends_the_agreement(portal, at):
    reviewer = portal.as_("reviewer")
    sent = fields(reviewer.get(f"{at}/reject").text, comment="No such partner.")
    assert reviewer.post(f"{at}/reject", sent, shown_on=f"{at}/reject").status_code == 303
    assert state(portal).stage is Stage.ENDED
    assert "is rejected and has ended." in text_of(reviewer.get("/review").text)


def comment(reviewer, at: str, anchor: str, text: str, **more: object):
    shown = reviewer.get(at).text
    found = next(form for form in re.findall(r"<form.*?</form>", shown, re.DOTALL) if f'value="{anchor}"' in form)
    return reviewer.post(f"{at}/comments", {**fields(found), "text": text, **more}, shown_on=at)


def test_a_comment_stands_at_its_clause(portal, at):
    reviewer = portal.as_("reviewer")
    answer = comment(reviewer, at, "term", "Ends too early.")
    assert answer.headers["location"] == f"{at}?against=draft#clause-term"
    [one] = comments_on(portal.house, portal.agreement)
    assert (one.anchor, one.heading, one.draft) == ("term", "Term and renewal", 2)
    card = reviewer.get(at).text.partition('id="clause-term"')[2].partition("</section>")[0]
    assert "Ends too early." in card
    assert "Comment by you on draft 2" in text_of(card)


def test_an_empty_comment_is_shown_again_beside_its_clause(portal, at):
    answer = comment(portal.as_("reviewer"), at, "term", "")
    assert answer.status_code == 422
    assert 'href="#text-term"' in answer.text
    assert re.search(r'id="text-term"[^>]*aria-invalid="true"', answer.text)
    assert comments_on(portal.house, portal.agreement) == ()


def test_a_comment_that_cannot_be_kept_is_not_lost(portal, at):
    answer = comment(portal.as_("reviewer"), at, "term", "turned \u202e around")
    assert answer.status_code == 422
    assert "turned \u202e around" in answer.text


def test_the_same_comment_sent_twice_is_one(portal, at):
    reviewer = portal.as_("reviewer")
    for _ in range(2):
        comment(reviewer, at, "term", "Ends too early.", key="one")
    comment(reviewer, at, "term", "And begins too late.", key="one")
    assert [one.text for one in comments_on(portal.house, portal.agreement)] == [
        "Ends too early.",
        "And begins too late.",
    ]


def test_one_changes_and_deletes_only_ones_own_comment(portal, at):
    reviewer, manager = portal.as_("reviewer"), portal.as_("manager")
    comment(reviewer, at, "term", "Ends too early.")
    [one] = comments_on(portal.house, portal.agreement)
    path = f"{at}/comments/{one.id}"
    assert manager.get(path).status_code == 403
    assert manager.post(path, {"text": "fine"}, shown_on="/review").status_code == 403
    assert manager.post(f"{path}/delete", shown_on=at).status_code == 403
    assert reviewer.post(path, {"text": ""}, shown_on=path).status_code == 422
    assert reviewer.post(path, {"text": "Ends too late."}, shown_on=path).status_code == 303
    assert comments_on(portal.house, portal.agreement)[0].text == "Ends too late."
    assert reviewer.post(f"{path}/delete", shown_on=path).status_code == 303
    assert comments_on(portal.house, portal.agreement) == ()
    assert reviewer.get(path).status_code == 409


def test_after_the_decision_a_comment_stays_as_it_is_until_it_is_settled(portal, at):
    reviewer = portal.as_("reviewer")
    comment(reviewer, at, "term", "Ends too early.")
    [one] = comments_on(portal.house, portal.agreement)
    path = f"{at}/comments/{one.id}"
    sent = fields(reviewer.get(f"{at}/return").text, comment="see there")
    reviewer.post(f"{at}/return", sent, shown_on=f"{at}/return")
    assert reviewer.get(path).status_code == 403
    assert reviewer.post(path, {"text": "other"}, shown_on="/review").status_code == 409
    assert reviewer.post(f"{path}/delete", shown_on="/review").status_code == 409
    assert comments_on(portal.house, portal.agreement) == (one,)
    assert portal.as_("manager").post(f"{path}/settle", {"settled": "yes"}, shown_on="/review").status_code == 409
    assert reviewer.post(f"{path}/settle", {"settled": "yes"}, shown_on="/review").status_code == 303
    assert not comments_on(portal.house, portal.agreement)[0].is_open
    reviewer.post(f"{path}/settle", {"settled": "no"}, shown_on="/review")
    assert comments_on(portal.house, portal.agreement) == (one,)


def test_comments_of_another_agreement_are_not_found_under_this_one(portal, at):
    from flows.comments import comment_of
    from schemas.errors import Refused
    from schemas.evidence import AgreementId

    comment(portal.as_("reviewer"), at, "term", "Ends too early.")
    [one] = comments_on(portal.house, portal.agreement)
    with pytest.raises(Refused, match="not there any more"):
        comment_of(portal.house, AgreementId("MOU-2020-0001"), one.id)


def test_authority_to_be_confirmed_stands_below_the_queue(portal_at):
    from tests.flows.test_delegation import delegate

    portal = portal_at("signing")
    assert "Authority to be confirmed" not in portal.as_("reviewer").get("/review").text
    delegate(portal.house, portal.agreement)
    page = portal.as_("reviewer").get("/review").text
    assert re.search(rf'href="/delegations/{portal.agreement}/[a-z-]+"', page)


def test_the_page_of_a_review_is_light(portal_at):
    portal = portal_at("second draft")
    for against in ("draft", "template"):
        page = portal.as_("reviewer").get(f"/review/{portal.agreement}?against={against}")
        assert len(page.content) < 150_000
