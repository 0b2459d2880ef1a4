"""What the command line and the portal read: lists, timelines, and waiting for a state."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from schemas import events as ev
from schemas.errors import InputError, OrchestrationUnavailable
from schemas.evidence import AgreementId, Evidence
from schemas.lifecycle import AgreementState
from schemas.people import Person, Role

if TYPE_CHECKING:
    from flows.wiring import Installation


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


def add_person(house: Installation, email: str, *, name: str, roles: tuple[str, ...]) -> Person:
    """Add a person, or roles to one who is there; raise :class:`InputError` for what is no address or no role."""
    if strangers := [role for role in roles if role not in list(Role)]:
        raise InputError("that is no role", got=", ".join(strangers), expected=", ".join(Role))
    return house.people.add(email, name, [Role(role) for role in roles])


def wait_until(
    house: Installation,
    agreement: AgreementId,
    reached: Callable[[AgreementState], bool],
    *,
    seconds: float = 120.0,
    tick: Callable[[], None] = lambda: None,
) -> AgreementState:
    """Return the state once ``reached`` holds; raise :class:`OrchestrationUnavailable` where it does not in time.

    ``tick`` is called at each look, for progress.
    """
    deadline = time.monotonic() + seconds
    while not reached(state := house.ledger.state(agreement)):
        if time.monotonic() > deadline:
            raise OrchestrationUnavailable(
                f"{agreement} is still {state.stage} after {seconds:.0f} seconds",
                remedy="is `convenio up` running? What was asked is recorded and will be done once it is",
            )
        tick()
        time.sleep(0.1)
    return state


def _remark(house: Installation, event: ev.Event) -> str | None:
    if not isinstance(event, ev.Returned | ev.Rejected | ev.Withdrawn | ev.Declined):
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
