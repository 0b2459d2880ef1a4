"""The only way in: what people do to agreements, each one transaction of ledger, register and outbox.

Every command names the person who acts by mail address, checks their role, and is exactly-once: repeating it
gives the first result. Nothing here knows Prefect; the outbox row a command leaves is what starts the flows.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date

from archive.layout import working_key
from archive.transaction import Transaction, op_id_of
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document, data_bytes, read_data
from schemas.errors import InputError, NotAuthorised, Refused, RefusedTransition, StaleBase
from schemas.evidence import AgreementId, Digest, SignatoryId, digest_of
from schemas.fact import Confirmation, confirm, open_facts
from schemas.lifecycle import AgreementState, Stage
from schemas.party import Signatory
from schemas.people import Actor, Person, Role


@dataclass(frozen=True)
class Done:
    """What a command left behind: the agreement's state, and whether this call changed it."""

    state: AgreementState
    changed: bool


def request(house: Installation, document: Document, *, by: str) -> Done:
    """Request an agreement from ``document`` and have draft 1 rendered.

    The same data requested again by the same manager is the same agreement. Raises :class:`NotAuthorised`.
    """
    now, content = house.clock(), data_bytes(document)
    manager = acting(house, by, Role.MANAGER)
    op_id = op_id_of("requested", document.document_type, digest_of(content), manager.commitment)
    with house.ledger.transaction() as tx:
        if (first := tx.find(op_id)) is not None:
            return Done(tx.state(first.entry.agreement), changed=False)
        agreement = tx.new_agreement_id(document.id_prefix, now.year)
        event = ev.Requested(
            document_type=document.document_type, title=document.title, **_proposal(document, content, 1)
        )
        _store_data(house, agreement, content)
        _enrol_signatories(tx, document)
        tx.append(agreement, op_id, now, _actor(Role.MANAGER, manager), event)
        tx.enqueue("draft", agreement, 1, now=now)
    return Done(house.ledger.state(agreement), changed=True)


def revise(house: Installation, agreement: AgreementId, document: Document, *, by: str) -> Done:
    """Give new data for the next draft; every approval so far is void.

    The data of the last revision again is that revision, until a reviewer has decided about it. Raises
    :class:`Refused` where the data is the current draft's in any other case, :class:`RefusedTransition` once signing
    began.
    """
    manager, state = acting(house, by, Role.MANAGER), house.ledger.state(agreement)
    if digest_of(data_bytes(document)) == state.data:
        if state.stage in {Stage.REQUESTED, Stage.IN_REVIEW} and _last_proposal(house, state) == manager.commitment:
            return Done(state, changed=False)
        raise Refused(
            f"the data is that of draft {state.draft} already",
            where=agreement,
            remedy="change the file first, or wait for the reviewer",
        )
    if document.document_type != state.document_type:
        raise Refused(
            "an agreement keeps its type", where=agreement, got=document.document_type, expected=state.document_type
        )
    return _next_draft(house, state, document, by=by, reason=ev.RevisionReason.AMENDED)


def confirm_facts(house: Installation, agreement: AgreementId, paths: tuple[str, ...], *, basis: str, by: str) -> Done:
    """Confirm open facts as they stand (all of them where ``paths`` is empty), which makes the next draft.

    Raises :class:`InputError` naming every path that cannot be confirmed.
    """
    state = house.ledger.state(agreement)
    document = data_of(house, agreement, state.data)
    chosen = paths or tuple(path for path, _ in open_facts(document))
    if not chosen:
        return Done(state, changed=False)
    confirmed = confirm(document, chosen, Confirmation(at=house.clock(), basis=basis))
    return _next_draft(house, state, confirmed, by=by, reason=ev.RevisionReason.CONFIRMED)


def approve(
    house: Installation, agreement: AgreementId, *, draft: int, by: str, office: ev.Office | None = None
) -> Done:
    """Approve exactly the bytes of draft ``draft`` for an office, by default the first one missing.

    Raises :class:`FourEyes` for an author, :class:`RefusedTransition` while facts are open, :class:`StaleBase`
    for another draft than the current one.
    """
    reviewer = acting(house, by, Role.REVIEWER)
    state, content = _reviewed(house, agreement, draft)
    given = [approval.office for approval in state.approvals if approval.person == reviewer.commitment]
    if given and office in {None, *given}:
        return Done(state, changed=False)
    office = office or next(iter(state.missing_offices), state.offices[0])
    event = ev.Approved(draft=draft, office=office, covers=content)
    now = house.clock()
    with house.ledger.transaction() as tx:
        op_id = op_id_of("approved", agreement, str(draft), reviewer.commitment)
        appended = tx.append(agreement, op_id, now, _actor(Role.REVIEWER, reviewer), event)
        if tx.state(agreement).stage is Stage.APPROVED:
            tx.enqueue("prepare", agreement, draft, now=now)
    return Done(house.ledger.state(agreement), changed=not appended.repeated)


