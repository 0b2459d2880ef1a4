"""A signature in two halves, as a trust service with a page of its own needs it: begun, authorised there, finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from archive.layout import working_key
from flows.act import Done, acting, as_actor
from flows.delegation import signer
from flows.signatures import Base, Made, add_signature, base_for, require_own, stamp_of
from flows.wiring import Installation
from schemas.errors import InputError, Refused
from schemas.evidence import AgreementId, Digest, digest_of
from schemas.people import Role
from schemas.signature import SigningWay


@dataclass(frozen=True)
class ToSign:
    """What goes to whoever holds the key: ``digest`` (SHA-256) is signed; ``handle`` finds what was begun again."""

    handle: Digest
    digest: bytes


def begin_signature(house: Installation, agreement: AgreementId, *, by: str, certificates: Sequence[bytes]) -> ToSign:
    """Lay out the person's signature with a key that is elsewhere, and return the digest that it is to sign.

    ``certificates`` are in DER, the person's first. Raises what :func:`flows.signatures.add_signature` and
    :func:`signing.interrupted.begin` raise; nothing is recorded.
    """
    from cryptography import x509

    from signing.interrupted import begin
    from signing.keys import DEMONSTRATION, subject_text

    person = acting(house, by, Role.SIGNATORY)
    base = base_for(house, agreement, SigningWay.CSC, partial(signer, person=person))
    if base is None:
        raise Refused("the field is signed already", where=agreement, remedy="nothing is left to do")
    try:
        certificate, *chain = (x509.load_der_x509_certificate(content) for content in certificates)
    except ValueError as fault:
        raise InputError("the certificate cannot be read", got=str(fault), expected="X.509 in DER") from fault
    require_own(base, certificate)
    begun = begin(
        base.content,
        signatory_id=base.signatory,
        certificate=certificate,
        chain=chain,
        timestamper=house.timestamper,
        trust=house.trust(base.now),
        now=base.now,
        level=base.state.policy.level,
        stamp=stamp_of(house, base, SigningWay.CSC, demonstration=DEMONSTRATION in subject_text(certificate)),
    )
    content = begun.model_dump_json().encode()
    house.store.put(working_key(agreement, digest_of(content), "json"), content)
    return ToSign(digest_of(content), begun.to_sign)


def finish_signature(house: Installation, agreement: AgreementId, *, by: str, handle: Digest, value: bytes) -> Done:
    """Finish the signature that was begun under ``handle`` with the ``value`` that came back.

    Raises what :func:`flows.signatures.add_signature` and :func:`signing.interrupted.finish` raise.
    """
    person = acting(house, by, Role.SIGNATORY)
    return add_signature(
        house,
        agreement,
        SigningWay.CSC,
        partial(signer, person=person),
        partial(_finished, house, handle, value),
        actor=as_actor(Role.SIGNATORY, person),
        repeat=False,
    )


def _finished(house: Installation, handle: Digest, value: bytes, base: Base) -> Made:
    from cryptography import x509

    from signing.interrupted import Begun, finish
    from signing.keys import as_asn1, digest_of_certificate
    from signing.trusted_list import effect_of

    try:
        begun = Begun.model_validate_json(house.store.get(working_key(base.agreement, handle, "json")))
    except ValidationError as fault:
        raise Refused("nothing was begun under this name", where=base.agreement, got=handle) from fault
    if begun.signatory != base.signatory:
        raise Refused("somebody else began this signature", where=base.agreement, got=begun.signatory)
    certificate, *above = (x509.load_pem_x509_certificate(one.encode()) for one in begun.certificates)
    require_own(base, certificate)
    trust = house.trust(base.now)
    signed = finish(
        base.content,
        begun,
        value,
        timestamper=house.timestamper,
        trust=trust,
        now=base.now,
        level=base.state.policy.level,
    )
    qualification = effect_of(as_asn1(certificate), map(as_asn1, above), trust.trusted_lists, at=base.now, now=base.now)
    return Made(signed, digest_of_certificate(certificate), qualification.effect)
