"""The runner's own process: the warm worker, the dispatcher, the sweep and the archive's daily round, until SIGTERM.

``python -m flows.runner --home HOME [--ready-fd N]``. Prefect reads its settings when it is imported, so that
happens after they are set.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.fixity import daily_round
from flows.policies import record_policies
from flows.readiness import require_ready
from flows.server import PrefectPlace
from flows.settings import read_settings
from flows.sweep import sweep
from flows.wiring import Installation
from schemas.errors import ConvenioError, OrchestrationUnavailable, Unavailable

if TYPE_CHECKING:
    from prefect import Flow

    from flows.dispatch import Dispatcher
    from flows.worker import WarmWorker

LOG = logging.getLogger("convenio.runner")

FLOWS = "flows.deployments:stage_flows"
"""Who makes the flows of an installation: ``Callable[[Installation], Sequence[Flow]]``."""

DISPATCH_SECONDS = 0.2
RETRY_SECONDS = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; a second one ends at once. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.runner")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--flows", default=FLOWS, help="module:function that makes the flows of an installation")
    parser.add_argument("--ready-fd", type=int, help="file descriptor that gets one byte when runs can start")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("convenio").setLevel(logging.INFO)  # Prefect gives the root logger a level of its own
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line for each call
    house = Installation(read_settings(given.home))
    try:
        require_ready(house)
    except ConvenioError as error:
        LOG.error("%s", error)  # noqa: TRY400  # the diagnosis says it all
        return error.exit_code
    os.environ.update(PrefectPlace(house.home, house.settings.prefect_port).client_environment())
    module, function = given.flows.split(":")
    flows: Sequence[Flow[..., Any]] = getattr(importlib.import_module(module), function)(house)

    def ready() -> None:
        if given.ready_fd is not None:
            os.write(given.ready_fd, b"1")
            os.close(given.ready_fd)

    try:
        return run_until_signal(house, flows, ready)
    finally:
        house.close()


def run_until_signal(house: Installation, flows: Sequence[Flow[..., Any]], ready: Callable[[], None]) -> int:
    """Serve in a thread of its own while the main thread listens for signals; return the exit code."""
    ended, outcome = threading.Event(), []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve(house, flows, stop, ready))
            outcome.append(0)
        except ConvenioError as error:
            LOG.error("%s", error)  # noqa: TRY400  # the diagnosis says it all
            outcome.append(error.exit_code)
        finally:
            ended.set()

    def ask_to_stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    thread = threading.Thread(target=work, name="runner")
    thread.start()
    while not ended.wait(0.5):  # a wait without a limit would keep Python from running the handlers
        pass
    thread.join()
    return outcome[0] if outcome else 1


async def serve(
    house: Installation, flows: Sequence[Flow[..., Any]], stop: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Register the flows, call ``ready``, then run worker, dispatcher and sweep until ``stop`` is set."""
    from flows.dispatch import Dispatcher, start_run  # noqa: PLC0415  # after Prefect's settings are set
    from flows.worker import WarmWorker  # noqa: PLC0415  # the same

    worker = WarmWorker(flows)
    await worker.register()
    dispatcher = Dispatcher(house.outbox, start_run, house.clock)
    # whatever the last runner left is due at once: the home's lock says that it is gone; what was refused is due as
    # well, for people start anew after they mended something
    await asyncio.to_thread(_sweep, house, timedelta(0), also_refused=True)
    await asyncio.to_thread(_look_at_policies, house)
    ready()
    await asyncio.gather(
        worker.run(stop), _dispatch(dispatcher, worker, stop), _sweeps(house, stop), _rounds(house, stop)
    )


async def _dispatch(dispatcher: Dispatcher, worker: WarmWorker, stop: asyncio.Event) -> None:
    while not stop.is_set():
        pause = DISPATCH_SECONDS
        try:
            if await dispatcher.dispatch():
                worker.nudge()
        except OrchestrationUnavailable as error:
            LOG.warning("%s", error.what)
            pause = RETRY_SECONDS
        except ConvenioError:
            LOG.exception("the outbox cannot be worked off")
            pause = RETRY_SECONDS
        await _pause(stop, pause)


async def _sweeps(house: Installation, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await _pause(stop, house.settings.sweep_seconds)
        if not stop.is_set():
            await asyncio.to_thread(_sweep, house, timedelta(seconds=house.settings.sweep_seconds))


async def _rounds(house: Installation, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await asyncio.to_thread(_round, house)
        await _pause(stop, house.settings.sweep_seconds)


def _round(house: Installation) -> None:
    """Probe the store at the start and once a day, and then look after what lies in it."""
    try:
        promise = house.store.capabilities.promise
        if (report := daily_round(house)) is not None:
            LOG.info("the archive is %s; the sweep of %s found %d faults", promise, report.day, len(report.faults))
    except Unavailable as error:
        LOG.warning("the archive is looked after later: %s", error)
    except ConvenioError:
        LOG.exception("the archive cannot be looked after")


def _sweep(house: Installation, patience: timedelta, *, also_refused: bool = False) -> None:
    try:
        for due in sweep(house, patience=patience, also_refused=also_refused):
            LOG.info("due and not under way: %s of %s, version %s", due.stage, due.agreement, due.version)
    except ConvenioError:
        LOG.exception("the sweep failed and is repeated")


def _look_at_policies(house: Installation) -> None:
    try:
        record_policies(house)
    except ConvenioError:
        LOG.exception("a change of the policies is recorded at the next start")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


if __name__ == "__main__":
    raise SystemExit(main())
