"""Delegation: a signatory names a person to sign for them; a legal reviewer confirms the evidence of authority.

Until the delegate has signed, the signatory can take it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archive.entries import Recorded
from archive.layout import working_key
from archive.transaction import op_id_of
from flows.act import Done, acting, as_actor, data_of, keep_remark, one_line, require_office
from flows.naming import keep_name
from flows.notices import tell
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document
from schemas.errors import InputError, NotAuthorised, Refused, RefusedTransition, StaleBase
from schemas.evidence import AgreementId, Digest, SignatoryId, digest_of
from schemas.party import Signatory
from schemas.people import Office, Person, Role
from schemas.state import AgreementState, Delegation, Stage

MAX_BYTES = 50 * 1024 * 1024
ENDINGS = ("pdf", "png", "jpg")
"""Kinds of file that are accepted as evidence of authority."""


@dataclass(frozen=True)
class Signer:
    """Who signs in a signatory's field: the signatory, or their confirmed delegate."""

    signatory: Signatory
    person: Person
    is_delegate: bool

    @property
    def name(self) -> str:
        """The name of whoever signs."""
        return self.person.name if self.is_delegate else str(self.signatory.name)

    @property
    def email(self) -> str:
        """The address of whoever signs, which their certificate holds."""
        return self.person.email if self.is_delegate else self.signatory.email

    @property
    def stamp_role(self) -> str:
        """In which role they sign, as the visible stamp says it."""
        role = str(self.signatory.position)
        return f"for {self.signatory.name}, {role}" if self.is_delegate else role


def signer(state: AgreementState, document: Document, person: Person) -> Signer:
    """Return for whom ``person`` signs.

    Raises :class:`NotAuthorised` for who is neither a signatory nor a delegate, for a delegate whom nobody has
    confirmed, and for a signatory who has a confirmed delegate.
    """
    for one in document.signatories:
        delegation = state.delegation_of(SignatoryId(one.id))
        if delegation is not None and delegation.delegate == person.commitment:
            return _delegate(state, one, person, delegation)
    own = signatory_of(document, person)
    if own is None:
        raise NotAuthorised(
            f"{person.email} is no signatory of {state.agreement}",
            expected="an address that stands in its data, or a confirmed delegate",
            remedy="the manager names the signatory in a revised file, or the signatory delegates (convenio delegate)",
        )
    delegation = state.delegation_of(SignatoryId(own.id))
    if delegation is not None and delegation.confirmed:
        raise NotAuthorised(
            f"a delegate signs for {own.id}",
            where=state.agreement,
            expected="the delegate, whose authority was confirmed",
        )
    return Signer(own, person, is_delegate=False)


def signatory_of(document: Document, person: Person) -> Signatory | None:
    """Return the signatory whose address is the person's, if there is one."""
    address = person.email.casefold()
    return next((one for one in document.signatories if one.email.casefold() == address), None)


def signer_for(house: Installation, state: AgreementState, document: Document, turn: SignatoryId) -> Signer:
    """Return who signs in the place of the signatory ``turn``; raise :class:`Refused` where they were erased."""
    own = next(one for one in document.signatories if one.id == turn)
    delegation = state.delegation_of(turn)
    if delegation is not None and delegation.confirmed:
        delegate = _not_erased(state, house.people.behind(delegation.delegate))
        return Signer(own, delegate, is_delegate=True)
    return Signer(own, house.people.get(own.email), is_delegate=False)


def _not_erased(state: AgreementState, person: Person | None) -> Person:
    if person is None:
        raise Refused(
            "the delegate's data was erased",
            where=state.agreement,
            expected="a delegate who can be asked",
            remedy="withdraw the agreement, or give a new draft (convenio revise)",
        )
    return person


def _delegate(state: AgreementState, signatory: Signatory, person: Person, delegation: Delegation) -> Signer:
    if not delegation.confirmed:
        raise NotAuthorised(
            f"nobody has confirmed the delegation of {signatory.id} yet",
            where=state.agreement,
            expected="a delegation confirmed by a reviewer of the legal office",
            remedy=f"convenio delegation confirm {state.agreement} --for {signatory.id}",
        )
    return Signer(signatory, person, is_delegate=True)


