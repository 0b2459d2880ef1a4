from __future__ import annotations

import json
import re

import pytest

from flows.act import data_of
from portal.data_view import parts_of
from portal.language import Language
from portal.values import written
from schemas.fact import Status
from schemas.fields import Kind
from tests.installation import FIRST
from tests.portal.kit import text_of

TABS = ("", "/changes", "/data", "/signatures", "/timeline", "/evidence")
TITLE = "Memorandum of Understanding on green and smart solutions for small cities"


def address(portal, rest=""):
    return f"/documents/{portal.agreement}{rest}"


def page(portal, rest="", role="auditor"):
    answer = portal.as_(role).get(address(portal, rest))
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("point", ["requested", "archived"])
def test_every_tab_stands_under_title_state_and_steps(portal_at, point):
    portal = portal_at(point)
    visitor = portal.as_("auditor")
    for tab in TABS:
        answer = visitor.get(address(portal, tab))
        assert answer.status_code == 200
        assert answer.text.count("<h1") == 1
        assert TITLE in answer.text
        assert 'class="stepper"' in answer.text
        assert len(answer.content) < 150_000


def test_a_document_is_not_read_by_administrators_nor_by_nobody(portal_at):
    portal = portal_at("signing")
    for role, status in (("administrator", {403, 404}), ("nobody", {303})):
        visitor = portal.as_(role)
        assert {visitor.get(address(portal, tab)).status_code for tab in TABS} <= status


def test_who_only_signs_reads_what_is_to_be_signed_and_nothing_that_came_before(portal_at):
    portal = portal_at("signing")
    visitor, prepared = portal.as_("signatory"), portal.house.ledger.state(portal.agreement).pdf
    answers = {tab: visitor.get(address(portal, tab)).status_code for tab in TABS}
    assert [tab for tab, status in answers.items() if status == 200] == ["", "/signatures"]
    assert "/timeline" not in visitor.get(address(portal, "")).text
    assert visitor.get(address(portal, f"/pages/{prepared}/1.png")).status_code == 200
    assert visitor.get(address(portal, "/pages/2/1.png")).status_code == 404
    assert visitor.get(address(portal, "") + "?show=1").status_code == 404


def test_who_only_signs_reads_nothing_before_there_is_something_to_sign(portal_at):
    portal = portal_at("second draft")
    assert portal.as_("signatory").get(address(portal, "")).status_code == 404


def test_another_signatory_learns_as_much_as_of_a_document_that_is_not_there(portal_at):
    from flows.commands import add_person

    portal = portal_at("signing")
    add_person(portal.house, "stranger@example.org", name="Stranger", roles=("signatory",))
    visitor = portal.as_("stranger@example.org")
    rests = (*TABS, "/files/pdf", "/pages/2/1.png")
    theirs = [visitor.get(address(portal, rest)) for rest in rests]
    missing = [visitor.get(f"/documents/MOU-1999-0001{rest}") for rest in rests]
    assert {one.status_code for one in theirs} == {403, 404}
    assert [one.text for one in theirs] == [one.text for one in missing]


ACTS = {
    "in review": {"manager": ["Confirm open facts (", "Change the data", "Remind", "Withdraw"]},
    "second draft": {"reviewer": ["Review draft 2"], "auditor": []},
    "signing": {"signatory": ["Sign<"]},
    "signed once": {"signatory": [], "manager": ["Change the data, and void the signatures", "Remind", "Withdraw"]},
    "archived": {"manager": ["Amend, renew or end it"], "auditor": ["Download the dossier"], "reviewer": []},
}


@pytest.mark.parametrize("point", ACTS)
def test_only_what_this_person_may_do_now_is_offered(portal_at, point):
    portal = portal_at(point)
    for role, labels in ACTS[point].items():
        acts = page(portal, "/signatures", role).partition('<ul class="acts">')[2].partition("</ul>")[0]
        assert acts.count("<li>") == len(labels)
        for label in labels:
            assert label in acts


def test_pages_are_images_with_their_text_beside_them(portal_at):
    portal = portal_at("signed once")
    shown, pdf = page(portal), portal.house.ledger.state(portal.agreement).pdf
    assert f'src="{address(portal)}/pages/{pdf}/1.png"' in shown
    assert "Signed by " in text_of(shown)
    assert "between Nanoprogress, z.s." in text_of(shown)
    image = portal.as_("signatory").get(address(portal, f"/pages/{pdf}/1.png"))
    assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
    assert image.headers["cache-control"].startswith("private")


def test_other_pages_are_shown_when_asked_for(portal_at):
    portal = portal_at("signed once")
    for rest in ("?show=1", "?first=3", "?first=0", "?first=999"):
        assert "page-image" in page(portal, rest)


def test_what_the_document_does_not_have_is_not_found(portal_at):
    portal = portal_at("signed once")
    visitor = portal.as_("auditor")
    rests = ("?show=9", "?show=" + "0" * 64, "/pages/9/1.png", "/pages/2/99.png", "/pages/2/0.png", "/files/pages")
    assert {visitor.get(address(portal, rest)).status_code for rest in rests} == {404}


def test_a_long_document_is_shown_part_by_part(portal_at, monkeypatch):
    monkeypatch.setattr("portal.routes.document.PAGES_AT_ONCE", 2)
    portal = portal_at("second draft")
    shown = page(portal, "?first=3")
    assert 'id="page-3"' in shown
    assert 'id="page-5"' not in shown
    assert "Pages 3 to 4 of 6" in text_of(shown)


