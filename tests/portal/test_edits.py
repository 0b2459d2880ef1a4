from __future__ import annotations

import io
import zipfile

import pytest

from flows import commands
from flows.texts import kept_text
from portal.routes.edits import LARGEST_WORD_FILE_BYTES, WORD_FILE
from schemas.evidence import digest_of
from schemas.people import Office
from schemas.state import Stage
from tests.flows.test_editing import SENTENCE, with_sentence
from tests.installation import REVIEWER
from tests.portal.kit import Portal, Visitor, text_of

pytestmark = pytest.mark.office


@pytest.fixture
def portal(portal_at) -> Portal:
    """Draft 2 is in review, its facts confirmed."""
    return portal_at("second draft")


@pytest.fixture
def at(portal) -> str:
    return f"/review/{portal.agreement}"


@pytest.fixture
def edited(portal) -> bytes:
    return with_sentence(kept_text(portal.house, portal.agreement, 2))


def state(portal: Portal):
    return portal.house.ledger.state(portal.agreement)


def send(visitor: Visitor, at: str, content: bytes | None, *, draft: int = 2):
    files = {} if content is None else {"file": ("the <edited>.docx", content, WORD_FILE)}
    return visitor.post(f"{at}/edit", {"draft": draft}, shown_on=f"{at}/edit", files=files)


def test_the_word_file_is_handed_out_under_a_safe_name(portal, at):
    answer = portal.as_("reviewer").get(f"{at}/draft.docx")
    assert answer.content == kept_text(portal.house, portal.agreement, 2)
    assert answer.headers["content-disposition"] == f'attachment; filename="{portal.agreement}-draft-2.docx"'
    assert answer.headers["content-type"] == WORD_FILE


def test_an_edited_file_shows_what_it_changes_before_anything_is_changed(portal, at, edited):
    reviewer, size = portal.as_("reviewer"), portal.house.ledger.size
    answer = send(reviewer, at, edited)
    assert answer.headers["location"] == f"{at}/edit/{digest_of(edited)}"
    page = reviewer.get(answer.headers["location"])
    told = text_of(page.text)
    assert f"<ins> {SENTENCE}</ins>" in page.text
    assert "Clauses that differ from draft 2: 1. Nothing is changed yet." in told
    assert "Your text becomes draft 3" in told
    assert portal.house.ledger.size == size


def test_what_was_shown_becomes_the_next_draft_once(portal, at, edited):
    reviewer = portal.as_("reviewer")
    place = send(reviewer, at, edited).headers["location"]
    assert reviewer.post(place, {"comment": " "}, shown_on=place).status_code == 422
    assert state(portal).draft == 2
    for _ in range(2):
        answer = reviewer.post(place, {"comment": "water\nand why"}, shown_on="/review")
        assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    after = state(portal)
    assert (after.stage, after.draft, after.edited) == (Stage.REQUESTED, 3, digest_of(edited))
    assert after.offices == tuple(Office)
    assert portal.house.uploaded_edits.find(portal.agreement, portal.house.people.get(REVIEWER).commitment) is None
    assert reviewer.get(place).status_code == 409


def test_a_file_somebody_else_uploaded_is_not_shown_nor_taken(portal, at, edited):
    place = send(portal.as_("reviewer"), at, edited).headers["location"]
    manager = portal.as_("manager")
    assert manager.get(place).status_code == 409
    assert manager.post(place, {"comment": "mine"}, shown_on="/review").status_code == 409
    assert state(portal).draft == 2


def test_a_file_may_be_deleted_and_waits_for_a_day_only(portal, at, edited):
    from datetime import timedelta

    reviewer = portal.as_("reviewer")
    place = send(reviewer, at, edited).headers["location"]
    assert reviewer.post(f"{place}/discard", shown_on=place).status_code == 303
    assert reviewer.get(place).status_code == 409
    send(reviewer, at, edited)
    assert reviewer.get(place).status_code == 200
    portal.clock.now += timedelta(days=1)
    assert portal.as_("reviewer").get(place).status_code == 409


def test_a_file_made_of_another_draft_is_refused_when_it_is_accepted(portal, at, edited):
    reviewer = portal.as_("reviewer")
    place = send(reviewer, at, edited).headers["location"]
    other = with_sentence(kept_text(portal.house, portal.agreement, 2), "Something else.")
    commands.add_person(portal.house, "lawyer@example.org", name="Lawyer", roles=("reviewer",))
    commands.edit(portal.house, portal.agreement, other, draft=2, by="lawyer@example.org", comment="first")
    answer = reviewer.post(place, {"comment": "water"}, shown_on="/review")
    assert answer.status_code == 409
    assert "draft 3 is the current one" in text_of(answer.text)


def bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b"<" * (8 * 1024 * 1024))
    return target.getvalue()


def with_macro(content: bytes) -> bytes:
    target = io.BytesIO(content)
    with zipfile.ZipFile(target, "a") as package:
        package.writestr("word/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    return target.getvalue()


HOSTILE = {
    "none": lambda _: None,
    "no zip": lambda _: b"%PDF-1.7",
    "bomb": lambda _: bomb(),
    "macro": with_macro,
    "too large": lambda content: content + bytes(LARGEST_WORD_FILE_BYTES),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_harmless_word_file_is_refused_on_the_form(portal, at, edited, kind):
    reviewer = portal.as_("reviewer")
    answer = send(reviewer, at, HOSTILE[kind](edited))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert portal.house.uploaded_edits.find(portal.agreement, portal.house.people.get(REVIEWER).commitment) is None


def test_the_unchanged_file_is_refused_on_the_form(portal, at):
    answer = send(portal.as_("reviewer"), at, kept_text(portal.house, portal.agreement, 2))
    assert answer.status_code == 409
    assert "the text is that of draft 2 already" in text_of(answer.text)


def test_while_facts_are_open_nothing_is_edited(portal_at):
    portal = portal_at("in review")
    page = portal.as_("reviewer").get(f"/review/{portal.agreement}/edit")
    assert "Facts are still open" in text_of(page.text)
    assert 'type="file"' not in page.text


def test_after_approval_nothing_is_edited(portal_at):
    portal = portal_at("approved")
    page = portal.as_("reviewer").get(f"/review/{portal.agreement}/edit")
    assert "cannot be edited now" in text_of(page.text)
