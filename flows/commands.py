"""The only way in: what people do to agreements, each one transaction of ledger, register and outbox.

Every command names the person who acts by mail address, checks their role, and is exactly-once: repeating it
gives the first result. Nothing here knows Prefect; the outbox row a command leaves is what starts the flows.
"""

from __future__ import annotations

from archive.layout import data_key
from archive.transaction import Transaction, op_id_of
from flows.act import Done, acting, as_actor, data_of, keep_remark, one_line, require_draft, reviewed
from flows.click import mail_code, new_link, sign_by_click
from flows.deadline import extend, require_to_come
from flows.declining import decline
from flows.delegation import confirm_delegation, delegate, revoke_delegation
from flows.editing import edit
from flows.interrupted import begin_signature, finish_signature
from flows.notices import tell
from flows.own_keys import sign, sign_remotely, sign_with_token
from flows.paper import sign_paper
from flows.pins import require_current, require_no_rivals
from flows.proposal import proposed, template_for
from flows.uploads import sign_uploaded
from flows.voiding import voided
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document, data_bytes
from schemas.errors import Fault, InputError, NotAuthorised, Refused, RefusedTransition
from schemas.evidence import AgreementId, Digest, digest_of
from schemas.fact import Confirmation, Status, confirm, facts, open_facts
from schemas.people import Office, Person, Role
from schemas.state import AgreementState, Stage

__all__ = [
    "add_person",
    "approve",
    "begin_signature",
    "confirm_delegation",
    "confirm_facts",
    "decline",
    "delegate",
    "edit",
    "extend",
    "finish_signature",
    "mail_code",
    "new_link",
    "reject",
    "request",
    "return_draft",
    "revise",
    "revoke_delegation",
    "sign",
    "sign_by_click",
    "sign_paper",
    "sign_remotely",
    "sign_uploaded",
    "sign_with_token",
    "withdraw",
]


def request(house: Installation, document: Document, *, by: str) -> Done:
    """Request an agreement from ``document`` and have draft 1 rendered.

    The same data requested again by the same manager is the same agreement, until that one has ended. Raises
    :class:`NotAuthorised`, and :class:`InputError` for confirmations nobody gave here and for a last day to sign
    that is over.
    """
    manager, content = acting(house, by, Role.MANAGER), data_bytes(document)
    _refuse_foreign_confirmations(document, None)
    require_to_come(house, document)
    template = template_for(house, document)
    proposal = proposed(house, document, content, 1, template)
    house.store.put(data_key(digest_of(content)), content)
    now = house.clock()
    with house.ledger.transaction() as tx:
        op_id, known = _request_key(tx, document, content, manager)
        if known is not None:
            return Done(known, changed=False)
        agreement = tx.new_agreement_id(document.id_prefix, now.year)
        event = ev.Requested(document_type=document.document_type, template_version=template.version, **proposal)
        tx.append(agreement, op_id, now, as_actor(Role.MANAGER, manager), event)
        tx.enqueue("draft", agreement, 1, now=now)
        return Done(tx.state(agreement), changed=True)


def revise(
    house: Installation,
    agreement: AgreementId,
    document: Document,
    *,
    draft: int,
    by: str,
    discard_edits: bool = False,
    void_signatures: bool = False,
) -> Done:
    """Give new data in place of draft ``draft``; it becomes the next draft, and every approval so far is void.

    Repeating a revision gives the first result. Raises :class:`StaleBase` where ``draft`` is not the current one,
    :class:`Refused` where nothing changed, or edits by hand or signatures would be lost without being asked for,
    :class:`RefusedTransition` once the document is concluded.
    """
    manager, state = acting(house, by, Role.MANAGER), house.ledger.state(agreement)
    digest = digest_of(data_bytes(document))
    if (state.draft, state.data) == (draft + 1, digest):
        return Done(state, changed=False)
    require_draft(state, draft)
    if digest == state.data and not (state.edited is not None and discard_edits):
        raise Refused(f"the data is that of draft {draft} already", where=agreement, remedy="change the file first")
    if document.document_type != state.document_type:
        raise Refused(
            "an agreement keeps its type", where=agreement, got=document.document_type, expected=state.document_type
        )
    _refuse_foreign_confirmations(document, data_of(house, state.data))
    require_to_come(house, document)
    _keep_edits(state, discard=discard_edits)
    reason, voids = ev.RevisionReason.AMENDED, voided(state, void_signatures=void_signatures)
    return _next_draft(house, state, document, manager, reason=reason, voids=voids)


