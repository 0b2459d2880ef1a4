"""Sweep: find what the ledger says is due and nobody is doing, and put it into the outbox again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flows.publish import publish_checkpoint
from flows.wiring import Installation
from schemas.evidence import AgreementId
from schemas.lifecycle import AgreementState, Stage

LONGEST_WAIT = timedelta(hours=1)

AT_REST = (Stage.IN_REVIEW, Stage.RETURNED, Stage.ARCHIVED, Stage.ENDED)
"""Stages in which no machine has anything to do."""


@dataclass(frozen=True)
class Due:
    """A stage that is due: its name, the agreement, and the version its run is about."""

    stage: str
    agreement: AgreementId
    version: int


def due_stage(state: AgreementState) -> Due | None:
    """Return the stage that a machine has to do next, or ``None`` where people are awaited or all is done."""
    agreement, signed = AgreementId(state.agreement), len(state.signed)
    match state.stage:
        case Stage.REQUESTED:
            return Due("draft", agreement, state.draft)
        case Stage.APPROVED:
            return Due("prepare", agreement, state.draft)
        case Stage.SIGNING if state.next_signatory not in state.invited:
            return Due("collect", agreement, signed)
        case Stage.SIGNED:
            return Due("conclude", agreement, signed)
        case Stage.CONCLUDED:
            return Due("publish", agreement, signed)
    return None


def sweep(house: Installation, *, patience: timedelta) -> list[Due]:
    """Enqueue every due stage that nobody started within ``patience``, and return them.

    Whatever was lost (a killed runner, a lost Prefect database, a run that failed) is found here, from the
    ledger alone.
    """
    started = []
    for row in house.register.rows():
        due = due_stage(house.ledger.state(row.id)) if row.stage not in AT_REST else None
        if due is not None and _enqueue_again(house, due, patience):
            started.append(due)
    if house.ledger.size:
        publish_checkpoint(house)
    return started


def _wait(patience: timedelta, attempt: int) -> timedelta:
    """Return how long an attempt is left alone: twice as long each time, so that what cannot work is not hammered."""
    return min(patience * 2 ** min(attempt - 1, 16), max(patience, LONGEST_WAIT))


def _enqueue_again(house: Installation, due: Due, patience: timedelta) -> bool:
    attempts, now = house.outbox.attempts(due.stage, due.agreement, due.version), house.clock()
    last = attempts[-1] if attempts else None
    if last is not None and (last.dispatched_at is None or last.dispatched_at + _wait(patience, last.attempt) > now):
        return False
    with house.ledger.transaction() as tx:
        tx.enqueue(due.stage, due.agreement, due.version, now=now, attempt=last.attempt + 1 if last else 1)
    return True
