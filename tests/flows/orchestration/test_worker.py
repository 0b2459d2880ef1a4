from __future__ import annotations

import asyncio
import os

import pytest

pytestmark = pytest.mark.prefect


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    """The server is on loopback."""


def test_runs_execute_in_the_warm_process(running):
    runs = [running.start("draft", agreement) for agreement in ("MOU-2026-0101", "MOU-2026-0102")]
    for run in runs:
        assert running.wait_for(run, "COMPLETED", "FAILED", "CRASHED")["type"] == "COMPLETED"
    first, second = running.executed_in("MOU-2026-0101"), running.executed_in("MOU-2026-0102")
    assert first == second != os.getpid()


def test_a_run_that_ends_its_process_takes_only_itself_down(running):
    run = running.start("prepare", "MOU-2026-0103")
    assert running.wait_for(run, "COMPLETED", "FAILED", "CRASHED")["type"] == "CRASHED"
    after = running.start("draft", "MOU-2026-0104")
    assert running.wait_for(after, "COMPLETED", "FAILED", "CRASHED")["type"] == "COMPLETED"


def test_a_run_cancelled_in_the_ui_ends_as_cancelled(running):
    run = running.start("collect", "MOU-2026-0105")
    running.wait_for(run, "RUNNING")
    running.ask("POST", f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert "ledger" in running.wait_for(run, "CANCELLED")["message"]


def test_runs_left_by_a_killed_worker_are_declared_crashed_by_the_next(client):
    from prefect import flow

    from flows.worker import WarmWorker

    @flow(name="left-behind")
    async def left_behind() -> None:
        raise AssertionError

    async def register() -> None:
        await WarmWorker([left_behind], pool="second-pool").register()

    asyncio.run(register())
    deployment = client.ask("GET", "/deployments/name/left-behind/convenio")["id"]
    run = client.ask("POST", f"/deployments/{deployment}/create_flow_run", {})["id"]
    waiting = client.ask("POST", f"/deployments/{deployment}/create_flow_run", {})["id"]
    client.ask("POST", f"/flow_runs/{run}/set_state", {"state": {"type": "RUNNING"}, "force": True})
    asyncio.run(register())
    assert client.state(run)["type"] == "CRASHED"
    assert "sweep" in client.state(run)["message"]
    assert client.state(waiting)["type"] == "SCHEDULED"


def test_deployments_name_a_module_and_no_folder_of_this_machine(running):
    deployment = running.ask("GET", "/deployments/name/draft/convenio")
    assert "/" not in deployment["entrypoint"]
    assert deployment["work_pool_name"] == "convenio"
