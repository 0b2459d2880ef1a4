from __future__ import annotations

import json

import pytest

from archive.personal import dump_personal, restore_personal
from flows import commands
from flows.act import data_of
from flows.comments import as_remark, comments_on, gathered
from flows.draft import draft
from flows.erasure import erase
from flows.wiring import Installation
from schemas.errors import FourEyes, InputError, NotAuthorised, Refused, RefusedTransition, StaleBase
from tests.installation import MANAGER, REVIEWER

pytestmark = pytest.mark.office

LAWYER = "lawyer@example.org"


@pytest.fixture
def house(at) -> Installation:
    """Draft 2 is in review; the manager, its author, reviews as well."""
    house = at("second draft")
    commands.add_person(house, LAWYER, name="Lawyer", roles=("reviewer",))
    return house


def say(house, agreement, text="Ends too early.", *, by=REVIEWER, key="one", number=2, anchor="term"):
    return commands.comment(house, agreement, draft=number, anchor=anchor, heading="Term", text=text, key=key, by=by)


def test_comments_are_made_by_reviewers_on_the_current_draft_only(house, agreement):
    with pytest.raises(NotAuthorised):
        say(house, agreement, by="signatory.gssc@example.org")
    with pytest.raises(StaleBase):
        say(house, agreement, number=1)
    with pytest.raises(InputError, match="no clause"):
        say(house, agreement, anchor="../term")
    with pytest.raises(InputError, match="too long"):
        say(house, agreement, "x" * 4001)
    commands.return_draft(house, agreement, draft=2, by=LAWYER, comment="why")
    with pytest.raises(RefusedTransition, match="while a draft is in review"):
        say(house, agreement)
    assert comments_on(house, agreement) == ()


def test_a_comment_stays_open_in_later_drafts_until_it_is_settled(house, agreement):
    made = say(house, agreement)
    document = data_of(house, house.ledger.state(agreement).data)
    changed = document.model_copy(update={"notice_days": document.notice_days + 1})
    commands.revise(house, agreement, changed, draft=2, by=MANAGER)
    draft(house, agreement, 3)
    assert comments_on(house, agreement) == (made,)
    with pytest.raises(StaleBase):
        commands.change_comment(house, agreement, made.id, text="other", by=REVIEWER)
    with pytest.raises(FourEyes):
        commands.settle(house, agreement, made.id, by=MANAGER)
    settled = commands.settle(house, agreement, made.id, by=LAWYER)
    assert not settled.is_open
    assert commands.settle(house, agreement, made.id, by=LAWYER) == settled
    assert gathered(comments_on(house, agreement)) == ""


def test_an_author_settles_what_they_said_themselves(house, agreement):
    made = say(house, agreement, by=MANAGER)
    assert not commands.settle(house, agreement, made.id, by=MANAGER).is_open


def interrupted(house, monkeypatch, act):
    """Have ``act`` done by somebody else just before the next write."""
    transaction = house.ledger.transaction

    def late():
        monkeypatch.undo()
        act()
        return transaction()

    monkeypatch.setattr(house.ledger, "transaction", late)


def test_a_decision_made_a_moment_ago_leaves_comments_as_they_were(house, agreement, monkeypatch):
    made = say(house, agreement)

    def decided():
        commands.return_draft(house, agreement, draft=2, by=LAWYER, comment="why")

    interrupted(house, monkeypatch, decided)
    with pytest.raises(RefusedTransition, match="while a draft is in review"):
        commands.change_comment(house, agreement, made.id, text="other", by=REVIEWER)
    assert comments_on(house, agreement) == (made,)


def test_a_comment_that_was_deleted_a_moment_ago_is_not_settled(house, agreement, monkeypatch):
    made = say(house, agreement)
    interrupted(house, monkeypatch, lambda: commands.delete_comment(house, agreement, made.id, by=REVIEWER))
    with pytest.raises(Refused, match="not there any more"):
        commands.settle(house, agreement, made.id, by=LAWYER)


def test_open_comments_become_one_remark():
    assert as_remark(" first \n\n second ") == "first / second"


def test_what_an_erased_person_said_is_gone_for_good(house, agreement):
    made = say(house, agreement, by=LAWYER)
    kept = say(house, agreement, by=REVIEWER)
    commands.add_person(house, "administrator@example.org", name="Administrator", roles=("administrator",))
    backup = dump_personal(house.engine)
    assert made.text in backup.decode()
    erase(house, LAWYER, reason="asked for it", by="administrator@example.org")
    assert comments_on(house, agreement) == (kept,)
    restore_personal(house.engine, backup)
    assert comments_on(house, agreement) == (kept,)


def test_comments_come_back_from_a_backup_and_older_ones_hold_none(house, agreement):
    made = say(house, agreement)
    backup = dump_personal(house.engine)
    commands.delete_comment(house, agreement, made.id, by=REVIEWER)
    before = json.loads(backup)
    del before["review_comments"]
    assert restore_personal(house.engine, json.dumps(before).encode()) == 0
    assert restore_personal(house.engine, backup) == 1
    assert comments_on(house, agreement) == (made,)
