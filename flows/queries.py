"""What the command line and the portal read: contents, what is in the way, and waiting for a state."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from archive.layout import data_key, working_key
from flows.due import next_attempt_at
from flows.failures import DIAGNOSED_IN, standing_failures
from schemas import events as ev
from schemas.errors import OrchestrationUnavailable, Refused
from schemas.evidence import AgreementId
from schemas.state import AgreementState

if TYPE_CHECKING:
    from archive.outbox import OutboxRow
    from flows.wiring import Installation

MEND = "mend what it names, then start `convenio up` anew"
"""What a person does about a stage that was refused: the first sweep of a runner starts it again."""


def content_of(house: Installation, agreement: AgreementId, what: str, *, draft: int | None = None) -> bytes:
    """Return the ``pdf``, ``docx``, ``data`` or ``manifest`` of a draft.

    Without ``draft`` it is the current one, and of PDFs the newest revision.
    Raises :class:`Refused` where there is no such draft, or it is not rendered.
    """
    state = house.ledger.state(agreement)
    if draft is None and what == "pdf" and state.pdf is not None:
        return house.store.get(working_key(agreement, state.pdf, "pdf"))
    wanted = draft or state.draft
    for recorded in house.ledger.entries(agreement):
        event = recorded.entry.event
        if what == "data" and isinstance(event, ev.Requested | ev.Revised | ev.Edited) and event.draft == wanted:
            return house.store.get(data_key(event.data))
        if isinstance(event, ev.Drafted) and event.draft == wanted and what != "data":
            extension = "json" if what == "manifest" else what
            return house.store.get(working_key(agreement, getattr(event.content, what), extension))
    raise Refused(
        f"there is no {what} of draft {wanted}", where=agreement, expected=f"draft 1 to {state.draft}, rendered"
    )


def wait_until(
    house: Installation,
    agreement: AgreementId,
    reached: Callable[[AgreementState], bool],
    *,
    seconds: float = 120.0,
    tick: Callable[[], None] = lambda: None,
) -> AgreementState:
    """Return the state once ``reached`` holds; ``tick`` is called at each look, for progress.

    Raises :class:`Refused` as soon as the stage that is due has failed and needs a person,
    :class:`OrchestrationUnavailable` where the state is not reached in time.
    """
    deadline = time.monotonic() + seconds
    while not reached(state := house.ledger.state(agreement)):
        # people and programs who could not be told hold up no stage
        standing = (row for row in standing_failures(house, agreement) if row.stage not in {"notify", "webhook"})
        failed = next(standing, None)
        if failed is not None and not failed.retry:
            raise Refused(
                f"{failed.stage} of {agreement} failed",
                where=f"{agreement}, {state.stage}",
                got=failed.failure,
                expected=f"a {failed.stage} that goes through",
                remedy=f"see {DIAGNOSED_IN} in the home; {MEND}",
            )
        if time.monotonic() > deadline:
            raise OrchestrationUnavailable(
                f"{agreement} is still {state.stage} after {seconds:.0f} seconds",
                got=None if failed is None else _trouble(house, failed),
                remedy="is `convenio up` running? What was asked is recorded and will be done once it is",
            )
        tick()
        time.sleep(0.1)
    return state


def trouble(house: Installation, agreement: AgreementId) -> str | None:
    """Return what keeps the agreement from going on, in one line, or ``None``; see :func:`troubles` for many."""
    failed = next(iter(standing_failures(house, agreement)), None)
    return None if failed is None else _trouble(house, failed)


def troubles(house: Installation) -> dict[AgreementId, str]:
    """Return for every agreement that cannot go on what keeps it, in one line."""
    return {row.agreement: _trouble(house, row) for row in standing_failures(house)}


def _trouble(house: Installation, failed: OutboxRow) -> str:
    return f"{failed.stage} failed at {failed.failed_at:%Y-%m-%d %H:%M} UTC: {failed.failure}; {_then(house, failed)}"


def _then(house: Installation, failed: OutboxRow) -> str:
    if not failed.retry:
        return MEND
    again = next_attempt_at(failed, timedelta(seconds=house.settings.sweep_seconds))
    tried = f"attempt {failed.attempt}" if failed.attempt > 1 else "the first attempt"
    return f"that was {tried}, and it is tried again from {again:%Y-%m-%d %H:%M:%S} UTC on"