@dataclass(frozen=True)
class Named(Done):
    """What naming a delegate left behind, and who that is: ``delegate`` has the name they are known by here."""

    delegate: Person


def delegate(
    house: Installation, agreement: AgreementId, *, by: str, to: str, name: str, authority: bytes, reason: str
) -> Named:
    """Name the person with the address ``to`` to sign in the place of the signatory ``by``.

    Who is known here keeps the name they have; ``name`` is kept beside it, see :mod:`flows.naming`. They may sign once
    they are confirmed. ``authority`` is a file (PDF, PNG or JPEG) that shows why they may. Whoever was named before and
    not confirmed is replaced. Raises :class:`NotAuthorised` for who is no signatory, :class:`InputError` for a file of
    another kind, :class:`Refused` for a delegate who signs here already, :class:`RefusedTransition` out of time.
    """
    person, now = acting(house, by, Role.SIGNATORY), house.clock()
    address, name = one_line(to, what="the address of the delegate"), one_line(name, what="a name")
    state = house.ledger.state(agreement)
    document = data_of(house, state.data)
    _place_given(state, document, person, address)
    ending, digest = _ending(agreement, authority), digest_of(authority)
    house.store.put(working_key(agreement, digest, ending), authority)
    with house.ledger.transaction() as tx:
        before = tx.state(agreement)
        if before.data == state.data:
            place, named = _place_given(before, document, person, address), tx.known_or_named(address, name)
            standing = before.delegation_of(place)
            if standing is not None and (standing.delegate, standing.authority) == (named.commitment, digest):
                return Named(before, changed=False, delegate=named)
            # who was named before and is named again is another delegation: the counter tells them apart
            op_id = op_id_of("delegated", agreement, place, str(before.counter))
            remark = keep_remark(tx, reason)
            event = ev.Delegated(signatory=place, delegate=named.commitment, authority=digest, remark=remark)
            keep_name(tx, agreement, event, name)
            tell(tx, tx.append(agreement, op_id, now, as_actor(Role.SIGNATORY, person), event))
            return Named(tx.state(agreement), changed=True, delegate=named)
    # the data is other than what was read: whoever signs by it is looked at anew, while nobody waits for the store
    return delegate(house, agreement, by=by, to=to, name=name, authority=authority, reason=reason)


def _place_given(state: AgreementState, document: Document, person: Person, address: str) -> SignatoryId:
    """Return whose place ``person`` gives to who has ``address``; raise as :func:`delegate` where they may not."""
    own = signatory_of(document, person)
    if own is None:
        raise NotAuthorised(
            "only a signatory delegates; a delegate does not delegate further",
            where=state.agreement,
            expected="an address that stands in its data",
        )
    if address.casefold() in {one.email.casefold() for one in document.signatories}:
        raise Refused(
            "one person signs once",
            where=state.agreement,
            got="a delegate who is a signatory of this agreement",
            expected="a person who does not sign here",
        )
    if state.stage is not Stage.SIGNING:
        raise RefusedTransition(
            "nobody delegates while nothing can be signed",
            where=state.agreement,
            got=state.stage,
            expected=Stage.SIGNING,
        )
    return SignatoryId(own.id)


def confirm_delegation(
    house: Installation, agreement: AgreementId, *, signatory: str, by: str, seen: tuple[str, str] | None = None
) -> Done:
    """Confirm, for the legal office, that the evidence lets the delegate sign for ``signatory``; they may from then on.

    ``seen`` are delegate and evidence (a commitment and a digest) as the reviewer was shown them. Raises
    :class:`NotAuthorised` for another office, :class:`FourEyes` for who wrote the draft, delegates or is the delegate,
    :class:`StaleBase` where somebody else was named since, :class:`Refused` where nobody was, or they were erased.
    """
    reviewer, now = acting(house, by, Role.REVIEWER), house.clock()
    require_office(reviewer, Office.LEGAL, "the legal office confirms delegations", where=agreement)
    with house.ledger.transaction() as tx:
        state = tx.state(agreement)
        named = named_for(state, signatory)
        if seen not in {None, (named.delegate, named.authority)}:
            raise StaleBase(
                "the delegation changed while you were looking at it",
                where=agreement,
                expected="the evidence that is shown now",
            )
        delegate, authority = named.delegate, named.authority
        revoked = str(revocations(tx.entries(agreement), named.signatory))
        op_id = op_id_of(
            "delegation confirmed", agreement, str(state.draft), named.signatory, delegate, authority, revoked
        )
        if tx.find(op_id) is not None:
            return Done(state, changed=False)
        event = ev.DelegationConfirmed(signatory=named.signatory, delegate=delegate, authority=authority)
        tell(tx, tx.append(agreement, op_id, now, as_actor(Role.REVIEWER, reviewer), event))
        person = _not_erased(state, tx.person_behind(delegate))
        tx.add_person(person.email, person.name, (Role.SIGNATORY,))
        tx.void_links(agreement, named.signatory)
        after = tx.state(agreement)
        if named.signatory in after.awaited:
            tx.enqueue_anew("collect", agreement, len(after.signed), now=now)
        return Done(after, changed=True)


