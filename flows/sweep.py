"""Sweep: find what the ledger says is due and nobody is doing, and put it into the outbox again.

The runner sweeps at its start and ever after, with Prefect or without: that loop is what keeps agreements going. The
deployment of the same name is for a person who does not want to wait for it, or mended what was refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from archive.outbox import OutboxRow
from flows.due import AT_REST, Due, due_stage
from flows.publish import publish_checkpoint
from flows.wiring import Installation

LONGEST_WAIT = timedelta(hours=1)


def sweep(house: Installation, *, patience: timedelta, also_refused: bool = False) -> list[Due]:
    """Enqueue every due stage that nobody started within ``patience``, and return them.

    Whatever was lost (a killed runner, a lost Prefect database, a run that failed) is found here, from the
    ledger alone. A stage that was refused would be refused again: it is left alone, unless ``also_refused``.
    """
    started = []
    for row in house.register.rows():
        due = due_stage(house.ledger.state(row.id)) if row.stage not in AT_REST else None
        if due is not None and _enqueue_again(house, due, patience, also_refused=also_refused):
            started.append(due)
    if house.ledger.size:
        publish_checkpoint(house)
    return started


def _enqueue_again(house: Installation, due: Due, patience: timedelta, *, also_refused: bool) -> bool:
    attempts, now = house.outbox.attempts(due.stage, due.agreement, due.version), house.clock()
    last = attempts[-1] if attempts else None
    if last is not None and _is_left_alone(last, patience, now, also_refused=also_refused):
        return False
    with house.ledger.transaction() as tx:
        tx.enqueue(due.stage, due.agreement, due.version, now=now, attempt=last.attempt + 1 if last else 1)
    return True


def _is_left_alone(last: OutboxRow, patience: timedelta, now: datetime, *, also_refused: bool) -> bool:
    if last.failed_at is not None and not last.retry:
        return not also_refused
    began = last.dispatched_at or last.failed_at
    # what has not begun waits for the dispatcher
    return began is None or began + _wait(patience, last.attempt) > now


def _wait(patience: timedelta, attempt: int) -> timedelta:
    """Return how long an attempt is left alone: twice as long each time, so that what cannot work is not hammered."""
    return min(patience * 2 ** min(attempt - 1, 16), max(patience, LONGEST_WAIT))