def return_draft(house: Installation, agreement: AgreementId, *, draft: int, by: str, comment: str) -> Done:
    """Return draft ``draft`` to its manager with a comment."""
    return _decide_against(house, agreement, draft=draft, by=by, comment=comment, kind=ev.Returned)


def reject(house: Installation, agreement: AgreementId, *, draft: int, by: str, comment: str) -> Done:
    """End the agreement at draft ``draft`` with a reason."""
    return _decide_against(house, agreement, draft=draft, by=by, comment=comment, kind=ev.Rejected)


def withdraw(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """End an agreement that is not yet signed by all, with a reason."""
    manager = acting(house, by, Role.MANAGER)
    now = house.clock()
    op_id = op_id_of("withdrawn", agreement, manager.commitment)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        event = ev.Withdrawn(remark=_keep_remark(tx, reason))
        tx.append(agreement, op_id, now, _actor(Role.MANAGER, manager), event)
        return Done(tx.state(agreement), changed=True)


def decline(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """Refuse to sign, with a reason; the agreement ends."""
    person = acting(house, by, Role.SIGNATORY)
    state = house.ledger.state(agreement)
    signatory = _signatory(data_of(house, agreement, state.data), agreement, person)
    now = house.clock()
    op_id = op_id_of("declined", agreement, signatory.id)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        event = ev.Declined(signatory=SignatoryId(signatory.id), remark=_keep_remark(tx, reason))
        tx.append(agreement, op_id, now, _actor(Role.SIGNATORY, person), event)
        return Done(tx.state(agreement), changed=True)


def sign(house: Installation, agreement: AgreementId, *, by: str, p12: bytes, passphrase: bytes | None) -> Done:
    """Sign the newest revision in the person's own field with their own PKCS#12 key.

    Raises :class:`NotAuthorised` for who is no signatory or whose authority is not in force today,
    :class:`RefusedTransition` out of turn, :class:`Refused` for a certificate that may not sign this, and
    :class:`StaleBase` where another signature came first; in each case nothing changed.
    """
    from signing.keys import load_pkcs12
    from signing.seal import Stamp, sign as sign_field

    person = acting(house, by, Role.SIGNATORY)
    state, now = house.ledger.state(agreement), house.clock()
    document = data_of(house, agreement, state.data)
    signatory = _signatory(document, agreement, person)
    if signatory.id in state.signed:
        return Done(state, changed=False)
    _check_turn(state, signatory)
    _check_authority(agreement, signatory, now.date())
    key = load_pkcs12(p12, passphrase, now=now)
    _check_certificate(house, agreement, signatory, key.emails, key.certificate_digest)
    if state.pdf is None:
        raise RefusedTransition("there is nothing to sign yet", where=agreement)
    base = house.store.get(working_key(agreement, state.pdf, "pdf"))
    signed = sign_field(
        base,
        signatory_id=signatory.id,
        key=key,
        timestamper=house.timestamper,
        trust=house.trust(now),
        now=now,
        stamp=Stamp(name=str(signatory.name), role=str(signatory.position), demonstration=key.is_demonstration),
    )
    house.store.put(working_key(agreement, digest_of(signed), "pdf"), signed)
    event = ev.Signed(
        signatory=SignatoryId(signatory.id), base=state.pdf, pdf=digest_of(signed), certificate=key.certificate_digest
    )
    with house.ledger.transaction() as tx:
        if signatory.id in tx.state(agreement).signed:
            raise StaleBase("this signatory signed a moment ago", where=agreement, got=signatory.id)
        op_id = op_id_of("signed", agreement, str(state.draft), signatory.id)
        tx.append(agreement, op_id, now, _actor(Role.SIGNATORY, person), event)
        tx.enqueue("collect", agreement, len(state.signed) + 1, now=now)
    return Done(house.ledger.state(agreement), changed=True)


def acting(house: Installation, email: str, role: Role) -> Person:
    """Return the person with this mail address; raise :class:`NotAuthorised` where they lack the role."""
    try:
        person = house.people.get(email)
    except Refused as error:
        raise NotAuthorised(f"{email} is nobody here", expected=f"a {role}", remedy=error.remedy) from error
    if role not in person.roles:
        raise NotAuthorised(
            f"{email} is no {role}",
            got="roles: " + ", ".join(person.roles),
            expected=f"the role {role}",
            remedy=f"an administrator adds it: convenio people add {email} --role {role}",
        )
    return person


def data_of(house: Installation, agreement: AgreementId, data: Digest) -> Document:
    """Return the document whose data has this digest."""
    return read_data(house.store.get(working_key(agreement, data, "json")))


def _next_draft(
    house: Installation, state: AgreementState, document: Document, *, by: str, reason: ev.RevisionReason
) -> Done:
    manager = acting(house, by, Role.MANAGER)
    now, content, draft = house.clock(), data_bytes(document), state.draft + 1
    agreement = AgreementId(state.agreement)
    event = ev.Revised(reason=reason, **_proposal(document, content, draft))
    _store_data(house, agreement, content)
    with house.ledger.transaction() as tx:
        _enrol_signatories(tx, document)
        op_id = op_id_of("revised", agreement, str(draft), event.data)
        appended = tx.append(agreement, op_id, now, _actor(Role.MANAGER, manager), event)
        tx.enqueue("draft", agreement, draft, now=now)
    return Done(house.ledger.state(agreement), changed=not appended.repeated)


def _last_proposal(house: Installation, state: AgreementState) -> Digest | None:
    """Return who revised the agreement to its current draft, by commitment; ``None`` for a draft never revised."""
    entries = [recorded.entry for recorded in house.ledger.entries(state.agreement)]
    revisions = [entry.actor.person for entry in entries if isinstance(entry.event, ev.Revised)]
    return revisions[-1] if revisions else None


def _decide_against(
    house: Installation,
    agreement: AgreementId,
    *,
    draft: int,
    by: str,
    comment: str,
    kind: type[ev.Returned] | type[ev.Rejected],
) -> Done:
    reviewer = acting(house, by, Role.REVIEWER)
    _, content = _reviewed(house, agreement, draft)
    op_id = op_id_of(kind.__name__, agreement, str(draft), reviewer.commitment)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        event = kind(draft=draft, covers=content, remark=_keep_remark(tx, comment))
        tx.append(agreement, op_id, house.clock(), _actor(Role.REVIEWER, reviewer), event)
        return Done(tx.state(agreement), changed=True)


def _reviewed(house: Installation, agreement: AgreementId, draft: int) -> tuple[AgreementState, ev.Covered]:
    state = house.ledger.state(agreement)
    if state.draft != draft:
        raise StaleBase(
            f"draft {state.draft} is the current one",
            where=agreement,
            got=f"draft {draft}",
            expected=f"draft {state.draft}",
            remedy="read the current draft and decide about it",
        )
    if state.content is None:
        raise RefusedTransition(
            f"draft {draft} is not rendered yet", where=agreement, got=state.stage, expected=Stage.IN_REVIEW
        )
    return state, state.content


def _proposal(document: Document, content: bytes, draft: int) -> dict[str, object]:
    return {
        "draft": draft,
        "data": digest_of(content),
        "signatories": tuple(signatory.id for signatory in document.signatories),
        "offices": document.offices,
        "open_facts": tuple(path for path, _ in open_facts(document)),
    }


def _store_data(house: Installation, agreement: AgreementId, content: bytes) -> None:
    house.store.put(working_key(agreement, digest_of(content), "json"), content)


def _enrol_signatories(tx: Transaction, document: Document) -> None:
    for signatory in document.signatories:
        tx.add_person(signatory.email, str(signatory.name), (Role.SIGNATORY,))


def _actor(role: Role, person: Person) -> Actor:
    return Actor(role=role, person=person.commitment)


def _keep_remark(tx: Transaction, text: str) -> Digest:
    if not text.strip():
        raise InputError("a reason is needed", expected="a comment that says why")
    return tx.remember_remark(text.strip(), secrets.token_hex(32))


def _signatory(document: Document, agreement: AgreementId, person: Person) -> Signatory:
    for signatory in document.signatories:
        if signatory.email.casefold() == person.email.casefold():
            return signatory
    raise NotAuthorised(
        f"{person.email} is no signatory of {agreement}",
        expected="an address that stands in its data",
        remedy="the manager names the signatory in a revised file",
    )


def _check_turn(state: AgreementState, signatory: Signatory) -> None:
    if state.stage is not Stage.SIGNING or state.next_signatory != signatory.id:
        raise RefusedTransition(
            f"it is not {signatory.id}'s turn to sign",
            where=f"{state.agreement}, {state.stage}",
            got=signatory.id,
            expected=state.next_signatory or f"nobody while it is {state.stage}",
            remedy="wait for the invitation",
        )


def _check_authority(agreement: AgreementId, signatory: Signatory, today: date) -> None:
    authority = signatory.authority
    if not authority.in_force(today):
        limits = f"from {authority.valid_from or 'the beginning'} to {authority.valid_to or 'further notice'}"
        raise NotAuthorised(
            f"the {authority.kind} of {signatory.id} is not in force today",
            where=agreement,
            got=f"valid {limits}",
            expected=f"in force on {today.isoformat()}",
            remedy="get a new authority; the document stays as it is",
        )


def _check_certificate(
    house: Installation, agreement: AgreementId, signatory: Signatory, emails: tuple[str, ...], certificate: Digest
) -> None:
    if emails and signatory.email.casefold() not in {email.casefold() for email in emails}:
        raise Refused(
            "the certificate is somebody else's",
            where=agreement,
            got=", ".join(emails),
            expected=signatory.email,
            remedy="sign with your own certificate",
        )
    for event in (recorded.entry.event for recorded in house.ledger.entries(agreement)):
        if isinstance(event, ev.Signed) and event.certificate == certificate:
            raise Refused(
                "this certificate has signed this document already", where=agreement, got=event.signatory,
                expected="each signatory's own certificate",
            )  # fmt: skip
