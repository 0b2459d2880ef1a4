"""The warm worker: runs of our deployments execute inside this process, next to warm LibreOffice and open stores.

They stay ordinary Prefect runs of a work pool (scheduled by anyone, visible, cancellable); only no process is
started for each. Serve one pool with one worker: at its start it declares runs that an earlier worker left
unfinished as crashed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from httpx import HTTPError
from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments.runner import EntrypointType
from prefect.exceptions import Abort, ObjectAlreadyExists, Pause, PrefectHTTPStatusError
from prefect.flow_engine import run_flow_async
from prefect.states import Cancelled, Crashed, Pending
from prefect.utilities.engine import propose_state

from schemas.errors import OrchestrationUnavailable

LOG = logging.getLogger("convenio.worker")

DEPLOYMENT = "convenio"
"""Every flow has one deployment of this name: ``draft/convenio``."""

WORKER_TYPE = "convenio"
HEARTBEAT_SECONDS = 20.0
LEFT_BEHIND = "The worker that executed this run ended without finishing it; the sweep repeats what the ledger misses."
NOT_ANSWERING = (HTTPError, PrefectHTTPStatusError, OSError)
"""What the client raises where the server does not answer as it should."""


class WarmWorker:
    """Executes the runs of one work pool in this process, at most ``limit`` at a time; ``flows`` are ``async def``.

    Run it in a thread other than the main one: in the main thread Prefect takes over SIGTERM during each run.
    Blocking steps belong into ``asyncio.to_thread``, else all runs wait.
    """

    def __init__(
        self, flows: Sequence[Flow[..., Any]], *, pool: str = "convenio", limit: int = 2, poll_seconds: float = 1.0
    ) -> None:
        self._flows = {flow.name: flow for flow in flows}
        self._by_id: dict[UUID, Flow[..., Any]] = {}
        self._pool = pool
        self._limit = limit
        self._poll_seconds = poll_seconds
        self._active: dict[UUID, asyncio.Task[None]] = {}
        self._cancelled: set[UUID] = set()
        self._wake = asyncio.Event()

    def nudge(self) -> None:
        """Look for runs now instead of at the next poll; call it from the worker's own loop."""
        self._wake.set()

    async def register(self) -> None:
        """Make the pool and the deployments, and declare runs an earlier worker left as crashed.

        Raises :class:`OrchestrationUnavailable` where the server does not answer.
        """
        try:
            async with get_client() as client:
                with suppress(ObjectAlreadyExists):
                    description = "Runs execute in the warm worker of this installation."
                    await client.create_work_pool(
                        WorkPoolCreate(name=self._pool, type=WORKER_TYPE, description=description)
                    )
                await self._declare_crashed(client)
                for flow in self._flows.values():
                    deployment = await flow.ato_deployment(
                        DEPLOYMENT, work_pool_name=self._pool, entrypoint_type=EntrypointType.MODULE_PATH
                    )
                    await deployment.aapply()
                    self._by_id[await client.create_flow(flow)] = flow
                await self._beat(client)
        except NOT_ANSWERING as error:
            raise OrchestrationUnavailable("the worker cannot register its flows", got=error) from error

    async def run(self, stop: asyncio.Event, *, grace_seconds: float = 20.0) -> None:
        """Execute runs until ``stop`` is set, then give those under way ``grace_seconds`` to finish.

        A server that does not answer is asked again; a run that fails ends in its own state only.
        """
        next_beat = 0.0
        async with get_client() as client:
            while not stop.is_set():
                self._wake.clear()
                try:
                    if time.monotonic() >= next_beat:
                        await self._beat(client)
                        next_beat = time.monotonic() + HEARTBEAT_SECONDS
                    await self._cancel_asked(client)
                    await self._start_due(client)
                except NOT_ANSWERING as error:
                    LOG.warning("the Prefect server does not answer: %s", error)
                await self._wait(stop)
            await self._finish(grace_seconds)

    async def _beat(self, client: PrefectClient) -> None:
        await client.send_worker_heartbeat(self._pool, f"{self._pool}-worker", HEARTBEAT_SECONDS)

    async def _declare_crashed(self, client: PrefectClient) -> None:
        unfinished = FlowRunFilter(
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
            )
        )
        pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[self._pool]))
        while left := await client.read_flow_runs(
            flow_run_filter=unfinished, work_pool_filter=pool, sort=FlowRunSort.ID_DESC, limit=100
        ):
            for run in left:
                await client.set_flow_run_state(run.id, Crashed(message=LEFT_BEHIND), force=True)

    async def _start_due(self, client: PrefectClient) -> None:
        if len(self._active) >= self._limit:
            return
        due = await client.get_scheduled_flow_runs_for_work_pool(self._pool, scheduled_before=datetime.now(UTC))
        for run in (entry.flow_run for entry in due):
            if len(self._active) < self._limit and run.id not in self._active:
                task = asyncio.create_task(self._execute(client, run), name=str(run.id))
                self._active[run.id] = task
                task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._active.pop(UUID(task.get_name()))
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("run %s ended outside its flow", task.get_name(), exc_info=error)

    async def _execute(self, client: PrefectClient, run: FlowRun) -> None:
        flow = self._by_id.get(run.flow_id)
        try:
            if flow is None:
                await client.set_flow_run_state(run.id, Crashed(message="This worker does not know the flow."))
                return
            state = await propose_state(client, Pending(), flow_run_id=run.id)
            if not state.is_pending():
                return
            run.state = state
            await run_flow_async(flow, flow_run=run, parameters=run.parameters, return_type="state")
        except (Abort, Pause) as signal:
            LOG.info("run %s was not executed: %s", run.id, signal)
        except asyncio.CancelledError:
            if run.id not in self._cancelled:
                raise
            message = "Cancelled by a person; the ledger says how far it came."
            await client.set_flow_run_state(run.id, Cancelled(message=message), force=True)
        except NOT_ANSWERING as error:
            LOG.warning("the Prefect server was lost during run %s: %s", run.id, error)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # a run never takes the worker with it
            LOG.exception("run %s crashed", run.id)
            with suppress(*NOT_ANSWERING):
                await client.set_flow_run_state(run.id, Crashed(message=f"{type(error).__name__}: {error}"), force=True)
        finally:
            self._cancelled.discard(run.id)

    async def _cancel_asked(self, client: PrefectClient) -> None:
        if not self._active:
            return
        asked = FlowRunFilter(
            id=FlowRunFilterId(any_=list(self._active)),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLING])),
        )
        for run in await client.read_flow_runs(flow_run_filter=asked, sort=FlowRunSort.ID_DESC, limit=self._limit):
            if run.id in self._active and run.id not in self._cancelled:
                self._cancelled.add(run.id)
                self._active[run.id].cancel()

    async def _wait(self, stop: asyncio.Event) -> None:
        waits = [asyncio.create_task(stop.wait()), asyncio.create_task(self._wake.wait())]
        await asyncio.wait(waits, timeout=self._poll_seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()

    async def _finish(self, grace_seconds: float) -> None:
        if self._active:
            _, late = await asyncio.wait(set(self._active.values()), timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
