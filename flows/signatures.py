"""What signatories do: sign the newest revision with their own key, or decline."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from archive.layout import working_key
from archive.transaction import op_id_of
from flows.act import Done, acting, as_actor, data_of, keep_remark
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document
from schemas.errors import NotAuthorised, Refused, RefusedTransition, StaleBase
from schemas.evidence import AgreementId, SignatoryId, digest_of
from schemas.party import Signatory
from schemas.people import Person, Role
from schemas.state import AgreementState, Stage

if TYPE_CHECKING:
    from signing.keys import SigningKey


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
    signatory = _signatory(data_of(house, state.data), agreement, person)
    if signatory.id in state.signed:
        return Done(state, changed=False)
    _check_turn(state, signatory)
    _check_authority(agreement, signatory, now.astimezone(ZoneInfo(house.settings.time_zone)).date())
    key = load_pkcs12(p12, passphrase, now=now)
    _check_certificate(house, agreement, signatory, key)
    if state.pdf is None:
        raise RefusedTransition("there is nothing to sign yet", where=agreement)
    signed = sign_field(
        house.store.get(working_key(agreement, state.pdf, "pdf")),
        signatory_id=signatory.id,
        key=key,
        timestamper=house.timestamper,
        trust=house.trust(now),
        now=now,
        stamp=Stamp(name=str(signatory.name), role=str(signatory.position), demonstration=key.is_demonstration),
    )
    event = ev.Signed(
        signatory=SignatoryId(signatory.id), base=state.pdf, pdf=digest_of(signed), certificate=key.certificate_digest
    )
    house.store.put(working_key(agreement, event.pdf, "pdf"), signed)
    with house.ledger.transaction() as tx:
        if signatory.id in tx.state(agreement).signed:
            raise StaleBase("this signatory signed a moment ago", where=agreement, got=signatory.id)
        op_id = op_id_of("signed", agreement, str(state.draft), signatory.id)
        tx.append(agreement, op_id, now, as_actor(Role.SIGNATORY, person), event)
        tx.enqueue("collect", agreement, len(state.signed) + 1, now=now)
    return Done(house.ledger.state(agreement), changed=True)


def decline(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """Refuse to sign, with a reason; the agreement ends."""
    person = acting(house, by, Role.SIGNATORY)
    signatory = _signatory(data_of(house, house.ledger.state(agreement).data), agreement, person)
    op_id = op_id_of("declined", agreement, signatory.id)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        event = ev.Declined(signatory=SignatoryId(signatory.id), remark=keep_remark(tx, reason))
        tx.append(agreement, op_id, house.clock(), as_actor(Role.SIGNATORY, person), event)
        return Done(tx.state(agreement), changed=True)


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
            remedy="wait for the invitation" if state.stage is Stage.SIGNING else None,
        )
    if signatory.id not in state.invited:
        raise RefusedTransition(
            f"{signatory.id} is not invited yet: the revision before is being checked",
            where=state.agreement,
            remedy="wait for the invitation; is `convenio up` running?",
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


def _check_certificate(house: Installation, agreement: AgreementId, signatory: Signatory, key: SigningKey) -> None:
    """Refuse a certificate of another address or, where it names none, of another person; or one used before."""
    addresses = {email.casefold() for email in key.emails}
    named = str(signatory.name).casefold() in key.subject.casefold()
    if signatory.email.casefold() not in addresses and (addresses or not named):
        raise Refused(
            "the certificate is somebody else's",
            where=agreement,
            got=", ".join(key.emails) or key.subject,
            expected=f"{signatory.email}, or {signatory.name} where the certificate holds no address",
            remedy="sign with your own certificate",
        )
    for event in (recorded.entry.event for recorded in house.ledger.entries(agreement)):
        if isinstance(event, ev.Signed) and event.certificate == key.certificate_digest:
            raise Refused(
                "this certificate has signed this document already",
                where=agreement,
                got=event.signatory,
                expected="each signatory's own certificate",
            )