def confirm_facts(house: Installation, agreement: AgreementId, paths: tuple[str, ...], *, basis: str, by: str) -> Done:
    """Confirm open facts as they stand, which makes the next draft; where ``paths`` is empty, all that have a value.

    Facts confirmed before are left as they are. Raises :class:`InputError` naming every path that cannot be
    confirmed.
    """
    manager, state = acting(house, by, Role.MANAGER), house.ledger.state(agreement)
    document = data_of(house, state.data)
    done = {path for path, fact in facts(document) if fact.status is Status.CONFIRMED}
    still_open = open_facts(document)
    # a blank has no value to confirm; where nothing else is open, it is named
    every = [path for path, fact in still_open if fact.status is not Status.BLANK] or [path for path, _ in still_open]
    chosen = [path for path in paths or every if path not in done]
    if not chosen:
        return Done(state, changed=False)
    reason = one_line(basis, what="the basis of a confirmation")
    confirmed = confirm(document, chosen, Confirmation(at=house.clock(), basis=reason))
    return _next_draft(house, state, confirmed, manager, reason=ev.RevisionReason.CONFIRMED)


def approve(
    house: Installation, agreement: AgreementId, *, draft: int, by: str, office: ev.Office | None = None
) -> Done:
    """Approve exactly the bytes of draft ``draft`` for an office, by default the first one missing.

    Raises :class:`FourEyes` for an author, :class:`RefusedTransition` while facts are open, :class:`StaleBase`
    for another draft than the current one.
    """
    reviewer = acting(house, by, Role.REVIEWER)
    state, content = reviewed(house, agreement, draft)
    given = [approval.office for approval in state.approvals if approval.person == reviewer.commitment]
    if given and office in {None, *given}:
        return Done(state, changed=False)
    if given:
        raise RefusedTransition(
            f"you approved draft {draft} already, for the {given[0]} office",
            where=agreement,
            got=f"an approval for the {office} office by the same person",
            expected="another person for each office",
        )
    office = office or _office_of(reviewer, state)
    if office not in reviewer.offices:
        raise NotAuthorised(
            f"{by} does not approve for the {office} office",
            where=agreement,
            got="offices: " + ", ".join(reviewer.offices),
            expected=f"the office {office}",
            remedy=f"an administrator adds it: convenio people add {by} --role reviewer --office {office}",
        )
    event = ev.Approved(draft=draft, office=office, covers=content)
    document = data_of(house, content.data)
    require_current(house, document, agreement)
    require_to_come(house, document)
    now, op_id = house.clock(), op_id_of("approved", agreement, str(draft), reviewer.commitment)
    with house.ledger.transaction() as tx:
        if not given and tx.find(op_id) is not None:
            raise RefusedTransition(
                f"your approval of draft {draft} no longer holds",
                where=f"{agreement}, {tx.state(agreement).stage}",
                expected="a new draft to decide about",
                remedy="wait for the next draft",
            )
        appended = tx.append(agreement, op_id, now, as_actor(Role.REVIEWER, reviewer), event)
        if tx.state(agreement).stage is Stage.APPROVED:
            # once more in here, where nobody else approves anything: of two rivals the second hears of the first
            require_no_rivals(house, document, agreement)
            for signatory in document.signatories:
                tx.add_person(signatory.email, str(signatory.name), (Role.SIGNATORY,))
            tx.enqueue("prepare", agreement, draft, now=now)
    return Done(house.ledger.state(agreement), changed=not appended.repeated)


def return_draft(house: Installation, agreement: AgreementId, *, draft: int, by: str, comment: str) -> Done:
    """Return draft ``draft`` to its manager with a comment."""
    return _decide_against(house, agreement, draft=draft, by=by, comment=comment, kind=ev.Returned)


def reject(house: Installation, agreement: AgreementId, *, draft: int, by: str, comment: str) -> Done:
    """End the agreement at draft ``draft`` with a reason."""
    return _decide_against(house, agreement, draft=draft, by=by, comment=comment, kind=ev.Rejected)


