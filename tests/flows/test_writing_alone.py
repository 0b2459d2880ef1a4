"""Whoever writes keeps all other writers waiting: what is read meanwhile is read on their own connection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from flows import commands, enrolment
from flows.texts import kept_text
from flows.wiring import Installation
from schemas.people import Role
from tests.flows.test_delegation import confirm, delegate, revoke
from tests.flows.test_editing import with_sentence
from tests.installation import REVIEWER

pytestmark = pytest.mark.office

ADMINISTRATOR, DEPUTY = "administrator@example.org", "deputy@example.org"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[Installation], None]:
    """Return what has every transaction fail that takes a second connection, or asks the store for anything."""

    def watch(house: Installation) -> None:
        transaction = house.ledger.transaction

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("another connection, or the store, while everybody waits")

        @contextmanager
        def watched():
            with transaction() as tx, monkeypatch.context() as patch:
                for name in ("get", "put", "stat", "keys"):
                    patch.setattr(house.store, name, refuse)
                event.listen(house.engine, "checkout", refuse)
                try:
                    yield tx
                finally:
                    event.remove(house.engine, "checkout", refuse)

        monkeypatch.setattr(house.ledger, "transaction", watched)

    return watch


def test_delegations_are_given_confirmed_and_taken_back_on_one_connection(at, agreement, alone):
    house = at("signing")
    alone(house)
    assert delegate(house, agreement).changed
    assert not delegate(house, agreement).changed
    assert confirm(house, agreement).changed
    assert revoke(house, agreement).changed
    assert not revoke(house, agreement).changed


def test_comments_are_made_changed_settled_and_deleted_on_one_connection(at, agreement, alone):
    house = at("second draft")
    alone(house)
    words = {"draft": 2, "anchor": "term", "heading": "Term", "text": "Ends too early.", "key": "one"}
    made = commands.comment(house, agreement, **words, by=REVIEWER)
    commands.change_comment(house, agreement, made.id, text="Ends too late.", by=REVIEWER)
    assert not commands.settle(house, agreement, made.id, by=REVIEWER).is_open
    commands.delete_comment(house, agreement, made.id, by=REVIEWER)


def test_a_draft_is_edited_on_one_connection(at, agreement, alone):
    house = at("second draft")
    text = with_sentence(kept_text(house, agreement, 2))
    alone(house)
    assert commands.edit(house, agreement, text, draft=2, by=REVIEWER, comment="water").changed


def test_people_are_added_given_roles_and_closed_on_one_connection(at, alone):
    house = at("requested")
    commands.add_person(house, ADMINISTRATOR, name="Administrator", roles=("administrator",))
    alone(house)
    enrolment.enrol(house, DEPUTY, name="Deputy", roles=[Role.MANAGER], by=ADMINISTRATOR)
    enrolment.give_roles(house, DEPUTY, roles=[Role.AUDITOR], by=ADMINISTRATOR)
    enrolment.invite(house, DEPUTY, by=ADMINISTRATOR)
    enrolment.close_account(house, DEPUTY, by=ADMINISTRATOR)
    enrolment.reopen_account(house, DEPUTY, by=ADMINISTRATOR)
    enrolment.sign_out(house, DEPUTY, by=ADMINISTRATOR)
    enrolment.reset_second_factor(house, DEPUTY, by=ADMINISTRATOR)
