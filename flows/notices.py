"""Which acts people are told of, whom each concerns, and in which words; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas import events as ev
from schemas.evidence import Digest, SignatoryId
from schemas.people import Actor
from schemas.state import AgreementState

if TYPE_CHECKING:
    from archive.transaction import Appended, Transaction

PURPOSES: dict[type, str] = {
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


def tell(tx: Transaction, appended: Appended) -> None:
    """Have people told of what was just appended, in the same transaction; nothing for events nobody is told of."""
    entry = appended.entry
    if type(entry.event) in PURPOSES and not appended.repeated:
        tx.enqueue("notify", entry.agreement, entry.counter, now=entry.occurred_at)


@dataclass(frozen=True)
class Concerned:
    """Whom an act concerns: people by commitment, signatories by id, and whether the legal office is asked."""

    people: frozenset[Digest]
    signatories: tuple[SignatoryId, ...] = ()
    legal_office: bool = False


def concerned(before: AgreementState, actor: Actor, event: ev.Event) -> Concerned:
    """Return whom ``event`` concerns, given where the agreement stood before.

    Who acted is told as well: nobody can act in their name without their hearing of it.
    """
    acted = frozenset({actor.person} if actor.person else ())
    delegates = frozenset(one.delegate for one in before.delegations if one.confirmed)
    match event:
        case ev.Delegated():
            return Concerned(acted, (event.signatory,), legal_office=True)
        case ev.DelegationConfirmed():
            return Concerned(acted | {event.delegate}, (event.signatory,))
        case ev.DelegationRevoked():
            given = before.delegation_of(event.signatory)
            return Concerned(acted | ({given.delegate} if given else set()), (event.signatory,), legal_office=True)
        case _:
            asked = {*before.invited, *before.signed, *(one.signatory for one in before.delegations)}
            approvers = {approval.person for approval in before.approvals}
            return Concerned(
                acted | before.authors | approvers | delegates,
                tuple(one for one in before.signatories if one in asked),
            )


@dataclass(frozen=True)
class Words:
    """What a message says: its subject, and its paragraphs."""

    subject: str
    body: str


def words(before: AgreementState, event: ev.Event, *, who: str, reason: str, name_of: Callable[[str], str]) -> Words:
    """Return the message about ``event``; ``who`` acted, ``name_of`` gives a signatory's name by id."""
    subject, said = _said(before, event, who, reason, name_of)
    everything = f"Everything that happened:\n  convenio timeline {before.agreement}\n"
    return Words(f"{before.agreement} {subject}", f"{before.title}\n\n{said}\n\n{everything}")


def _said(
    before: AgreementState, event: ev.Event, who: str, reason: str, name_of: Callable[[str], str]
) -> tuple[str, str]:
    match event:
        case ev.Rejected():
            return "was rejected", f"{who} rejected draft {event.draft}: {reason}\n\nThe agreement has ended."
        case ev.Revised():
            return "has a new draft: what was signed is void", _voided(event, who, name_of)
        case ev.Withdrawn():
            return "was withdrawn", f"{who} withdrew the agreement: {reason}\n\n{_nothing_binds(before)}"
        case ev.Declined():
            place = name_of(event.signatory)
            said = f"{who} declined to sign" if who == place else f"{who} declined to sign for {place}"
            return "was declined", f"{said}: {reason}\n\n{_nothing_binds(before)}"
        case ev.Lapsed():
            day = f"{event.sign_by:%d %B %Y}"
            return "has lapsed", f"Not everybody had signed by {day}, the last day to sign.\n\n{_nothing_binds(before)}"
        case ev.Extended():
            day = f"{event.sign_by:%d %B %Y}"
            return f"can be signed until {day}", f"{who} moved the last day to sign to {day}: {reason}"
        case ev.Delegated():
            return "has a delegation to confirm", _delegated(before.agreement, event, reason, name_of)
        case ev.DelegationConfirmed():
            place = name_of(event.signatory)
            return "has a delegate", f"{who} confirmed who signs for {place}. Only the delegate can sign there now."
        case ev.DelegationRevoked():
            signs = f"Only {name_of(event.signatory)} can sign there now."
            return "has a revoked delegation", f"{who} revoked the delegation: {reason}\n\n{signs}"
        case ev.Deposited():
            said = f"Everybody has signed, and the document is in the archive (SHA-256 {event.receipt.sha256})."
            fetch = f"convenio dossier {before.agreement} -o {before.agreement}.zip"
            return "is archived", f"{said}\n\nFetch the dossier, with all evidence:\n  {fetch}"
    raise ValueError(f"nobody is told of {event.type}")


def _voided(event: ev.Revised, who: str, name_of: Callable[[str], str]) -> str:
    if not event.voids:
        return f"{who} gave new data for draft {event.draft}. Nobody had signed; every invitation to sign is void."
    listed = "\n".join(f"  {name_of(one.signatory)} (revision with SHA-256 {one.pdf})" for one in event.voids)
    return (
        f"{who} gave new data for draft {event.draft}. These signatures are void:\n{listed}\n\n"
        "Whoever is to sign the new draft is asked again once it is approved."
    )


def _delegated(agreement: str, event: ev.Delegated, reason: str, name_of: Callable[[str], str]) -> str:
    return (
        f"{name_of(event.signatory)} named a person to sign in their place: {reason}\n\n"
        f"A reviewer of the legal office, neither an author nor the delegate, looks at the evidence of authority\n"
        f"(SHA-256 {event.authority}) and confirms it:\n"
        f"  convenio delegation evidence {agreement} --for {event.signatory} -o FILE\n"
        f"  convenio delegation confirm {agreement} --for {event.signatory} --as YOUR-ADDRESS"
    )


def _nothing_binds(before: AgreementState) -> str:
    if not before.signed:
        return "The agreement has ended; nobody had signed."
    return "The agreement has ended. The file was never concluded: the signatures so far bind nobody to it."
