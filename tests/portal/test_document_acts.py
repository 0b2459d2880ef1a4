from __future__ import annotations

from datetime import timedelta

import pytest

from flows import commands
from schemas.signing_round import Signing
from schemas.state import Stage
from tests.installation import MANAGER
from tests.portal.kit import text_of


def address(portal, rest=""):
    return f"/documents/{portal.agreement}{rest}"


def stage(portal):
    return portal.house.ledger.state(portal.agreement).stage


def test_only_managers_act(portal_at):
    portal = portal_at("signing")
    for role in ("reviewer", "signatory", "auditor", "administrator"):
        visitor = portal.as_(role)
        for act in ("/remind", "/extend", "/withdraw"):
            assert visitor.get(address(portal, act)).status_code == 403
            assert visitor.post(address(portal, act), {"reason": "x"}, shown_on="/profile").status_code == 403
    assert stage(portal) is Stage.SIGNING


def test_a_reminder_names_whom_it_goes_to_and_goes_once_a_day(portal_at):
    portal = portal_at("second draft")
    visitor, act = portal.as_("manager"), address(portal, "/remind")
    assert "Reviewer" in text_of(visitor.get(act).text.partition("<main")[2])
    for said in ("Written to Reviewer.", "Reminded today already: Reviewer."):
        answer = visitor.post(act, shown_on=act)
        assert (answer.status_code, answer.headers["location"]) == (303, address(portal))
        assert said in text_of(visitor.get(address(portal)).text)
    assert len(list(portal.house.mail.folder.glob("*-reminder-*.eml"))) == 1


def test_a_document_that_waits_for_nobody_offers_no_reminder(portal_at):
    portal = portal_at("archived")
    visitor, act = portal.as_("manager"), address(portal, "/remind")
    assert "waits for nobody" in text_of(visitor.get(act).text)
    answer = visitor.post(act, shown_on="/profile")
    assert answer.status_code == 409
    assert "nobody is waited for who could be reminded" in text_of(answer.text)


def test_a_document_is_withdrawn_with_a_reason_once(portal_at):
    portal = portal_at("second draft")
    visitor, act = portal.as_("manager"), address(portal, "/withdraw")
    assert "Afterwards this document is ended" in text_of(visitor.get(act).text)
    for _ in range(2):
        answer = visitor.post(act, {"reason": "The project ended."}, shown_on="/profile")
        assert answer.status_code == 303
    assert stage(portal) is Stage.ENDED
    assert "withdrew the document The project ended." in text_of(visitor.get(address(portal, "/timeline")).text)


def test_nothing_is_withdrawn_without_a_reason(portal_at):
    portal = portal_at("second draft")
    visitor, act = portal.as_("manager"), address(portal, "/withdraw")
    answer = visitor.post(act, {"reason": "  "}, shown_on=act)
    assert answer.status_code == 422
    assert '<a href="#reason">' in answer.text
    assert stage(portal) is Stage.IN_REVIEW


def test_what_is_archived_is_not_withdrawn(portal_at):
    portal = portal_at("archived")
    visitor, act = portal.as_("manager"), address(portal, "/withdraw")
    assert "cannot be withdrawn any more" in text_of(visitor.get(act).text)
    answer = visitor.post(act, {"reason": "Too late."}, shown_on="/profile")
    assert answer.status_code == 409
    assert stage(portal) is Stage.ARCHIVED


@pytest.fixture
def with_a_last_day(portal_at, monkeypatch):
    """A portal whose document is to be signed within ten days, and that day."""
    portal = portal_at("signing")
    day = (portal.clock.now + timedelta(days=10)).date()
    real = portal.house.ledger.state
    assert Signing(sign_by=day).sign_by == day
    document = _data(portal).model_copy(update={"signing": Signing(sign_by=day)})
    commands.revise(portal.house, portal.agreement, document, draft=2, by=MANAGER)
    _sign_again(portal)
    assert real(portal.agreement).sign_by == day
    return portal, day


def _data(portal):
    from flows.act import data_of

    return data_of(portal.house, portal.house.ledger.state(portal.agreement).data)


def _sign_again(portal):
    from flows.collect import collect
    from flows.draft import draft
    from flows.prepare import prepare
    from tests.installation import REVIEWER

    draft(portal.house, portal.agreement, 3)
    commands.approve(portal.house, portal.agreement, draft=3, by=REVIEWER)
    prepare(portal.house, portal.agreement, 3)
    collect(portal.house, portal.agreement, 0)


def test_more_time_is_given_until_a_later_day_only(with_a_last_day):
    portal, day = with_a_last_day
    visitor, act = portal.as_("manager"), address(portal, "/extend")
    assert 'type="date"' in visitor.get(act).text
    for typed, status, said in (
        ("", 422, "Choose a day"),
        ("soon", 422, "Choose a day"),
        ((day - timedelta(days=1)).isoformat(), 409, "There is a problem"),
    ):
        answer = visitor.post(act, {"sign_by": typed, "reason": "Holidays"}, shown_on=act)
        assert (answer.status_code, said in text_of(answer.text)) == (status, True)
        assert 'value="Holidays"' in answer.text
    later = day + timedelta(days=20)
    assert visitor.post(act, {"sign_by": later.isoformat(), "reason": "Holidays"}, shown_on=act).status_code == 303
    assert portal.house.ledger.state(portal.agreement).sign_by == later


def test_a_document_without_a_last_day_offers_none_to_move(portal_at):
    portal = portal_at("signing")
    assert "has no last day" in text_of(portal.as_("manager").get(address(portal, "/extend")).text)
