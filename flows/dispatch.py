"""The dispatcher: starts one Prefect run for each row of the outbox; a row started twice is the same run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from httpx import HTTPError
from prefect.client.orchestration import get_client
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from archive.outbox import OutboxRow
from flows.failures import headline
from flows.worker import DEPLOYMENT
from schemas.errors import OrchestrationUnavailable, Refused
from schemas.evidence import AgreementId

LOG = logging.getLogger("convenio.dispatch")

DRAFT_STAGES = frozenset({"draft", "prepare"})
"""Stages whose version is the draft's number."""

ENTRY_STAGES = frozenset({"notify", "webhook"})
"""Stages whose version is the counter of an entry; all others count signatures."""


REFUSALS = frozenset({400, 404, 409, 422})
"""Answers that stay the same however often the call is repeated (RFC 9110 15.5): its parameters do not fit."""


class DueRows(Protocol):
    """The outbox as the dispatcher needs it; all calls may block and are made in a thread."""

    def due(self, limit: int = ...) -> tuple[OutboxRow, ...]:
        """Return rows neither dispatched nor failed, the oldest first."""
        ...

    def mark_dispatched(self, row: OutboxRow, run_id: str, now: datetime) -> object:
        """Note durably which run was started for ``row``."""
        ...

    def mark_failed(
        self, stage: str, agreement: AgreementId, version: int, failure: str, *, retry: bool, now: datetime
    ) -> object:
        """Note durably that the newest attempt at a stage cannot be started."""
        ...


StartRun = Callable[[OutboxRow], Awaitable[str]]
"""Starts the run of a row, or finds the one started before, and returns its id."""


class Dispatcher:
    """Moves rows from the outbox to Prefect. A row is marked after its run exists, never before."""

    def __init__(self, outbox: DueRows, start: StartRun, clock: Callable[[], datetime], *, limit: int = 50) -> None:
        self._outbox = outbox
        self._start = start
        self._clock = clock
        self._limit = limit

    async def dispatch(self) -> int:
        """Start a run for every due row and return how many were marked.

        A row that is refused (no deployment for its stage) is marked as failed and does not hold up the others. Raises
        :class:`OrchestrationUnavailable` where Prefect does not answer; all rows not yet marked stay due.
        """
        marked = 0
        for row in await asyncio.to_thread(self._outbox.due, self._limit):
            try:
                run_id = await self._start(row)
            except Refused as refusal:
                LOG.error("%s", refusal)  # noqa: TRY400  # the diagnosis says it all
                await asyncio.to_thread(self._refuse, row, refusal)
                continue
            await asyncio.to_thread(self._outbox.mark_dispatched, row, run_id, self._clock())
            marked += 1
        return marked

    def _refuse(self, row: OutboxRow, refusal: Refused) -> None:
        said, now = headline(refusal), self._clock()
        self._outbox.mark_failed(row.stage, row.agreement, row.version, said, retry=False, now=now)


async def start_run(row: OutboxRow) -> str:
    """Start the run of ``row`` in Prefect and return its id; the same row gives the same run.

    Raises :class:`Refused` where its stage has no deployment, :class:`OrchestrationUnavailable` where Prefect
    does not answer.
    """
    try:
        async with get_client() as client:  # the one arun_deployment makes for itself is never closed
            run = await arun_deployment(
                f"{row.stage}/{DEPLOYMENT}",
                client=client,
                parameters={"agreement": row.agreement, "version": row.version},
                idempotency_key=f"{row.agreement}:{row.version}:{row.stage}:{row.attempt}",
                timeout=0,
                as_subflow=False,
                flow_run_name=run_name(row),
                tags=[f"agreement:{row.agreement}", f"stage:{row.stage}"],
            )
    except ObjectNotFound as error:
        raise Refused(
            "no deployment does this stage",
            where=row.agreement,
            got=row.stage,
            remedy="start the runner of this version: convenio up",
        ) from error
    except PrefectHTTPStatusError as error:
        if error.response.status_code not in REFUSALS:
            raise OrchestrationUnavailable("Prefect does not take the run", where=row.agreement, got=error) from error
        raise Refused("Prefect refuses the run", where=row.agreement, got=error.response.text[:200]) from error
    except (HTTPError, OSError) as error:
        raise OrchestrationUnavailable("the Prefect server does not answer", where=row.agreement, got=error) from error
    return str(run.id)


def run_name(row: OutboxRow) -> str:
    """Return how the run is called in the UI: ``MOU-2026-0001 · draft 2 · prepare``."""
    counted = f"draft {row.version}" if row.stage in DRAFT_STAGES else f"{row.version} signed"
    counted = f"entry {row.version}" if row.stage in ENTRY_STAGES else counted
    # the stage "draft" of draft 2 would say draft twice
    parts = [row.agreement, counted] if row.stage == "draft" else [row.agreement, counted, row.stage]
    return " · ".join([*parts, *([f"attempt {row.attempt}"] if row.attempt > 1 else [])])
