from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete

from archive import tables
from archive.checkpoint import open_checkpoint
from archive.database import writing
from archive.log_store import CHECKPOINT
from flows import commands
from flows.due import LONGEST_WAIT, Due, due_stage
from flows.prepare import prepare
from flows.sweep import sweep
from schemas.errors import StoreUnavailable
from schemas.events import InventoryTaken
from schemas.state import Stage
from tests.installation import MANAGER, REVIEWER
from tests.logs import newest

pytestmark = pytest.mark.office

PATIENCE = timedelta(minutes=1)

DUE = {
    "requested": ("draft", 1),
    "in review": None,
    "confirmed": ("draft", 2),
    "second draft": None,
    "approved": ("prepare", 2),
    "prepared": ("collect", 0),
    "signing": None,
    "signed once": ("collect", 1),
    "second invited": None,
    "signed": ("conclude", 2),
    "collected": ("conclude", 2),
    "concluded": ("publish", 2),
    "archived": None,
}


def lose_outbox(house) -> None:
    with writing(house.engine) as connection:
        connection.execute(delete(tables.outbox))


def dispatch(house) -> None:
    for row in house.outbox.due():
        house.outbox.mark_dispatched(row, f"run of {row.id}", house.clock())


@pytest.mark.parametrize(("point", "due"), DUE.items(), ids=DUE.keys())
def test_what_is_due_follows_from_the_ledger_alone(at, agreement, point, due):
    house = at(point)
    expected = None if due is None else Due(due[0], agreement, due[1])
    assert due_stage(house.ledger.state(agreement)) == expected
    lose_outbox(house)
    assert sweep(house, patience=PATIENCE) == ([] if expected is None else [expected])
    assert [(row.stage, row.version) for row in house.outbox.due()] == ([] if due is None else [due])


def test_nothing_is_due_for_what_was_returned_or_ended(at, agreement):
    house = at("in review")
    commands.return_draft(house, agreement, draft=1, by=REVIEWER, comment="Longer notice, please.")
    assert house.ledger.state(agreement).stage is Stage.RETURNED
    assert due_stage(house.ledger.state(agreement)) is None
    commands.withdraw(house, agreement, by=MANAGER, reason="The partner left.")
    assert house.ledger.state(agreement).stage is Stage.ENDED
    assert due_stage(house.ledger.state(agreement)) is None
    lose_outbox(house)
    assert sweep(house, patience=PATIENCE) == []


def test_a_row_that_waits_for_the_dispatcher_is_not_doubled(at):
    house = at("approved")
    waiting = house.outbox.due()
    assert sweep(house, patience=PATIENCE) == []
    assert house.outbox.due() == waiting


def test_a_stage_that_was_started_a_moment_ago_is_left_alone(at, agreement):
    house = at("approved")
    dispatch(house)
    assert sweep(house, patience=PATIENCE) == []
    house.clock.now += PATIENCE
    assert sweep(house, patience=PATIENCE) == [Due("prepare", agreement, 2)]
    assert [row.attempt for row in house.outbox.due()] == [2]


def test_each_attempt_is_left_alone_twice_as_long_up_to_an_hour(at):
    house, moment = at("approved"), timedelta(seconds=30)
    for attempt in range(9):
        dispatch(house)
        wait = min(PATIENCE * 2**attempt, LONGEST_WAIT)
        house.clock.now += wait - moment
        assert sweep(house, patience=PATIENCE) == []
        house.clock.now += moment
        assert len(sweep(house, patience=PATIENCE)) == 1
    assert wait == LONGEST_WAIT


def fail(house, agreement, *, retry: bool) -> None:
    house.outbox.mark_failed("prepare", agreement, 2, "GateRefused: no", retry=retry, now=house.clock())


def test_a_refused_stage_is_left_alone_until_somebody_asks_for_it(at, agreement):
    house = at("approved")
    dispatch(house)
    fail(house, agreement, retry=False)
    house.clock.now += LONGEST_WAIT
    assert sweep(house, patience=timedelta(0)) == []
    assert sweep(house, patience=PATIENCE, also_refused=True) == [Due("prepare", agreement, 2)]
    assert sweep(house, patience=PATIENCE, also_refused=True) == []
    assert [row.attempt for row in house.outbox.due()] == [2]


