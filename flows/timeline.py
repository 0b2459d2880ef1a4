"""Timelines: everything that happened to an agreement, told in one line each."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from schemas import events as ev
from schemas.evidence import AgreementId, Digest, Evidence
from schemas.lifecycle import transition
from schemas.state import AgreementState

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
    rows, before = [], None
    for recorded in house.ledger.entries(agreement):
        entry = recorded.entry
        remark = _remark(house, entry.event)
        what = _told(entry.event, people) + _as_delegate(before, entry)
        if hasattr(entry.event, "remark"):
            what += f": {remark or '(erased)'}"
        rows.append(
            Happening(
                counter=entry.counter,
                at=entry.occurred_at,
                role=entry.actor.role or "system",
                person="" if entry.actor.person is None else people.get(entry.actor.person, "erased"),
                what=what,
                digest=_subject(entry.event),
                remark=remark,
            )
        )
        before = transition(before, entry)
    return rows


def _remark(house: Installation, event: ev.Event) -> str | None:
    digest = getattr(event, "remark", None)
    kept = None if digest is None else house.remarks.get(digest)
    return None if kept is None else kept.text


def _as_delegate(before: AgreementState | None, entry: ev.Entry) -> str:
    if before is None or not isinstance(entry.event, ev.Signed | ev.Declined):
        return ""
    delegation = before.delegation_of(entry.event.signatory)
    return ", as delegate" if delegation is not None and delegation.delegate == entry.actor.person else ""


def _told(event: ev.Event, people: dict[Digest, str]) -> str:
    match event:
        case ev.Requested():
            return f"requested ({event.document_type})"
        case ev.Revised():
            voided = ", ".join(one.signatory for one in event.voids)
            return f"revised to draft {event.draft} ({event.reason})" + (
                f", signed by {voided}: void" if voided else ""
            )
        case ev.Edited():
            return f"edited by hand to draft {event.draft}"
        case ev.Approved():
            return f"approved draft {event.draft} for {event.office}"
        case ev.Drafted() | ev.Prepared() | ev.Returned() | ev.Rejected():
            return f"{event.type} draft {event.draft}"
        case _:
            return _told_of_signing(event, people)


def _told_of_signing(event: ev.Event, people: dict[Digest, str]) -> str:
    match event:
        case ev.Signed():
            return f"signed {event.signatory} ({event.way}, {event.effect})"
        case ev.Delegated():
            return f"delegated {event.signatory} to {people.get(event.delegate, 'erased')}"
        case ev.DelegationConfirmed():
            return f"confirmed that {people.get(event.delegate, 'erased')} signs for {event.signatory}"
        case ev.DelegationRevoked():
            return f"revoked the delegation of {event.signatory}"
        case ev.Invited() | ev.Declined():
            return f"{event.type} {event.signatory}"
        case ev.Lapsed() | ev.Extended():
            return f"{event.type}, to be signed by {event.sign_by}"
        case ev.Concluded() | ev.Renewed():
            return f"{event.type} at {event.level}"
        case ev.BalancePaid():
            return f"{event.type} on {event.paid_on}, to be kept until {event.until}"
        case ev.RetentionExtended():
            return f"{event.type} until {event.until}"
    return event.type


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
        case ev.Prepared() | ev.Invited() | ev.Signed() | ev.Concluded() | ev.Renewed():
            return event.pdf
        case ev.Delegated() | ev.DelegationConfirmed():
            return event.authority
        case ev.Deposited():
            return event.receipt.sha256
        case ev.DisposalProposed():
            return event.listing
        case ev.Disposed():
            return event.certificate
    return getattr(event, "remark", "")
