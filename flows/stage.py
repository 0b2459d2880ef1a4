"""What every stage of the way has in common: it looks whether it is due, acts, appends, and says what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from archive.layout import working_key
from flows.notices import tell
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import ConflictingContent, RefusedTransition, StaleBase
from schemas.evidence import AgreementId, Digest, digest_of
from schemas.people import SYSTEM
from schemas.state import AgreementState


@dataclass(frozen=True)
class Outcome:
    """What a stage did: one sentence, and the particulars worth showing (names to digests, levels, counts)."""

    agreement: AgreementId
    stage: str
    acted: bool
    summary: str
    particulars: dict[str, str] = field(default_factory=dict)


def not_due(state: AgreementState, stage: str) -> Outcome:
    """Return the outcome of a stage that finds its work done, or overtaken by a newer draft."""
    return Outcome(
        AgreementId(state.agreement),
        stage,
        acted=False,
        summary=f"Nothing to do: {state.agreement} is {state.stage}, draft {state.draft}.",
    )


OVERTAKEN = (ConflictingContent, RefusedTransition, StaleBase)
"""What an append raises when another run of the same stage, or a person, came first."""


def record(
    house: Installation,
    agreement: AgreementId,
    op_id: Digest,
    now: datetime,
    event: ev.Event,
    *,
    waits: Callable[[AgreementState], bool],
    due: tuple[str, int] | None = None,
) -> bool:
    """Append what a stage did, have people told, note the stage ``due`` next (name and version); whether this run did.

    ``False`` where another run, or a person, came first; whatever the ledger refuses is raised where the agreement
    still ``waits`` for this stage.
    """
    try:
        with house.ledger.transaction() as tx:
            appended = tx.append(agreement, op_id, now, SYSTEM, event)
            tell(tx, appended)
            if due is not None and not appended.repeated:
                stage, version = due
                tx.enqueue_anew(stage, agreement, version, now=now)
    except OVERTAKEN:
        if waits(house.ledger.state(agreement)):
            raise
        return False
    return not appended.repeated


def keep(house: Installation, agreement: AgreementId, content: bytes, extension: str) -> Digest:
    """Store working bytes under their digest and return it."""
    digest = digest_of(content)
    house.store.put(working_key(agreement, digest, extension), content)
    return digest


def load(house: Installation, agreement: AgreementId, digest: Digest, extension: str) -> bytes:
    """Return working bytes by their digest."""
    return house.store.get(working_key(agreement, digest, extension))