def test_a_refused_stage_holds_up_no_newer_draft(at, agreement):
    house = at("requested")
    dispatch(house)
    house.outbox.mark_failed("draft", agreement, 1, "TemplateFault: no", retry=False, now=house.clock())
    assert sweep(house, patience=timedelta(0)) == []
    commands.confirm_facts(house, agreement, (), basis="for a test", by=MANAGER)
    lose_outbox(house)
    assert sweep(house, patience=timedelta(0)) == [Due("draft", agreement, 2)]


@pytest.mark.parametrize("dispatched", [True, False], ids=["while it ran", "before it ran"])
def test_what_was_unavailable_is_started_again_after_the_wait(at, agreement, dispatched):
    house = at("approved")
    if dispatched:
        dispatch(house)
    fail(house, agreement, retry=True)
    assert sweep(house, patience=PATIENCE) == []
    house.clock.now += PATIENCE
    assert sweep(house, patience=PATIENCE) == [Due("prepare", agreement, 2)]


def test_a_swept_stage_goes_on_where_it_was_lost(at, agreement):
    house = at("approved")
    lose_outbox(house)
    (due,) = sweep(house, patience=PATIENCE)
    assert prepare(house, due.agreement, due.version).acted
    assert house.ledger.state(agreement).stage is Stage.SIGNING


def test_a_sweep_signs_a_checkpoint_over_what_was_added(at):
    house = at("in review")
    added = house.ledger.size
    assert newest(house.ledger, house.checkpoint_key.verifier_key) is None
    sweep(house, patience=PATIENCE)
    assert newest(house.ledger, house.checkpoint_key.verifier_key).tree_size == added
    sweep(house, patience=PATIENCE)
    last = newest(house.ledger, house.checkpoint_key.verifier_key)
    assert last.tree_size == house.ledger.size == added + 1, "the inventory of the day is covered by the next sweep"
    notes = list(house.log_store.paths("checkpoints/"))
    sweep(house, patience=PATIENCE)
    assert list(house.log_store.paths("checkpoints/")) == notes


def test_a_store_that_does_not_answer_holds_back_neither_the_checkpoint_nor_a_message(
    at, agreement, example, monkeypatch
):
    house = at("archived")
    with house.ledger.transaction() as tx:
        tx.enqueue("notify", agreement, 3, now=house.clock())
    dispatch(house)
    commands.request(house, example, by=MANAGER)
    house.clock.now += PATIENCE

    def silent(*_: object, **__: object) -> None:
        raise StoreUnavailable("the store did not answer")

    for act in ("get", "put", "versions"):
        monkeypatch.setattr(house.store, act, silent)
    with pytest.raises(StoreUnavailable):
        sweep(house, patience=PATIENCE)
    shown = open_checkpoint(house.log_store.get(CHECKPOINT).decode(), house.checkpoint_key.verifier_key)
    assert shown.tree_size == house.ledger.size
    assert ("notify", 3, 2) in {(row.stage, row.version, row.attempt) for row in house.outbox.due()}


def test_a_log_that_cannot_be_published_holds_back_no_stage(at, agreement, monkeypatch):
    house = at("approved")
    lose_outbox(house)

    def silent(_house: object) -> None:
        raise StoreUnavailable("the log store did not answer")

    monkeypatch.setattr("flows.sweep.publish_checkpoint", silent)
    with pytest.raises(StoreUnavailable, match="log store"):
        sweep(house, patience=PATIENCE)
    assert [row.stage for row in house.outbox.due()] == ["prepare"]
    assert any(isinstance(one.entry.event, InventoryTaken) for one in house.ledger.installation_entries())


def test_an_empty_ledger_is_swept_in_peace(house):
    assert sweep(house, patience=PATIENCE) == []
    assert list(house.store.keys()) == []