def test_pages_that_cannot_be_drawn_are_told_and_everything_else_stays(portal_at, monkeypatch):
    monkeypatch.setattr("flows.page_images._bytes_of", lambda *_: b"no PDF")
    assert "the pages cannot be drawn" in text_of(page(portal_at("second draft")))


def test_changes_are_shown_field_by_field_and_word_by_word(portal_at):
    portal = portal_at("second draft")
    shown = page(portal, "/changes")
    assert "<del>Pardubice (assumed)</del>" in shown
    assert "<ins>Pardubice (confirmed)</ins>" in shown
    assert "Party 1, seat" in shown
    assert '<th scope="row">parties[' not in shown
    assert re.search(r"<summary lang=.en.>Settled facts: \d+</summary>\s*<p>parties\[0\]", shown)
    assert "<del>parties[" not in shown, "what is settled is not struck through"
    against = page(portal, "/changes?against=template")
    assert "The text is the same." in against or "<ins>" in against
    assert page(portal, "/changes?against=7").count("draft 1") == shown.count("draft 1")


def test_the_first_draft_is_compared_with_its_template(portal_at):
    assert "<strong>the template</strong>" in page(portal_at("in review"), "/changes")


def test_open_facts_are_marked_and_say_whose_they_are(portal_at):
    shown = text_of(page(portal_at("in review"), "/data"))
    assert "facts are open" in shown
    assert "assumed" in shown
    assert "confirms it" in shown


def test_no_value_of_the_data_is_left_out(portal_at):
    portal = portal_at("in review")
    document = data_of(portal.house, portal.house.ledger.state(portal.agreement).data)
    english = Language("en")
    fields = [field for part in parts_of(document, english) for _, group in part.groups for field in group]
    assert {field.status for field in fields} >= {Status.ASSUMED, Status.STATED}
    said = "\n".join(text for field in fields for text in (field.value, field.source or "", *field.claims))
    for text in _texts(json.loads(document.model_dump_json())):
        kind = Kind.DAY if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else Kind.COUNTRY
        assert written(english, kind, text) in said


def _texts(content, name=""):
    if name in {"type", "status", "owner", "currency", "amount"}:
        return
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _texts(value, key)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
    elif isinstance(content, str) and content:
        yield content


def test_signatures_say_how_with_what_effect_and_when(portal_at):
    shown = text_of(page(portal_at("second invited"), "/signatures"))
    assert "1 of 2 have signed" in shown
    assert "AdES: advanced electronic signature" in shown
    assert "waits asked to sign" in shown


def test_the_timeline_says_who_in_which_role_when_with_zone_and_on_what(portal_at):
    portal = portal_at("archived")
    shown = text_of(page(portal, "/timeline"))
    assert re.search(r"Reviewer approved draft 2 for Legal [-0-9]{10} [:0-9]{8} UTC · Reviewer · [0-9a-f]{12}", shown)
    assert "for-gssc" not in shown
    assert shown.count("UTC ·") == len(portal.house.ledger.entries(portal.agreement))


def test_evidence_says_digests_whole_and_where_the_ledger_has_the_entries(portal_at):
    portal = portal_at("archived")
    state, shown = portal.house.ledger.state(portal.agreement), page(portal, "/evidence")
    for digest in (state.data, state.content.docx, state.pdf, state.receipt.sha256):
        assert digest in shown
    for recorded in portal.house.ledger.entries(portal.agreement):
        assert f'<td class="number">{recorded.leaf_index}</td>' in shown


def test_files_are_given_under_a_safe_name(portal_at):
    portal = portal_at("signing")
    visitor = portal.as_("manager")
    for what, begins, name in (
        ("pdf", b"%PDF", ".pdf"),
        ("docx", b"PK", "-draft-2.docx"),
        ("data", b"{", "-draft-2.json"),
    ):
        answer = visitor.get(address(portal, f"/files/{what}"))
        assert answer.content.startswith(begins)
        assert answer.headers["content-disposition"] == f'attachment; filename="{portal.agreement}{name}"'
        assert answer.headers["cache-control"] == "no-store"


def test_signatories_get_the_pdf_and_not_what_it_was_made_from(portal_at):
    portal = portal_at("signing")
    visitor = portal.as_(FIRST)
    statuses = [visitor.get(address(portal, f"/files/{what}")).status_code for what in ("pdf", "docx", "data")]
    assert statuses == [200, 404, 404]


def test_a_draft_with_a_number_beyond_reading_is_none_to_compare_with(portal_at):
    assert "<strong>draft 1</strong>" in page(portal_at("second draft"), "/changes?against=" + "9" * 5000)


def test_a_document_names_whom_it_waits_for_and_a_list_says_how_many(portal_at):
    portal = portal_at("signing")
    manager = portal.as_("manager")
    assert "waits for Signatory for the GSSC partnership" in text_of(manager.get(f"/documents/{portal.agreement}").text)
    listed = text_of(manager.get("/documents").text)
    assert "waits for a signature" in listed
    assert "for-gssc" not in listed


@pytest.mark.parametrize(("role", "searches"), [("manager", True), ("auditor", True), ("administrator", False)])
def test_only_who_reads_documents_searches_them(portal_at, role, searches):
    assert ('role="search"' in portal_at("requested").as_(role).get("/profile").text) is searches
