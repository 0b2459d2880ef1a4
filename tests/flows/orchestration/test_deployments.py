from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from flows.wiring import Installation
from schemas.errors import ConvenioError, GateRefused, StoreUnavailable

pytestmark = pytest.mark.office

PERSON = "ana.silva@example.org"


Failed = Callable[[Installation, Exception], str]


@pytest.fixture
def failed(agreement, monkeypatch) -> Failed:
    """Runs ``prepare`` as the worker does, ending with an error; returns what Prefect is told."""
    from flows import deployments  # in a fixture: Prefect sets up logging when it is imported, before caplog listens

    def run(house: Installation, error: Exception) -> str:
        def act(*_: object) -> None:
            raise error

        monkeypatch.setitem(deployments.STAGES, "prepare", (act, "ends with an error"))
        flow = next(flow for flow in deployments.stage_flows(house) if flow.name == "prepare")
        state = asyncio.run(flow.fn(agreement, 2))
        assert state.is_failed()
        return state.message

    return run


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (GateRefused("the gate is shut", got=PERSON), ("GateRefused: the gate is shut", False)),
        (StoreUnavailable("no answer", got=PERSON), ("StoreUnavailable: no answer", True)),
        (KeyError(PERSON), ("unexpected fault: KeyError", True)),
    ],
    ids=["refused", "unavailable", "unexpected"],
)
def test_a_failed_stage_is_kept_and_only_the_log_says_all(at, failed, caplog, error, expected):
    house = at("approved")
    with caplog.at_level(logging.ERROR):
        told = failed(house, error)
    assert told.startswith(expected[0])
    assert PERSON not in told
    assert PERSON in caplog.text
    assert ("Traceback" in caplog.text) is not isinstance(error, ConvenioError)
    [kept] = house.outbox.failures()
    assert (kept.failure, kept.retry) == expected


def test_a_failure_that_cannot_be_kept_ends_the_run_all_the_same(at, failed, monkeypatch, caplog):
    house = at("approved")

    def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(house.outbox, "mark_failed", full)
    with caplog.at_level(logging.ERROR):
        assert failed(house, GateRefused("the gate is shut")).startswith("GateRefused")
    assert "could not be kept: the disk is full" in caplog.text
