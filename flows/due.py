"""What the ledger says a machine has to do next, and how long an attempt at it is left alone; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from schemas.evidence import AgreementId
from schemas.state import AgreementState, Stage

if TYPE_CHECKING:
    from archive.outbox import OutboxRow

AT_REST = (Stage.IN_REVIEW, Stage.RETURNED, Stage.ARCHIVED, Stage.ENDED, Stage.DISPOSED)
"""Stages in which no machine has anything to do."""

LONGEST_WAIT = timedelta(hours=1)


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
        case Stage.SIGNING if not set(state.awaited) <= set(state.invited):
            return Due("collect", agreement, signed)
        case Stage.SIGNED:
            return Due("conclude", agreement, signed)
        case Stage.CONCLUDED:
            return Due("publish", agreement, signed)
    return None


def next_attempt_at(last: OutboxRow, patience: timedelta) -> datetime | None:
    """Return from when on a stage is attempted again that failed or was lost; ``None`` while it has not begun.

    An attempt is left alone twice as long each time, so that what cannot work is not hammered.
    """
    began = last.dispatched_at or last.failed_at
    wait = min(patience * 2 ** min(last.attempt - 1, 16), max(patience, LONGEST_WAIT))
    return None if began is None else began + wait
