from __future__ import annotations

from pathlib import Path

import pytest

from flows import commands
from flows.review import Obstacle, Run, obstacle, offices_of, review_of
from flows.wiring import Installation
from schemas.clause import Position
from schemas.errors import Refused
from schemas.loader import load_document
from schemas.people import Office
from templates.redlines.clause_redline import Kind, Piece
from tests.installation import MANAGER, REVIEWER

pytestmark = pytest.mark.office

TWO_LANGUAGES = Path(__file__).parents[2] / "examples" / "c2future" / "mou-colombia-mexico.yaml"


def test_cards_say_how_the_library_sees_each_clause(house, way):
    agreement = way("in review", load_document(TWO_LANGUAGES))
    found = review_of(house, house.ledger.state(agreement), against="template")
    cards = {card.anchor: card for card in found.cards}
    fallback = cards["data-protection"]
    assert (fallback.position, fallback.change.kind) == (Position.FALLBACK, Kind.CHANGED)
    assert fallback.heading.startswith("Data protection | ")
    assert fallback.instead_of == fallback.heading
    assert "2021/914" in (fallback.note or "")
    assert cards["confidentiality"].position is Position.STANDARD
    assert not cards["confidentiality"].differs
    assert cards["opening"].position is None
    assert found.differing == 2


@pytest.fixture
def second(at) -> Installation:
    return at("second draft")


def test_what_was_said_of_a_clause_that_is_gone_is_not_lost(second, agreement):
    made = commands.comment(
        second, agreement, draft=2, anchor="section-gone", heading="Gone", text="x", key="k", by=REVIEWER
    )
    found = review_of(second, second.ledger.state(agreement), against="draft")
    assert found.lost == (made,)
    assert not any(card.comments for card in found.cards)


def test_many_paragraphs_that_stay_are_folded_away(second, agreement):
    found = review_of(second, second.ledger.state(agreement), against="draft")
    opening = next(card for card in found.cards if card.anchor == "opening")
    assert any(run.folded for run in opening.runs)
    assert [text for run in opening.runs for text in run.paragraphs] == list(opening.change.paragraphs)
    assert not Run(((Piece("ins", "new"),),) * 9, stays=False).folded


def test_a_first_draft_has_none_to_be_compared_with(at, agreement):
    house = at("in review")
    with pytest.raises(Refused, match="no draft before"):
        review_of(house, house.ledger.state(agreement), against="draft")


def test_the_obstacle_that_lasts_longest_is_named(second, at, agreement):
    state = second.ledger.state(agreement)
    manager, reviewer = second.people.get(MANAGER), second.people.get(REVIEWER)
    treasurer = commands.add_person(
        second, "treasurer@example.org", name="Treasurer", roles=("reviewer",), offices=("finance",)
    )
    assert obstacle(state, reviewer) is None
    assert offices_of(state, reviewer) == (Office.LEGAL,)
    assert obstacle(state, manager) is Obstacle.AUTHOR
    assert obstacle(state, treasurer) is Obstacle.NO_OFFICE
    assert obstacle(state.model_copy(update={"open_facts": ("term.end",)}), reviewer) is Obstacle.OPEN_FACTS
    wide = state.model_copy(update={"offices": (Office.LEGAL, Office.FINANCE)})
    assert obstacle(wide, treasurer) is None
    commands.approve(second, agreement, draft=2, by=REVIEWER)
    after = second.ledger.state(agreement)
    assert obstacle(after, reviewer) is Obstacle.NOT_IN_REVIEW
    still = after.model_copy(update={"stage": state.stage, "offices": wide.offices})
    assert obstacle(still, reviewer) is Obstacle.APPROVED_IT
