from __future__ import annotations

import io
import re

import docx
import pytest

from archive.layout import working_key
from flows import commands
from flows.act import data_of
from flows.collect import collect
from flows.conclude import conclude
from flows.dossiers import dossier_of
from flows.draft import draft
from flows.prepare import prepare
from flows.publish import publish
from flows.texts import kept_text
from flows.timeline import happened
from flows.verification import verify_file
from flows.wiring import Installation
from schemas.errors import FourEyes, InputError, NotAuthorised, Refused, RefusedTransition, StaleBase
from schemas.events import Office
from schemas.evidence import AgreementId, Verdict, digest_of
from schemas.manifest import DraftManifest
from schemas.state import Stage
from templates.package import pack, packed, unpacked
from templates.word_file import read_word_file
from tests.installation import FIRST, MANAGER, REVIEWER, SECOND, sign

pytestmark = pytest.mark.office

LAWYER, TREASURER, DIRECTOR = "lawyer@example.org", "treasurer@example.org", "director@example.org"
SENTENCE = "The Parties also share what they learn about water."
NOTE = "This draft was edited by hand."


def with_sentence(text: bytes, sentence: str = SENTENCE) -> bytes:
    """Return a draft with a sentence added to its first clause, as a word processor saves it."""
    word = docx.Document(io.BytesIO(text))
    heading = next(number for number, one in enumerate(word.paragraphs) if one.text == "Purpose")
    word.paragraphs[heading + 1].add_run(f" {sentence}")
    target = io.BytesIO()
    word.save(target)
    return target.getvalue()


@pytest.fixture
def house(at) -> Installation:
    """Draft 2 is in review, its facts confirmed; there is one reviewer of each office besides the one who edits."""
    house = at("second draft")
    for email, office in ((LAWYER, "legal"), (TREASURER, "finance"), (DIRECTOR, "director")):
        commands.add_person(house, email, name="Reviewer", roles=("reviewer",), offices=(office,))
    return house


@pytest.fixture
def text(house, agreement) -> bytes:
    """Draft 2 with a sentence added."""
    return with_sentence(kept_text(house, agreement, 2))


@pytest.fixture
def edited(house, agreement, text) -> Installation:
    """The reviewer's edited text has become draft 3, which is in review."""
    commands.edit(house, agreement, text, draft=2, by=REVIEWER, comment="water")
    draft(house, agreement, 3)
    return house


def lines(house: Installation, agreement: AgreementId, number: int) -> tuple[str, ...]:
    return read_word_file(kept_text(house, agreement, number)).paragraphs


def test_an_edited_text_becomes_the_next_draft_and_says_so(edited, agreement, text):
    state = edited.ledger.state(agreement)
    assert (state.stage, state.draft, state.edited) == (Stage.IN_REVIEW, 3, digest_of(text))
    assert state.offices == tuple(Office)
    told = lines(edited, agreement, 3)
    assert any(line.endswith(SENTENCE) for line in told)
    assert told.count(NOTE) == 1
    assert f"{agreement}, draft 3" in told
    assert not any("draft 2" in line for line in told)
    key = working_key(agreement, state.content.manifest, "json")
    assert DraftManifest.model_validate_json(edited.store.get(key)).edited_by_hand == digest_of(text)
    assert any("edited by hand to draft 3" in row.what for row in happened(edited, agreement))


def test_whoever_edited_cannot_approve_and_every_office_must(edited, agreement):
    with pytest.raises(FourEyes):
        commands.approve(edited, agreement, draft=3, by=REVIEWER)
    commands.approve(edited, agreement, draft=3, by=LAWYER)
    commands.approve(edited, agreement, draft=3, by=TREASURER)
    assert edited.ledger.state(agreement).missing_offices == (Office.DIRECTOR,)
    commands.approve(edited, agreement, draft=3, by=DIRECTOR, office=Office.DIRECTOR)
    assert edited.ledger.state(agreement).stage is Stage.APPROVED


def test_a_second_edit_keeps_the_first_and_voids_the_approvals(edited, agreement):
    commands.approve(edited, agreement, draft=3, by=LAWYER)
    again = with_sentence(kept_text(edited, agreement, 3), "And about energy.")
    commands.edit(edited, agreement, again, draft=3, by=DIRECTOR, comment="energy")
    assert edited.ledger.state(agreement).approvals == ()
    draft(edited, agreement, 4)
    told = lines(edited, agreement, 4)
    assert any(line.endswith(f"{SENTENCE} And about energy.") for line in told)
    assert told.count(NOTE) == 1
    assert f"{agreement}, draft 4" in told
    for editor in (REVIEWER, DIRECTOR):
        with pytest.raises(FourEyes):
            commands.approve(edited, agreement, draft=4, by=editor)


def test_a_returned_draft_may_be_edited(house, agreement, text):
    commands.return_draft(house, agreement, draft=2, by=LAWYER, comment="say more")
    assert commands.edit(house, agreement, text, draft=2, by=REVIEWER, comment="water").state.stage is Stage.REQUESTED


def test_the_same_edit_again_is_the_same_draft(house, agreement, text):
    assert commands.edit(house, agreement, text, draft=2, by=REVIEWER, comment="water").changed
    size, due = house.ledger.size, house.outbox.due()
    again = commands.edit(house, agreement, text, draft=2, by=REVIEWER, comment="water")
    assert (again.changed, again.state.draft, house.ledger.size) == (False, 3, size)
    assert house.outbox.due() == due
    draft(house, agreement, 3)
    assert not commands.edit(house, agreement, text, draft=2, by=REVIEWER, comment="water").changed


