"""What all ways to sign have in common: whose turn it is, on which bytes, and one signature after the other."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from archive.layout import working_key
from archive.transaction import Transaction, op_id_of
from flows.act import Done, data_of
from flows.deadline import local_day, require_in_time
from flows.delegation import Signer
from flows.files import make_folder
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document
from schemas.errors import NotAuthorised, Refused, RefusedTransition, StaleBase
from schemas.evidence import AgreementId, Digest, SignatoryId, digest_of
from schemas.party import Signatory
from schemas.people import Actor
from schemas.signature import LegalEffect, SigningWay
from schemas.state import AgreementState, Stage

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from signing.stamp import Stamp


@dataclass(frozen=True)
class Base:
    """What is signed: the newest revision and its bytes, by whom and when; ``state`` is where the agreement stands."""

    state: AgreementState
    signer: Signer
    digest: Digest
    content: bytes
    now: datetime

    @property
    def agreement(self) -> AgreementId:
        """The agreement that is signed."""
        return AgreementId(self.state.agreement)

    @property
    def signatory(self) -> SignatoryId:
        """In whose field it is signed."""
        return SignatoryId(self.signer.signatory.id)


@dataclass(frozen=True)
class Made:
    """A signed revision, not recorded yet: its bytes, the certificate of its mark, and what it legally is.

    ``evidence`` is the record of a click or a paper original.
    """

    pdf: bytes
    certificate: Digest
    effect: LegalEffect
    evidence: Digest | None = None


Whose = Callable[[AgreementState, Document], Signer]
"""Finds who signs where the agreement stands now; raises :class:`NotAuthorised` for nobody who may."""


def add_signature(
    house: Installation,
    agreement: AgreementId,
    way: SigningWay,
    whose: Whose,
    make: Callable[[Base], Made],
    *,
    actor: Actor,
    repeat: bool = True,
    with_it: Callable[[Transaction, Made], None] | None = None,
) -> Done:
    """Have the newest revision signed by ``make`` and record it, one signature of a document after the other.

    Where another signatory came first, ``make`` is asked again for the newest revision, unless it cannot ``repeat``.
    ``with_it`` writes more in the same transaction. Raises :class:`NotAuthorised` for who may not sign or whose
    authority is not in force today, :class:`RefusedTransition` out of turn or time, :class:`Refused` for a way that the
    policy does not accept, and :class:`StaleBase` where another came first for good; in each case nothing changed.
    """
    known = AgreementId(house.ledger.state(agreement).agreement)
    with _one_at_a_time(house, known):
        left = len(house.ledger.state(agreement).signatories) if repeat else 1
        while True:
            base = base_for(house, agreement, way, whose)
            if base is None:
                return Done(house.ledger.state(agreement), changed=False)
            made = make(base)
            try:
                return _record(house, base, made, way=way, actor=actor, with_it=with_it)
            except StaleBase:
                left -= 1
                if left <= 0:
                    raise


@contextmanager
def _one_at_a_time(house: Installation, agreement: AgreementId) -> Iterator[None]:
    """Wait for other signatures of this document on this machine; what keeps machines apart is the ledger."""
    folder = house.home / "locks"
    make_folder(folder, mode=0o700)
    with (folder / f"{agreement}.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def base_for(house: Installation, agreement: AgreementId, way: SigningWay, whose: Whose) -> Base | None:
    """Return what is to be signed now, or ``None`` where this signatory has signed; see :func:`add_signature`."""
    state, now = house.ledger.state(agreement), house.clock()
    signer = whose(state, data_of(house, state.data))
    if signer.signatory.id in state.signed:
        return None
    _check_turn(state, signer.signatory)
    require_in_time(house, state, now)
    _check_authority(house, agreement, signer.signatory, now)
    if way not in state.policy.ways:
        raise Refused(
            f"the signature policy of this document does not accept this way to sign: {way}",
            where=agreement,
            got=way,
            expected=" or ".join(state.policy.ways),
            remedy="sign in one of the ways the policy accepts",
        )
    if state.pdf is None:
        raise RefusedTransition("there is nothing to sign yet", where=agreement)
    content = house.store.get(working_key(agreement, state.pdf, "pdf"))
    return Base(state, signer, state.pdf, content, now)


def _record(
    house: Installation,
    base: Base,
    made: Made,
    *,
    way: SigningWay,
    actor: Actor,
    with_it: Callable[[Transaction, Made], None] | None,
) -> Done:
    agreement = base.agreement
    event = ev.Signed(
        signatory=base.signatory,
        base=base.digest,
        pdf=digest_of(made.pdf),
        certificate=made.certificate,
        way=way,
        effect=made.effect,
        evidence=made.evidence,
    )
    house.store.put(working_key(agreement, event.pdf, "pdf"), made.pdf)
    with house.ledger.transaction() as tx:
        if base.signatory in tx.state(agreement).signed:
            raise StaleBase("this signatory signed a moment ago", where=agreement, got=base.signatory)
        if tx.state(agreement).delegation_of(base.signatory) != base.state.delegation_of(base.signatory):
            raise StaleBase("who signs for this signatory changed a moment ago", where=agreement, got=base.signatory)
        if with_it is not None:
            with_it(tx, made)
        op_id = op_id_of("signed", agreement, str(base.state.draft), base.signatory)
        appended = tx.append(agreement, op_id, base.now, actor, event)
        tx.enqueue_anew("collect", agreement, len(tx.state(agreement).signed), now=base.now)
    return Done(house.ledger.state(agreement), changed=not appended.repeated)


def stamp_of(house: Installation, base: Base, way: SigningWay, *, demonstration: bool) -> Stamp:
    """Return the visible part of the signature."""
    from signing.stamp import Stamp

    return Stamp(
        name=base.signer.name,
        role=base.signer.stamp_role,
        way=way,
        recorded_by=house.settings.organisation,
        demonstration=demonstration,
    )


def require_own(base: Base, certificate: Certificate) -> None:
    """Refuse a certificate of another address or, where it names none, of another person; or one used before."""
    from signing.keys import bears_name, digest_of_certificate, emails_in, subject_text

    addresses = emails_in(certificate)
    own = base.signer.email.casefold() in {address.casefold() for address in addresses}
    if not own and (addresses or not bears_name(certificate, base.signer.name)):
        raise Refused(
            "the certificate is somebody else's",
            where=base.agreement,
            got=", ".join(addresses) or subject_text(certificate),
            expected=f"{base.signer.email}, or {base.signer.name} where the certificate holds no address",
            remedy="sign with your own certificate",
        )
    digest = digest_of_certificate(certificate)
    for signed in base.state.signatures:
        if signed.certificate == digest:
            raise Refused(
                "this certificate has signed this document already",
                where=base.agreement,
                got=signed.signatory,
                expected="each signatory's own certificate",
            )


def _check_turn(state: AgreementState, signatory: Signatory) -> None:
    if signatory.id not in state.awaited:
        raise RefusedTransition(
            f"it is not {signatory.id}'s turn to sign",
            where=f"{state.agreement}, {state.stage}",
            got=signatory.id,
            expected=" or ".join(state.awaited) or f"nobody while it is {state.stage}",
            remedy="wait for the invitation" if state.stage is Stage.SIGNING else None,
        )
    if signatory.id not in state.invited:
        raise RefusedTransition(
            f"{signatory.id} is not invited yet: the revision before is being checked",
            where=state.agreement,
            remedy="wait for the invitation; is `convenio up` running?",
        )


def _check_authority(house: Installation, agreement: AgreementId, signatory: Signatory, now: datetime) -> None:
    authority, today = signatory.authority, local_day(house, now)
    if not authority.in_force(today):
        limits = f"from {authority.valid_from or 'the beginning'} to {authority.valid_to or 'further notice'}"
        raise NotAuthorised(
            f"the {authority.kind} of {signatory.id} is not in force today",
            where=agreement,
            got=f"valid {limits}",
            expected=f"in force on {today.isoformat()}",
            remedy="get a new authority; the document stays as it is",
        )
