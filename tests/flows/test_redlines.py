from __future__ import annotations

from datetime import datetime

import pytest

from flows import commands
from flows.draft import draft
from flows.editing import edit
from flows.redlines import against_template, as_word_file, between_drafts
from flows.texts import kept_text
from schemas.errors import Refused
from schemas.loader import load_document
from tests.flows.test_editing import SENTENCE, with_sentence
from tests.installation import EXAMPLE, MANAGER, REVIEWER
from tests.templates.redlines.revisions import W, accepted, rejected, revisions, written

pytestmark = pytest.mark.office

MARKS = ("Cover", "Record of this document", "Headers and footers")


def test_a_draft_is_compared_with_the_one_before_field_by_field_and_clause_by_clause(at, agreement):
    found = between_drafts(at("second draft"), agreement)
    assert (found.before_label, found.after_label, found.language) == ("draft 1", "draft 2", "en")
    confirmed = next(change for change in found.changes if change.path == "parties[gssc].legal_name")
    assert (confirmed.before, confirmed.after) == ("Nanoprogress, z.s. (assumed)", "Nanoprogress, z.s. (confirmed)")
    assert "Parties" in found.clauses
    assert "Confidentiality" not in found.clauses
    page = found.page().decode()
    assert f"<h1>{agreement}: " in page
    assert "parties<wbr>[gssc].<wbr>legal_name" in page


def test_an_edit_is_in_the_text_and_not_in_the_data(at, agreement):
    house = at("second draft")
    edit(house, agreement, with_sentence(kept_text(house, agreement, 2)), draft=2, by=REVIEWER, comment="water")
    draft(house, agreement, 3)
    found = between_drafts(house, agreement)
    assert found.changes == ()
    assert tuple(clause for clause in found.clauses if clause not in MARKS) == ("Purpose",)
    assert SENTENCE in found.page().decode()
    word = as_word_file(house, found)
    assert accepted(word) == written(kept_text(house, agreement, 3))
    assert rejected(word) == written(kept_text(house, agreement, 2))
    assert {change.get(f"{W}author") for change in revisions(word)} == {"Convenio"}
    (date,) = {change.get(f"{W}date") for change in revisions(word)}
    assert datetime.fromisoformat(date) <= house.clock.now
    template = against_template(house, agreement)
    assert "Purpose" in template.clauses
    assert "Confidentiality" not in template.clauses


def test_against_its_template_only_what_the_data_changes_in_clauses_differs(house):
    data = load_document(EXAMPLE).model_dump(mode="json")
    data["choices"] = [{"clause": "confidentiality", "use": "confidentiality-brief"}]
    data["clauses"] = [{"id": "visits", "heading": "Visits", "paragraphs": ["Each Party visits the other."]}]
    document = type(load_document(EXAMPLE)).model_validate(data)
    agreement = commands.request(house, document, by=MANAGER).state.agreement
    draft(house, agreement, 1)
    found = against_template(house, agreement)
    assert (found.before_label, found.after_label) == ("template mou, version 1", "draft 1")
    assert found.clauses == ("Confidentiality", "Visits")
    assert found.changes == ()


def test_drafts_that_are_not_there_cannot_be_compared(at, agreement):
    house = at("in review")
    with pytest.raises(Refused, match="no draft before draft 1") as refusal:
        between_drafts(house, agreement)
    assert "--against template" in refusal.value.remedy
    with pytest.raises(Refused, match="there is no draft 7"):
        between_drafts(house, agreement, draft=7, against=1)
    with pytest.raises(Refused, match="there is no draft 7"):
        against_template(house, agreement, draft=7)


def test_a_draft_that_is_not_rendered_yet_is_said_to_be(at, agreement):
    with pytest.raises(Refused, match="not rendered yet"):
        between_drafts(at("confirmed"), agreement)
