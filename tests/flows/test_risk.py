from __future__ import annotations

from pathlib import Path

import pytest

from flows.risk import WEIGHTS, Level, Reason, Risk, assess_waiting, known, level_of, risk_of, risk_of_draft
from schemas.loader import load_document
from schemas.people import Office
from templates.catalog import load_template
from templates.selection import used_clauses

EXAMPLES = Path(__file__).parents[2] / "examples"


class Drafted:
    """The parts of an agreement's state that a risk is told from."""

    def __init__(self, *, open_facts: tuple[str, ...] = (), edited: str | None = None) -> None:
        self.open_facts, self.edited = open_facts, edited


def risk(name: str, **state: object) -> Risk:
    document = load_document(EXAMPLES / name)
    clauses = used_clauses(load_template(document.document_type, document.edition), document)
    return risk_of(document, clauses, Drafted(**state))


def test_standard_clauses_ask_for_nothing():
    found = risk("gssc/mou-czech-cape-verdean-chamber.yaml")
    assert (dict(found.reasons), found.points, found.level) == ({}, 0, Level.LOW)


def test_fallbacks_and_personal_data_abroad_are_counted():
    found = risk("c2future/mou-colombia-mexico.yaml")
    assert found.reasons[Reason.FALLBACKS] == 2
    assert found.reasons[Reason.DATA_ABROAD] == 2
    assert next(iter(found.reasons)) is Reason.DATA_ABROAD
    assert found.level is Level.HIGH


def test_own_clauses_money_and_many_parties_are_counted():
    found = risk("c2future/partnership-agreement.yaml")
    assert found.reasons[Reason.OWN_CLAUSES] == 1
    assert found.reasons[Reason.MONEY] >= 1
    assert found.reasons[Reason.PARTIES] >= 5


def test_edits_and_open_facts_are_counted_up_to_their_most():
    calm = risk("gssc/mou-czech-cape-verdean-chamber.yaml")
    edited = risk("gssc/mou-czech-cape-verdean-chamber.yaml", edited="0" * 64)
    unsure = risk("gssc/mou-czech-cape-verdean-chamber.yaml", open_facts=tuple("abcdefgh"))
    assert edited.points - calm.points == WEIGHTS[Reason.EDITED][1]
    assert unsure.reasons == {Reason.OPEN_FACTS: 8}
    assert unsure.points == WEIGHTS[Reason.OPEN_FACTS][1]


@pytest.mark.parametrize(("points", "level"), [(0, "low"), (2, "low"), (3, "medium"), (5, "medium"), (6, "high")])
def test_the_level_follows_from_the_points(points, level):
    assert level_of(points) == level


def test_every_reason_has_its_weight_and_an_unknown_one_is_left_out():
    assert WEIGHTS.keys() == set(Reason)
    assert known({"money": 2, "moonlight": 1}) == {Reason.MONEY: 2}


@pytest.mark.office
def test_a_draft_is_assessed_when_it_is_made_and_anew_when_that_was_lost(at, agreement):
    house = at("second draft")
    today = house.clock().date()
    [waiting] = house.review_queue.page([Office.LEGAL], today=today).lines
    assert (waiting.row.id, waiting.points, waiting.reasons) == (agreement, 0, {})
    house.review_queue.keep(agreement, 1, 7, {})
    assert house.review_queue.page([Office.LEGAL], today=today).lines[0].points is None
    assert (assess_waiting(house), assess_waiting(house)) == (1, 0)
    assert house.review_queue.page([Office.LEGAL], today=today).lines[0].points == 0


@pytest.mark.office
def test_open_facts_of_a_first_draft_stand_in_its_risk(at, agreement):
    house = at("in review")
    state = house.ledger.state(agreement)
    found = risk_of_draft(house, state)
    assert found is not None
    assert found.reasons == {Reason.OPEN_FACTS: len(state.open_facts)}
    assert house.review_queue.page([Office.LEGAL], today=house.clock().date()).lines[0].points == found.points


@pytest.mark.office
def test_a_draft_that_is_not_made_yet_has_no_risk(at, agreement):
    house = at("confirmed")
    assert risk_of_draft(house, house.ledger.state(agreement)) is None
