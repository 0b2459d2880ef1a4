from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from flows import commands
from flows.act import data_of
from portal.form_view import Shown
from portal.language import Language
from portal.values import said, told_value, written
from schemas.fact import Status, open_facts
from schemas.fields import Kind
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


def test_a_refusal_has_its_title_in_the_language_of_the_visitor(portal_at):
    portal = portal_at("in review")
    manager = portal.as_("manager")
    manager.client.cookies.set("convenio_language", "pt")
    refused = text_of(manager.get("/administration").text)
    assert "esta página não é para si" in refused
    assert "this page is not for you" not in refused


def test_values_are_written_as_the_language_of_the_visitor_writes_them():
    italian, english = Language("it"), Language("en")
    assert written(italian, Kind.COUNTRY, "ES") == "Spagna"
    assert (written(italian, Kind.MARKET, "CV"), written(italian, Kind.MARKET, "US-CA")) == ("Capo Verde", "California")
    assert written(italian, Kind.AMOUNT, "222202.62") == "222.202,62"
    assert said(english, None, Decimal("222202.60")) == "222,202.60"
    assert said(italian, None, date(2026, 3, 1)) == "1 marzo 2026"
    assert written(italian, Kind.DAY, "soon") == "soon"
    assert told_value(italian, Shown("market", "markets[0].code", "Code", value="CV")) == "Capo Verde"


def test_all_facts_are_confirmed_at_once_and_none_of_a_draft_that_was_not_shown(portal_at):
    portal = portal_at("in review")
    manager, before = portal.as_("manager"), open_paths(portal)
    assert '<input type="checkbox" name="all"' in manager.get(page_of(portal)).text
    fields = {"all": "yes", "basis": "Letter of the partnership", "draft": "2"}
    assert manager.post(page_of(portal), fields, shown_on=page_of(portal)).status_code == 409
    assert open_paths(portal) == before
    assert manager.post(page_of(portal), fields | {"draft": "1"}, shown_on=page_of(portal)).status_code == 303
    document = data_of(portal.house, portal.house.ledger.state(portal.agreement).data)
    assert all(fact.status is Status.BLANK for _, fact in open_facts(document))


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
