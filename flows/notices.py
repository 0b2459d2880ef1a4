"""Which acts people are told of, and whom each concerns; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas import events as ev
from schemas.evidence import Digest, SignatoryId
from schemas.people import Actor
from schemas.state import AgreementState

if TYPE_CHECKING:
    from archive.transaction import Appended, Transaction

PURPOSES: dict[type, str] = {
    ev.Returned: "returned",
    ev.Rejected: "rejected",
    ev.Revised: "voided",
    ev.Withdrawn: "withdrawn",
    ev.Declined: "declined",
    ev.Lapsed: "lapsed",
    ev.Extended: "extended",
    ev.Delegated: "delegated",
    ev.DelegationConfirmed: "delegation-confirmed",
    ev.DelegationRevoked: "delegation-revoked",
    ev.Deposited: "archived",
}
"""What a message is for, as the names of mail files say it, by the event it is about."""

DelegationEvent = ev.Delegated | ev.DelegationConfirmed | ev.DelegationRevoked
"""What the delegate, the legal office and whoever worked on the draft are told of, beside the signatory."""


def tell(tx: Transaction, appended: Appended) -> None:
    """Have people told of what was just appended, in the same transaction; nothing for events nobody is told of."""
    entry = appended.entry
    if type(entry.event) in PURPOSES and not appended.repeated:
        tx.enqueue("notify", entry.agreement, entry.counter, now=entry.occurred_at)


@dataclass(frozen=True)
class Concerned:
    """Whom an act concerns: people by commitment, signatories by id, and whether the legal office is told."""

    people: frozenset[Digest]
    signatories: tuple[SignatoryId, ...] = ()
    legal_office: bool = False


@dataclass(frozen=True)
class Reader:
    """Who reads a message: address and commitment, as which signatory if they are one, and what else they may do.

    ``reads_all`` is who may read every agreement in the portal.
    """

    email: str
    person: Digest
    signs_as: SignatoryId | None
    is_manager: bool
    of_legal_office: bool
    reads_all: bool


def concerned(before: AgreementState, actor: Actor, event: ev.Event) -> Concerned:
    """Return whom ``event`` concerns, given where the agreement stood before.

    Who acted is told as well: nobody can act in their name without their hearing of it.
    """
    acted = frozenset({actor.person} if actor.person else ())
    worked_on_it = before.authors | {approval.person for approval in before.approvals}
    if isinstance(event, DelegationEvent):
        standing = before.delegation_of(event.signatory)
        named = {delegate_of(before, event), *({standing.delegate} if standing else ())}
        return Concerned(acted | worked_on_it | named, (event.signatory,), legal_office=True)
    asked = {*before.invited, *before.signed, *(one.signatory for one in before.delegations)}
    delegates = frozenset(one.delegate for one in before.delegations if one.confirmed)
    return Concerned(
        acted | worked_on_it | delegates,
        tuple(one for one in before.signatories if one in asked),
    )


def delegate_of(before: AgreementState, event: DelegationEvent) -> Digest:
    """Return whom a delegation is about, by commitment."""
    if not isinstance(event, ev.DelegationRevoked):
        return event.delegate
    if (given := before.delegation_of(event.signatory)) is None:
        raise ValueError(f"{event.signatory} gave no delegation")
    return given.delegate
