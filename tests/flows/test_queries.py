from __future__ import annotations

import pytest

from flows.queries import trouble, troubles, wait_until
from flows.wiring import Installation
from schemas.errors import OrchestrationUnavailable, Refused
from schemas.state import Stage


def test_waiting_ends_with_the_state_that_was_waited_for(at, agreement):
    from flows.draft import draft

    house: Installation = at("requested")
    state = wait_until(
        house, agreement, lambda state: state.stage is Stage.IN_REVIEW, tick=lambda: draft(house, agreement, 1)
    )
    assert state.stage is Stage.IN_REVIEW


def test_waiting_in_vain_says_what_to_look_at(at, agreement):
    with pytest.raises(OrchestrationUnavailable, match="convenio up"):
        wait_until(at("requested"), agreement, lambda state: state.stage is Stage.IN_REVIEW, seconds=0)


def fail(house: Installation, agreement: str, stage: str, version: int, said: str, *, retry: bool = False) -> None:
    assert house.outbox.mark_failed(stage, agreement, version, said, retry=retry, now=house.clock())


def never(_state: object) -> bool:
    return False


def test_waiting_ends_at_once_where_the_stage_was_refused(at, agreement):
    house = at("approved")
    with pytest.raises(Refused, match=f"prepare of {agreement} failed") as refusal:
        wait_until(
            house,
            agreement,
            never,
            tick=lambda: fail(house, agreement, "prepare", 2, "TemplateFault: no field is free"),
        )
    assert refusal.value.got == "TemplateFault: no field is free"
    assert "runner.log" in refusal.value.remedy


def test_waiting_goes_on_where_the_failure_may_pass_and_tells_it_in_the_end(at, agreement):
    house = at("approved")
    fail(house, agreement, "prepare", 2, "StoreUnavailable: the store did not answer", retry=True)
    with pytest.raises(OrchestrationUnavailable, match="the store did not answer"):
        wait_until(house, agreement, never, seconds=0)


def test_trouble_is_told_until_the_stage_is_done(at, agreement):
    from flows.prepare import prepare

    house = at("approved")
    assert trouble(house, agreement) is None
    fail(house, agreement, "prepare", 2, "TemplateFault: no field is free")
    assert "prepare failed at" in trouble(house, agreement)
    assert "TemplateFault: no field is free; mend what it names" in trouble(house, agreement)
    assert troubles(house) == {agreement: trouble(house, agreement)}
    prepare(house, agreement, 2)
    assert trouble(house, agreement) is None
    assert troubles(house) == {}


def test_trouble_of_an_older_draft_is_none(at, agreement):
    house = at("second draft")
    fail(house, agreement, "draft", 1, "TemplateFault: no such name")
    assert trouble(house, agreement) is None
