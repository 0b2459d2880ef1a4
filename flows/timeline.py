"""Timelines: everything that happened to an agreement, told in one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flows.act import data_of
from flows.notices import DelegationEvent, delegate_of
from schemas import events as ev
from schemas.evidence import AgreementId, Digest, Evidence, SignatoryId
from schemas.lifecycle import transition
from schemas.state import AgreementState

if TYPE_CHECKING:
    from flows.wiring import Installation
    from schemas.people import Person


@dataclass(frozen=True)
class Act:
    """One entry of the ledger and what it speaks of: who acted, and whom a delegation is about.

    People are ``None`` where there is nobody or they were erased; so is ``remark``, what was said, where it was.
    ``data`` is that of the draft there was, ``None`` where the agreement was disposed of; ``digest`` is the one the act
    is about.
    """

    entry: ev.Entry
    leaf_index: int
    by: Person | None
    delegate: Person | None
    as_delegate: bool
    data: Digest | None
    digest: str
    remark: str | None

    @property
    def has_remark(self) -> bool:
        """Whether something was said, erased or not."""
        return isinstance(self.entry.event, ev.Remarked)


class Happening(Evidence):
    """One line of a timeline; ``digest`` is the one the act is about, ``person`` the name unless erased."""

    counter: int
    at: datetime
    role: str
    person: str
    what: str
    digest: str
    remark: str | None = None


def acts(house: Installation, agreement: AgreementId, everyone: Iterable[Person]) -> list[Act]:
    """Return everything that happened to an agreement, in order; raise :class:`Refused` where there is none.

    ``everyone`` are the people there are.
    """
    people = {person.commitment: person for person in everyone}
    history = house.ledger.entries(agreement)
    is_disposed = any(isinstance(recorded.entry.event, ev.Disposed) for recorded in history)
    found, before = [], None
    for recorded in history:
        entry = recorded.entry
        after = transition(before, entry)
        found.append(
            Act(
                entry=entry,
                leaf_index=recorded.leaf_index,
                by=None if entry.actor.person is None else people.get(entry.actor.person),
                delegate=_delegate(before, entry.event, people),
                as_delegate=_is_by_delegate(before, entry),
                data=None if is_disposed else (before or after).data,
                digest=_subject(entry.event),
                remark=_remark(house, entry.event),
            )
        )
        before = after
    return found


def happened(house: Installation, agreement: AgreementId) -> list[Happening]:
    """Return the lines of an agreement's timeline, in order; raise :class:`Refused` where there is none."""
    return [_line(act) for act in acts(house, agreement, house.people.everyone())]


def signatory_names(house: Installation, data: Digest, everyone: Iterable[Person]) -> dict[SignatoryId, str]:
    """Return the names of the signatories in some data by their ids, without those who are not among ``everyone``.

    Raises :class:`Invalid` and :class:`Unavailable` where the data cannot be read.
    """
    known = {person.email.casefold() for person in everyone}
    signatories = data_of(house, data).signatories
    return {SignatoryId(one.id): str(one.name) for one in signatories if one.email.casefold() in known}


def _line(act: Act) -> Happening:
    entry = act.entry
    what = _told(act) + (", as delegate" if act.as_delegate else "")
    if act.has_remark:
        what += f": {act.remark or '(erased)'}"
    return Happening(
        counter=entry.counter,
        at=entry.occurred_at,
        role=entry.actor.role or "system",
        person="" if entry.actor.person is None else act.by.name if act.by else "erased",
        what=what,
        digest=act.digest,
        remark=act.remark,
    )


def _remark(house: Installation, event: ev.Event) -> str | None:
    kept = house.remarks.get(event.remark) if isinstance(event, ev.Remarked) else None
    return None if kept is None else kept.text


def _delegate(before: AgreementState | None, event: ev.Event, people: Mapping[Digest, Person]) -> Person | None:
    if before is None or not isinstance(event, DelegationEvent):
        return None
    return people.get(delegate_of(before, event))


def _is_by_delegate(before: AgreementState | None, entry: ev.Entry) -> bool:
    if before is None or not isinstance(entry.event, ev.Signed | ev.Declined):
        return False
    delegation = before.delegation_of(entry.event.signatory)
    return delegation is not None and delegation.delegate == entry.actor.person


def _told(act: Act) -> str:
    match event := act.entry.event:
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
            return _told_of_signing(event, act.delegate.name if act.delegate else "erased")


def _told_of_signing(event: ev.Event, delegate: str) -> str:
    match event:
        case ev.Signed():
            return f"signed {event.signatory} ({event.way}, {event.effect})"
        case ev.Delegated():
            return f"delegated {event.signatory} to {delegate}"
        case ev.DelegationConfirmed():
            return f"confirmed that {delegate} signs for {event.signatory}"
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
    return event.remark if isinstance(event, ev.Remarked) else ""