def revoke_delegation(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """Take back the delegation that ``by`` gave; they are asked to sign themselves again, or delegate anew.

    The delegate's invitation and links work no longer. Revoking again changes nothing. Raises :class:`Refused` where
    they named nobody, :class:`RefusedTransition` once the delegate has signed.
    """
    person, now = acting(house, by, Role.SIGNATORY), house.clock()
    with house.ledger.transaction() as tx:
        before = tx.state(agreement)
        given = next((one for one in before.delegations if one.given_by == person.commitment), None)
        if given is None:
            if any(actor == person.commitment for actor, _ in _revoked(tx.entries(agreement))):
                return Done(before, changed=False)
            raise Refused(
                f"{by} has named nobody to sign for them",
                where=agreement,
                expected="the signatory who gave the delegation",
            )
        op_id = op_id_of("delegation revoked", agreement, given.signatory, str(before.counter))
        event = ev.DelegationRevoked(signatory=given.signatory, remark=keep_remark(tx, reason))
        tell(tx, tx.append(agreement, op_id, now, as_actor(Role.SIGNATORY, person), event))
        after = tx.state(agreement)
        if given.confirmed:
            tx.void_links(agreement, given.signatory)
            if given.signatory in after.awaited:
                tx.enqueue_anew("collect", agreement, len(after.signed), now=now)
        return Done(after, changed=True)


def revocations(recorded: Iterable[Recorded], signatory: SignatoryId) -> int:
    """Return how often ``signatory`` took a delegation back: what was asked before and is asked again is told apart.

    ``recorded`` are the entries of the agreement.
    """
    return sum(whose == signatory for _, whose in _revoked(recorded))


def _revoked(recorded: Iterable[Recorded]) -> list[tuple[Digest | None, SignatoryId]]:
    """Return of every revocation who made it, and whose place it was about."""
    return [
        (one.entry.actor.person, one.entry.event.signatory)
        for one in recorded
        if isinstance(one.entry.event, ev.DelegationRevoked)
    ]


def evidence_of(house: Installation, agreement: AgreementId, *, signatory: str) -> tuple[bytes, str]:
    """Return the file that shows a delegate's authority, and its ending; :class:`Refused` where nobody was named."""
    digest = named_for(house.ledger.state(agreement), signatory).authority
    key = next(house.store.keys(working_key(agreement, digest, "")))
    return house.store.get(key), key.rpartition(".")[2]


def named_for(state: AgreementState, signatory: str) -> Delegation:
    """Return the delegation of ``signatory``; raise :class:`Refused` where there is none."""
    if (found := state.delegation_of(SignatoryId(signatory))) is None:
        raise Refused(
            f"{signatory} has named nobody to sign for them",
            where=state.agreement,
            expected=", ".join(one.signatory for one in state.delegations) or "a delegation",
            remedy="the signatory delegates first (convenio delegate)",
        )
    return found


def _ending(agreement: AgreementId, authority: bytes) -> str:
    from signing.scans import extension_of  # noqa: PLC0415  # only whoever delegates pays for it

    ending = extension_of(authority, what="the evidence of authority")
    if ending not in ENDINGS:
        raise InputError(
            "the evidence of authority is of a kind that is not accepted",
            where=agreement,
            got=f"a {ending.upper()} file",
            expected="a PDF, PNG or JPEG file",
        )
    return ending
