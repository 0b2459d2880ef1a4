"""The real flows of an installation, in a runner that kills itself once, at the place a file of its home names.

The file goes before the process does, so that the next runner passes the place.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.wiring import Installation

if TYPE_CHECKING:
    from prefect import Flow

    from archive.outbox import OutboxRow
    from archive.transaction import Transaction

STARTED = "the run was started, and its row of the outbox not yet marked"
BEGUN = "the stage was begun"
KEPT = "objects and mails were kept, and nothing appended"
DEPOSITED = "the deposit was put, and nothing appended"
COMMITTED = "the entry was committed"
HANDED_OVER = "the next stage was noted, and no entry appended"
SIGNED = "the checkpoint was signed, and its note not yet kept"
"""The places, by what was there when the runner was killed."""

SWEEP = "sweep"
"""What a runner does outside every stage."""

_STAGE: ContextVar[str] = ContextVar("stage", default=SWEEP)


@dataclass(frozen=True)
class Killings:
    """Where the next runner of a home is to be killed, and which run the last one was killed in."""

    home: Path

    def order(self, stage: str, place: str) -> None:
        """Have the next runner killed at ``place`` of ``stage``."""
        self._ordered.write_text(f"{stage}: {place}")

    @property
    def done(self) -> bool:
        """Whether the order was carried out."""
        return not self._ordered.exists()

    @property
    def run(self) -> str:
        """The id of the run the last runner was killed in."""
        return self._run.read_text()

    def here(self, stage: str, place: str, run: str) -> None:
        """Kill this process, without a last word, where that was ordered for here."""
        if self.done or self._ordered.read_text() != f"{stage}: {place}":
            return
        self._run.write_text(run)
        self._ordered.unlink()
        os.kill(os.getpid(), signal.SIGKILL)

    @property
    def _ordered(self) -> Path:
        return self.home / "killing-ordered"

    @property
    def _run(self) -> Path:
        return self.home / "killed-run"


def stage_flows(house: Installation) -> Sequence[Flow[..., Any]]:
    """Return the real flows of the stages; they, ledger, store and outbox are watched."""
    from flows import deployments

    killings = Killings(house.home)
    for name, (act, description) in deployments.STAGES.items():
        deployments.STAGES[name] = (partial(_stage, killings, name, act), description)
    house.ledger.__dict__["transaction"] = partial(_transaction, killings, house.ledger.transaction)
    house.store.__dict__["put"] = partial(_put, killings, house.store.put)
    house.log_store.__dict__["put_once"] = partial(_put_once, killings, house.log_store.put_once)
    house.outbox.__dict__["mark_dispatched"] = partial(_mark_dispatched, killings, house.outbox.mark_dispatched)
    return [flow for flow in deployments.stage_flows(house) if flow.name in deployments.STAGES]


def _here(killings: Killings, place: str) -> None:
    from prefect.runtime import flow_run

    killings.here(_STAGE.get(), place, flow_run.id or "")


def _stage(killings: Killings, name: str, act: Callable[..., object], *arguments: object) -> object:
    _STAGE.set(name)  # in the context of the run's own thread
    _here(killings, BEGUN)
    return act(*arguments)


@contextmanager
def _transaction(killings: Killings, begin: Callable[[], Any]) -> Iterator[Transaction]:
    _here(killings, KEPT)
    with begin() as transaction:
        before = transaction._size
        yield transaction
        appended = transaction._size > before
    _here(killings, COMMITTED if appended else HANDED_OVER)


def _put_once(killings: Killings, put: Callable[[str, bytes], None], path: str, content: bytes) -> None:
    if path.startswith("checkpoints/"):
        _here(killings, SIGNED)
    put(path, content)


def _put(killings: Killings, put: Callable[..., object], key: str, content: bytes, **retention: object) -> object:
    receipt = put(key, content, **retention)
    if key.startswith("agreements/"):
        _here(killings, DEPOSITED)
    return receipt


def _mark_dispatched(
    killings: Killings, mark: Callable[..., object], row: OutboxRow, run_id: str, *rest: object
) -> object:
    killings.here(row.stage, STARTED, run_id)
    return mark(row, run_id, *rest)
