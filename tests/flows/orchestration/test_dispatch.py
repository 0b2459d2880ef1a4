from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from schemas.errors import OrchestrationUnavailable, Refused, StoreUnavailable
from tests.flows.orchestration.conftest import free_port, outbox_row, wait_until

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@dataclass
class FakeOutbox:
    rows: list
    marked: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)
    failures: int = 0

    def due(self, limit: int = 100):
        return tuple(row for row in self.rows if row.id not in self.marked | self.failed)[:limit]

    def mark_dispatched(self, row, run_id, now):
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the disk is full")
        self.marked[row.id] = (run_id, now)

    def mark_failed(self, stage, agreement, version, failure, *, retry, now):
        [row] = [row for row in self.rows if (row.stage, row.agreement, row.version) == (stage, agreement, version)]
        self.failed[row.id] = (failure, retry, now)


def dispatch(outbox, start) -> int:
    from flows.dispatch import Dispatcher

    return asyncio.run(Dispatcher(outbox, start, lambda: NOW).dispatch())


def test_each_due_row_is_started_once_and_marked_with_its_run():
    started, outbox = [], FakeOutbox([outbox_row("draft", "MOU-2026-0001"), outbox_row("draft", "MOU-2026-0002")])

    async def start(row):
        started.append(row.agreement)
        return f"run of {row.agreement}"

    assert dispatch(outbox, start) == 2
    assert dispatch(outbox, start) == 0
    assert started == ["MOU-2026-0001", "MOU-2026-0002"]
    assert outbox.marked[outbox.rows[1].id] == ("run of MOU-2026-0002", NOW)


def test_nothing_is_marked_while_prefect_does_not_answer():
    outbox = FakeOutbox([outbox_row("draft", "MOU-2026-0001")])

    async def down(row):
        raise OrchestrationUnavailable("the Prefect server does not answer")

    with pytest.raises(OrchestrationUnavailable):
        dispatch(outbox, down)
    assert outbox.due() == tuple(outbox.rows)


def test_a_refused_row_is_marked_as_failed_and_does_not_hold_up_the_others(caplog):
    refused, fine = outbox_row("dance", "MOU-2026-0001"), outbox_row("draft", "MOU-2026-0002")
    outbox = FakeOutbox([refused, fine])

    async def start(row):
        if row.stage == "dance":
            raise Refused("no deployment does this stage")
        return "run"

    with caplog.at_level(logging.ERROR):
        assert dispatch(outbox, start) == 1
        assert dispatch(outbox, start) == 0
    assert outbox.due() == ()
    assert outbox.failed == {refused.id: ("Refused: no deployment does this stage", False, NOW)}
    assert caplog.text.count("no deployment does this stage") == 1


@pytest.mark.parametrize(
    ("stage", "attempt", "name"),
    [
        ("draft", 1, "MOU-2026-0001 · draft 2"),
        ("prepare", 1, "MOU-2026-0001 · draft 2 · prepare"),
        ("collect", 3, "MOU-2026-0001 · 2 signed · collect · attempt 3"),
    ],
)
def test_a_run_is_named_so_that_a_person_finds_it(stage, attempt, name):
    from flows.dispatch import run_name

    assert run_name(outbox_row(stage, "MOU-2026-0001", 2, attempt)) == name


@pytest.mark.prefect
def test_a_crash_between_start_and_mark_gives_the_same_run_again(client):
    from flows.dispatch import start_run

    runs, outbox = [], FakeOutbox([outbox_row("draft", "MOU-2026-0201", 7)], failures=1)

    async def start(row):
        runs.append(await start_run(row))
        return runs[-1]

    with pytest.raises(StoreUnavailable):
        dispatch(outbox, start)
    client.wait_for(runs[0], "COMPLETED")
    assert dispatch(outbox, start) == 1
    assert runs[0] == runs[1]
    tagged = {"flow_runs": {"tags": {"all_": ["agreement:MOU-2026-0201", "stage:draft"]}}}
    [run] = client.ask("POST", "/flow_runs/filter", tagged)
    assert run["id"] == runs[0]
    assert run["name"] == "MOU-2026-0201 · draft 7"
    assert run["parameters"] == {"agreement": "MOU-2026-0201", "version": 7}


@pytest.mark.prefect
def test_another_attempt_is_another_run(client):
    from flows.dispatch import start_run

    first = asyncio.run(start_run(outbox_row("draft", "MOU-2026-0202")))
    second = asyncio.run(start_run(outbox_row("draft", "MOU-2026-0202", attempt=2)))
    assert first != second
    client.wait_for(second, "COMPLETED")


@pytest.mark.prefect
def test_a_stage_without_a_deployment_is_refused_by_name(client):
    from flows.dispatch import start_run

    with pytest.raises(Refused, match="no deployment does this stage") as refusal:
        asyncio.run(start_run(outbox_row("dance", "MOU-2026-0203")))
    assert refusal.value.got == "dance"


def test_a_server_that_is_down_is_unavailable(socket_enabled):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.dispatch import start_run

    with (
        temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}),
        pytest.raises(OrchestrationUnavailable, match="does not answer"),
    ):
        asyncio.run(start_run(outbox_row("draft", "MOU-2026-0204")))


@pytest.mark.prefect
def test_a_row_written_with_a_command_is_started_by_the_runner(running, socket_enabled):
    from archive.outbox import enqueue

    house = running.house
    with house.engine.begin() as connection:
        row = enqueue(connection, "draft", "MOU-2026-0205", 1, attempt=1, now=NOW)
    wait_until(lambda: not house.outbox.due())
    [kept] = house.outbox.attempts("draft", row.agreement, 1)
    assert running.wait_for(kept.run_id, "COMPLETED")
