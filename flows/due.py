"""What the ledger says a machine has to do next; pure."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.evidence import AgreementId
from schemas.state import AgreementState, Stage

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
