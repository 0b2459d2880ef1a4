"""The only way in: what people do to agreements, each one transaction of ledger, register and outbox.

Every command names the person who acts by mail address, checks their role, and is exactly-once: repeating it
gives the first result. Nothing here knows Prefect; the outbox row a command leaves is what starts the flows.
"""

from __future__ import annotations

from archive.layout import data_key
from archive.transaction import Transaction, op_id_of
from flows.act import (
    Done,
    acting,
    as_actor,
    data_of,
    keep_remark,
    one_line,
    require_draft,
    require_office,
    reviewed,
)
from flows.catalogue import enter
from flows.click import mail_code, sign_by_click
from flows.comments import change_comment, comment, delete_comment, settle
from flows.deadline import extend, require_to_come
from flows.declining import decline
from flows.delegation import confirm_delegation, delegate, revoke_delegation
from flows.disposal import dispose, propose_disposal
from flows.edit_uploads import accept_edit, discard_edit, upload_edit
from flows.editing import edit
from flows.enrolment import (
    add_person,
    close_account,
    enrol,
    give_roles,
    invite,
    reopen_account,
    reset_second_factor,
    sign_out,
)
from flows.holds import place_hold, release_hold
from flows.interrupted import begin_signature, finish_signature
from flows.notices import tell
from flows.own_keys import sign, sign_remotely, sign_with_token
from flows.paper import sign_paper
from flows.pins import require_current, require_no_rivals
from flows.proposal import proposed, template_for
from flows.remind import remind
from flows.retention import balance_paid, extend_retention
from flows.sign_link import mail_again, new_link
from flows.stage_retry import try_again
from flows.template_acts import retire_template
from flows.uploads import sign_uploaded
from flows.voiding import voided
from flows.webhooks import end_webhook, register_webhook, send_test
from flows.wiring import Installation
from flows.withdrawal import withdraw
from schemas import events as ev
from schemas.documents import Document, data_bytes
from schemas.errors import Fault, InputError, Refused, RefusedTransition, StaleBase
from schemas.evidence import AgreementId, Digest, digest_of
from schemas.fact import Confirmation, Status, confirm, facts, open_facts
from schemas.people import Office, Person, Role
from schemas.state import AgreementState, Stage

__all__ = [
    "accept_edit",
    "add_person",
    "approve",
    "balance_paid",
    "begin_signature",
    "change_comment",
    "close_account",
    "comment",
    "confirm_delegation",
    "confirm_facts",
    "decline",
    "delegate",
    "delete_comment",
    "discard_edit",
    "dispose",
    "edit",
    "end_webhook",
    "enrol",
    "extend",
    "extend_retention",
    "finish_signature",
    "give_roles",
    "invite",
    "mail_again",
    "mail_code",
    "new_link",
    "place_hold",
    "propose_disposal",
    "register_webhook",
    "reject",
    "release_hold",
    "remind",
    "reopen_account",
    "request",
    "reset_second_factor",
    "retire_template",
    "return_draft",
    "revise",
    "revoke_delegation",
    "send_test",
    "settle",
    "sign",
    "sign_by_click",
    "sign_out",
    "sign_paper",
    "sign_remotely",
    "sign_uploaded",
    "sign_with_token",
    "try_again",
    "upload_edit",
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
        done = Done(tx.state(agreement), changed=True)
    enter(house, done.state, document)
    return done


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


def confirm_facts(
    house: Installation,
    agreement: AgreementId,
    paths: tuple[str, ...],
    *,
    basis: str,
    by: str,
    draft: int | None = None,
) -> Done:
    """Confirm open facts as they stand, which makes the next draft; where ``paths`` is empty, all that have a value.

    Facts confirmed before are left as they are, also by the same request at the same time. Raises :class:`InputError`
    naming every path that cannot be confirmed, :class:`StaleBase` where ``draft``, in which they were read, is not the
    current one.
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
    if draft is not None:
        require_draft(state, draft)
    reason = one_line(basis, what="the basis of a confirmation")
    confirmed = confirm(document, chosen, Confirmation(at=house.clock(), basis=reason))
    try:
        return _next_draft(house, state, confirmed, manager, reason=ev.RevisionReason.CONFIRMED)
    except StaleBase:
        if draft is None:
            raise
        return confirm_facts(house, agreement, paths, basis=basis, by=by, draft=draft)


def approve(
    house: Installation,
    agreement: AgreementId,
    *,
    draft: int,
    by: str,
    office: ev.Office | None = None,
    covers: ev.Covered | None = None,
) -> Done:
    """Approve exactly the bytes of draft ``draft`` for an office, by default the first one missing.

    ``covers`` are the bytes that the reviewer was shown, where that is known. Raises :class:`FourEyes` for an author,
    :class:`RefusedTransition` while facts are open, :class:`StaleBase` for another draft or other bytes than the
    current ones.
    """
    reviewer = acting(house, by, Role.REVIEWER)
    state = house.ledger.state(agreement)
    content = reviewed(state, draft, covers=covers)
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
    require_office(reviewer, office, f"{by} does not approve for the {office} office", where=agreement)
    event = ev.Approved(draft=draft, office=office, covers=content)
    document = data_of(house, content.data)
    require_current(house, document, agreement)
    require_to_come(house, document)
    now, op_id = house.clock(), op_id_of("approved", agreement, str(draft), reviewer.commitment)
    with house.ledger.transaction() as tx:
        if not given and tx.find(op_id) is not None:
            now_is = tx.state(agreement)
            if any(approval.person == reviewer.commitment for approval in now_is.approvals):
                return Done(now_is, changed=False)  # the same form, sent twice at once
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


def return_draft(
    house: Installation,
    agreement: AgreementId,
    *,
    draft: int,
    by: str,
    comment: str,
    covers: ev.Covered | None = None,
) -> Done:
    """Return draft ``draft`` to its manager with a comment; ``covers`` as for :func:`approve`."""
    return _decide_against(house, agreement, draft=draft, by=by, comment=comment, covers=covers, kind=ev.Returned)


def reject(
    house: Installation,
    agreement: AgreementId,
    *,
    draft: int,
    by: str,
    comment: str,
    covers: ev.Covered | None = None,
) -> Done:
    """End the agreement at draft ``draft`` with a reason; ``covers`` as for :func:`approve`."""
    return _decide_against(house, agreement, draft=draft, by=by, comment=comment, covers=covers, kind=ev.Rejected)


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
    covers: ev.Covered | None,
    kind: type[ev.Returned] | type[ev.Rejected],
) -> Done:
    reviewer = acting(house, by, Role.REVIEWER)
    content = reviewed(house.ledger.state(agreement), draft, covers=covers)
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
