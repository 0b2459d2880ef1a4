"""Sweep: find what the ledger says is due and nobody is doing, and put it into the outbox again.

The runner sweeps at its start and ever after, with Prefect or without: that loop is what keeps agreements going. The
deployment of the same name is for a person who does not want to wait for it, or mended what was refused.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from archive.outbox import OutboxRow
from flows.checkpoints import publish_checkpoint
from flows.deadline import lapse
from flows.due import AT_REST, Due, due_stage, next_attempt_at
from flows.inventory import take_inventory
from flows.wiring import Installation
from schemas.errors import ConvenioError
from schemas.state import Stage


def sweep(house: Installation, *, patience: timedelta, also_refused: bool = False) -> list[Due]:
    """Enqueue every due stage that nobody started within ``patience``, and return them.

    Whatever was lost (a killed runner, a lost Prefect database, a run that failed) is found here, from the
    ledger alone; of messages, from the outbox. Agreements whose last day to sign is over lapse; archived documents
    whose newest timestamp ends soon are renewed. A stage that was refused would be refused again: it is left alone,
    unless ``also_refused``. Messages the mail server did not take are handed to it again. Once a day the inventory is
    taken.

    The ledger is published first. No part keeps the others from being done; the first fault is raised at the end.
    """
    faults, started = list[ConvenioError](), list[Due]()
    with _put_off(faults):
        if house.ledger.size:
            publish_checkpoint(house)
    for find in (_stages, _messages, house.renewals.due):
        with _put_off(faults):
            started += [due for due in find(house) if _enqueue_again(house, due, patience, also_refused=also_refused)]
    with _put_off(faults):
        house.mail.hand_over_waiting()
    with _put_off(faults):
        take_inventory(house)
    if faults:
        raise faults[0]
    return started


@contextmanager
def _put_off(faults: list[ConvenioError]) -> Generator[None]:
    try:
        yield
    except ConvenioError as fault:
        faults.append(fault)


def _stages(house: Installation) -> Iterator[Due]:
    for row in house.register.rows():
        if row.stage in AT_REST or (row.stage is Stage.SIGNING and lapse(house, row.id)):
            continue
        if (due := due_stage(house.ledger.state(row.id))) is not None:
            yield due


def _messages(house: Installation) -> Iterator[Due]:
    for stage in ("notify", "webhook"):
        for left in house.outbox.unfinished(stage):
            yield Due(left.stage, left.agreement, left.version)


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
    again = next_attempt_at(last, patience)
    # what has not begun waits for the dispatcher
    return again is None or again > now