def test_new_data_does_not_take_edits_away_unasked(edited, agreement, example):
    with pytest.raises(Refused, match="would lose those edits") as refusal:
        commands.revise(edited, agreement, example, draft=3, by=MANAGER)
    assert "--discard-edits" in refusal.value.remedy
    assert edited.ledger.state(agreement).draft == 3
    done = commands.revise(edited, agreement, example, draft=3, by=MANAGER, discard_edits=True)
    assert (done.state.draft, done.state.edited, done.state.offices) == (4, None, (Office.LEGAL,))
    draft(edited, agreement, 4)
    assert not any(SENTENCE in line or line == NOTE for line in lines(edited, agreement, 4))


def refused(house: Installation, agreement: AgreementId, text: bytes, *, number: int = 2, by: str = REVIEWER) -> None:
    before = house.ledger.size, house.outbox.due()
    try:
        commands.edit(house, agreement, text, draft=number, by=by, comment="water")
    finally:
        assert (house.ledger.size, house.outbox.due()) == before


def test_what_cannot_be_a_draft_is_refused_and_changes_nothing(house, agreement, text):
    current = kept_text(house, agreement, 2)
    with pytest.raises(NotAuthorised):
        refused(house, agreement, text, by=MANAGER.replace("manager", "stranger"))
    with pytest.raises(StaleBase):
        refused(house, agreement, text, number=1)
    with pytest.raises(Refused, match="that of draft 2 already"):
        refused(house, agreement, current)
    with pytest.raises(InputError):
        refused(house, agreement, b"no Word file")
    with pytest.raises(InputError, match=f"{agreement}, draft 2"):
        refused(house, agreement, with_sentence(kept_text(house, agreement, 1)))


def test_a_text_without_its_header_is_refused(house, agreement, text):
    word = docx.Document(io.BytesIO(text))
    for section in word.sections:
        section.header.is_linked_to_previous = True
        section.first_page_header.is_linked_to_previous = True
    target = io.BytesIO()
    word.save(target)
    with pytest.raises(InputError, match=f"{agreement}, draft 2 Data"):
        refused(house, agreement, target.getvalue())


def test_unresolved_changes_are_refused(house, agreement, text):
    word = docx.Document(io.BytesIO(text))
    run = next(one for one in word.paragraphs if one.text.endswith(SENTENCE)).runs[-1]._r
    change = run.makeelement(f"{{{run.nsmap['w']}}}ins", {f"{{{run.nsmap['w']}}}author": "A"})
    run.addprevious(change)
    change.append(run)
    target = io.BytesIO()
    word.save(target)
    with pytest.raises(InputError):
        refused(house, agreement, target.getvalue())


def test_an_approved_draft_is_not_edited_any_more(at, agreement):
    house = at("approved")
    with pytest.raises(RefusedTransition):
        commands.edit(
            house, agreement, with_sentence(kept_text(house, agreement, 2)), draft=2, by=REVIEWER, comment="water"
        )


def test_an_edited_document_is_signed_and_its_dossier_says_that_it_was_edited(edited, agreement, text, tmp_path):
    for reviewer in (LAWYER, TREASURER, DIRECTOR):
        commands.approve(edited, agreement, draft=3, by=reviewer)
    prepare(edited, agreement, 3)
    for number, email in enumerate((FIRST, SECOND)):
        collect(edited, agreement, number)
        sign(edited, agreement, email)
    collect(edited, agreement, 2)
    conclude(edited, agreement, 2)
    publish(edited, agreement, 2)
    path = tmp_path / "dossier.zip"
    path.write_bytes(dossier_of(edited, agreement))
    report = verify_file(path, edited.verification_keys())
    assert report.verdict is Verdict.VALID, report
    assert "then edited by hand" in report.model_dump_json()
    assert digest_of(text) == edited.ledger.state(agreement).edited


def test_an_edit_that_moves_a_signature_block_is_refused(house, agreement, text):
    swapped = changed_part(text, "word/document.xml", lambda xml: xml.replace(b"(signatory for-gssc)", b"(signatory x)")
                           .replace(b"(signatory for-chamber)", b"(signatory for-gssc)")
                           .replace(b"(signatory x)", b"(signatory for-chamber)"))  # fmt: skip
    with pytest.raises(InputError, match="signature blocks were changed"):
        commands.edit(house, agreement, swapped, draft=2, by=REVIEWER, comment="water")


def test_an_edit_without_a_signature_block_is_refused(house, agreement, text):
    without = changed_part(text, "word/document.xml", lambda xml: re.sub(rb"<w:drawing>.*?</w:drawing>", b"", xml))
    with pytest.raises(InputError, match="signature blocks were changed"):
        commands.edit(house, agreement, without, draft=2, by=REVIEWER, comment="water")


def test_a_draft_with_open_facts_is_not_edited(at, agreement):
    house = at("in review")
    with pytest.raises(Refused, match="has open facts"):
        commands.edit(
            house, agreement, with_sentence(kept_text(house, agreement, 1)), draft=1, by=REVIEWER, comment="water"
        )


def test_an_edit_can_be_taken_back_with_the_same_data(edited, agreement):
    document = data_of(edited, edited.ledger.state(agreement).data)
    done = commands.revise(edited, agreement, document, draft=3, by=MANAGER, discard_edits=True)
    assert (done.state.draft, done.state.edited, done.state.offices) == (4, None, (Office.LEGAL,))


def changed_part(text, name, change):
    """Return a Word file with one part changed."""
    parts = unpacked(text)
    return packed(pack(part, change(content) if part == name else content) for part, content in parts.items())