def add_person(
    house: Installation, email: str, *, name: str, roles: tuple[str, ...], offices: tuple[str, ...] = ()
) -> Person:
    """Add a person, or roles and offices to one who is there.

    Raises :class:`InputError` for what is no address, name, role or office.
    """
    unknown = [role for role in roles if role not in list(Role)]
    if unknown or not roles:
        raise InputError("that is no role", got=", ".join(unknown) or "none", expected=", ".join(Role))
    if strange := [office for office in offices if office not in list(Office)]:
        raise InputError("that is no office", got=", ".join(strange), expected=", ".join(Office))
    address = one_line(email, what="a mail address")
    if address.count("@") != 1 or address.startswith("@") or "." not in address.rpartition("@")[2] or " " in address:
        raise InputError("that is no mail address", got=repr(email), expected="name@example.org")
    held = [Office(office) for office in offices]
    return house.people.add(address, one_line(name, what="a name"), [Role(role) for role in roles], held)


def withdraw(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """End an agreement that is not yet concluded, with a reason."""
    manager = acting(house, by, Role.MANAGER)
    now = house.clock()
    op_id = op_id_of("withdrawn", agreement, manager.commitment)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        event = ev.Withdrawn(remark=keep_remark(tx, reason))
        tell(tx, tx.append(agreement, op_id, now, as_actor(Role.MANAGER, manager), event))
        return Done(tx.state(agreement), changed=True)


def _request_key(
    tx: Transaction, document: Document, content: bytes, manager: Person
) -> tuple[Digest, AgreementState | None]:
    """Return the key of this request, and the agreement that stands under it, if one does that has not ended."""
    keys = ("requested", document.document_type, digest_of(content), manager.commitment)
    op_id = op_id_of(*keys)
    while (first := tx.find(op_id)) is not None:
        state = tx.state(first.entry.agreement)
        if state.stage is not Stage.ENDED:
            return op_id, state
        op_id = op_id_of(*keys, state.agreement)
    return op_id, None


def _refuse_foreign_confirmations(document: Document, before: Document | None) -> None:
    """Refuse confirmations that ``convenio facts confirm`` did not make: who confirmed must stand in the ledger."""
    known = {} if before is None else dict(facts(before))
    faults = [
        Fault(
            f"{path}.confirmation", "nobody confirmed this here", expected="status assumed, then convenio facts confirm"
        )
        for path, fact in facts(document)
        if fact.confirmation is not None and known.get(path) != fact
    ]
    if faults:
        raise InputError("confirmations cannot be written into a file", faults)


def _next_draft(
    house: Installation,
    state: AgreementState,
    document: Document,
    manager: Person,
    *,
    reason: ev.RevisionReason,
    voids: tuple[ev.VoidedSignature, ...] = (),
) -> Done:
    now, content, draft = house.clock(), data_bytes(document), state.draft + 1
    agreement = AgreementId(state.agreement)
    template = template_for(house, document, state.template_version)
    event = ev.Revised(reason=reason, voids=voids, **proposed(house, document, content, draft, template))
    house.store.put(data_key(event.data), content)
    with house.ledger.transaction() as tx:
        op_id = op_id_of("revised", agreement, str(draft), event.data)
        being_signed = tx.state(agreement).stage in {Stage.SIGNING, Stage.SIGNED}
        appended = tx.append(agreement, op_id, now, as_actor(Role.MANAGER, manager), event)
        if being_signed:
            tell(tx, appended)
        tx.enqueue("draft", agreement, draft, now=now)
    return Done(house.ledger.state(agreement), changed=not appended.repeated)


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
    _, content = reviewed(house, agreement, draft)
    op_id = op_id_of(kind.__name__, agreement, str(draft), reviewer.commitment)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        event = kind(draft=draft, covers=content, remark=keep_remark(tx, comment))
        tell(tx, tx.append(agreement, op_id, house.clock(), as_actor(Role.REVIEWER, reviewer), event))
        return Done(tx.state(agreement), changed=True)


def _keep_edits(state: AgreementState, *, discard: bool) -> None:
    if state.edited is not None and not discard:
        raise Refused(
            f"draft {state.draft} was edited by hand; rendering it anew from data would lose those edits",
            where=state.agreement,
            remedy=f"see them (convenio redline {state.agreement}), bring them into the data, "
            "then repeat with --discard-edits",
        )


def _office_of(reviewer: Person, state: AgreementState) -> Office:
    """Return the office that ``reviewer`` approves for when none is named: the first missing one that they hold."""
    missing = state.missing_offices or state.offices
    return next((office for office in missing if office in reviewer.offices), missing[0])
