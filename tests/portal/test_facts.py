from __future__ import annotations

import pytest

from flows import commands
from flows.act import data_of
from schemas.fact import open_facts
from tests.installation import MANAGER
from tests.portal.kit import text_of

SEAT = "parties[0].seat"


def page_of(portal):
    return f"/documents/{portal.agreement}/facts"


def open_paths(portal):
    state = portal.house.ledger.state(portal.agreement)
    return [path for path, _ in open_facts(data_of(portal.house, state.data))]


def test_every_open_fact_stands_there_with_its_owner_and_source(portal_at):
    portal = portal_at("in review")
    manager = portal.as_("manager").get(page_of(portal))
    for path in open_paths(portal):
        assert 'name="fact" id="fact-' in manager.text
        assert f'value="{path}"' in manager.text
    said = text_of(manager.text)
    assert (
        "Party 1, seat: Pardubice assumed To be settled by: Manager of the GSSC partnership. Source: Not in the" in said
    )
    assert "5 project partner countries (GSSC project page, catalogue of SMEs)" in said


def test_chosen_facts_are_confirmed_once_and_the_others_stay_open(portal_at):
    portal = portal_at("in review")
    manager, before = portal.as_("manager"), open_paths(portal)
    fields = {"fact": [SEAT, "term.start"], "basis": "Letter of the partnership", "draft": "1"}
    notices = []
    for _ in range(2):
        answer = manager.post(page_of(portal), fields, shown_on=page_of(portal))
        assert (answer.status_code, answer.headers["location"]) == (303, f"/documents/{portal.agreement}")
        shown = text_of(manager.get(f"/documents/{portal.agreement}").text)
        notices.append(("Draft 2 is being made." in shown, "confirmed before: nothing was done" in shown))
    assert notices == [(True, False), (False, True)]
    assert open_paths(portal) == [path for path in before if path not in fields["fact"]]
    state = portal.house.ledger.state(portal.agreement)
    assert (state.draft, state.counter) == (2, 2)
    page = manager.get(page_of(portal)).text
    assert "<summary>Confirmed by a person (2)</summary>" in page, "what is settled is folded away"
    page = text_of(page)
    assert "Party 1, seat Pardubice Letter of the partnership" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"basis": "A letter"}, "Choose at least one fact to confirm."),
        ({"fact": [SEAT]}, "Say on what grounds you confirm them."),
        ({"fact": ["nothing"], "basis": "A letter"}, "these facts cannot be confirmed"),
    ],
    ids=["no fact", "no basis", "no such fact"],
)
def test_an_incomplete_confirmation_is_refused_on_the_form(portal_at, fields, said):
    portal = portal_at("in review")
    answer = portal.as_("manager").post(page_of(portal), {"draft": "1", **fields}, shown_on=page_of(portal))
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    if "basis" in fields:
        assert 'value="A letter"' in answer.text
    if fields.get("fact") == [SEAT]:
        assert f'value="{SEAT}" checked' in answer.text
    assert portal.house.ledger.state(portal.agreement).draft == 1


def test_facts_read_in_an_older_draft_are_not_confirmed_unseen(portal_at):
    portal = portal_at("in review")
    manager = portal.as_("manager")
    manager.get(page_of(portal))
    commands.confirm_facts(portal.house, portal.agreement, ("term.end",), basis="Another letter", by=MANAGER)
    fields = {"fact": [SEAT], "basis": "A letter", "draft": "1"}
    answer = manager.post(page_of(portal), fields, shown_on=page_of(portal))
    assert answer.status_code == 409
    assert "draft 2 is the current one" in text_of(answer.text)
    assert SEAT in open_paths(portal)


def test_readers_see_the_facts_and_confirm_none(portal_at):
    portal = portal_at("in review")
    for role in ("reviewer", "auditor"):
        visitor = portal.as_(role)
        page = visitor.get(page_of(portal))
        assert "Party 1, seat: Pardubice" in text_of(page.text)
        assert 'name="fact"' not in page.text
        fields = {"fact": [SEAT], "basis": "A letter", "draft": "1"}
        assert visitor.post(page_of(portal), fields, shown_on=page_of(portal)).status_code == 403
    for role in ("signatory", "administrator"):
        assert portal.as_(role).get(page_of(portal)).status_code == 403


def test_nothing_is_left_to_settle_once_all_is_confirmed(portal_at):
    portal = portal_at("second draft")
    assert "Every fact is settled" in text_of(portal.as_("auditor").get(page_of(portal)).text)
