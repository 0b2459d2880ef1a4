"""What the command line and the portal read: lists, timelines, and waiting for a state."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from archive.layout import data_key, working_key
from flows.failures import DIAGNOSED_IN, standing_failures
from schemas import events as ev
from schemas.errors import OrchestrationUnavailable, Refused
from schemas.evidence import AgreementId, Evidence
from schemas.state import AgreementState

if TYPE_CHECKING:
    from archive.outbox import OutboxRow
    from flows.wiring import Installation

MEND = "mend what it names, then start `convenio up` anew"
"""What a person does about a stage that was refused: the first sweep of a runner starts it again."""


class Happening(Evidence):
    """One line of a timeline; ``digest`` is the one the act is about, ``person`` the name unless erased."""

    counter: int
    at: datetime
    role: str
    person: str
    what: str
    digest: str
    remark: str | None = None


def happened(house: Installation, agreement: AgreementId) -> list[Happening]:
    """Return everything that happened to an agreement, in order; raise :class:`Refused` where there is none."""
    people = {person.commitment: person.name for person in house.people.everyone()}
    rows = []
    for recorded in house.ledger.entries(agreement):
        entry = recorded.entry
        person = "" if entry.actor.person is None else people.get(entry.actor.person, "erased")
        remark = _remark(house, entry.event)
        rows.append(
            Happening(
                counter=entry.counter,
                at=entry.occurred_at,
                role=entry.actor.role or "system",
                person=person,
                what=_told(entry.event, remark),
                digest=_subject(entry.event),
                remark=remark,
            )
        )
    return rows


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
        failed = next(iter(standing_failures(house, agreement)), None)
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
                got=None if failed is None else _trouble(failed),
                remedy="is `convenio up` running? What was asked is recorded and will be done once it is",
            )
        tick()
        time.sleep(0.1)
    return state


def trouble(house: Installation, agreement: AgreementId) -> str | None:
    """Return what keeps the agreement from going on, in one line, or ``None``; see :func:`troubles` for many."""
    failed = next(iter(standing_failures(house, agreement)), None)
    return None if failed is None else _trouble(failed)


def troubles(house: Installation) -> dict[AgreementId, str]:
    """Return for every agreement that cannot go on what keeps it, in one line."""
    return {row.agreement: _trouble(row) for row in standing_failures(house)}


def _trouble(failed: OutboxRow) -> str:
    then = "is tried again" if failed.retry else MEND
    return f"{failed.stage} failed at {failed.failed_at:%Y-%m-%d %H:%M} UTC: {failed.failure}; {then}"


def _remark(house: Installation, event: ev.Event) -> str | None:
    if not isinstance(event, ev.Edited | ev.Returned | ev.Rejected | ev.Withdrawn | ev.Declined):
        return None
    kept = house.remarks.get(event.remark)
    return kept.text if kept is not None else None


def _told(event: ev.Event, remark: str | None) -> str:
    comment = f": {remark}" if remark else ": (erased)" if hasattr(event, "remark") else ""
    match event:
        case ev.Requested():
            return f"requested ({event.document_type})"
        case ev.Revised():
            return f"revised to draft {event.draft} ({event.reason})"
        case ev.Edited():
            return f"edited by hand to draft {event.draft}{comment}"
        case ev.Approved():
            return f"approved draft {event.draft} for {event.office}"
        case ev.Drafted() | ev.Prepared() | ev.Returned() | ev.Rejected():
            return f"{event.type} draft {event.draft}{comment}"
        case ev.Invited() | ev.Signed() | ev.Declined():
            return f"{event.type} {event.signatory}{comment}"
        case ev.Concluded():
            return f"concluded at {event.level}"
        case ev.Deposited() | ev.Withdrawn():
            return f"{event.type}{comment}"


def _subject(event: ev.Event) -> str:
    match event:
        case ev.Requested() | ev.Revised():
            return event.data
        case ev.Edited():
            return event.docx
        case ev.Drafted():
            return event.content.pdf
        case ev.Approved() | ev.Returned() | ev.Rejected():
            return event.covers.pdf
        case ev.Prepared() | ev.Invited() | ev.Signed() | ev.Concluded():
            return event.pdf
        case ev.Deposited():
            return event.receipt.sha256
        case ev.Withdrawn() | ev.Declined():
            return event.remark
