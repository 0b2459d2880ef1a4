"""Signing with a key of the signatory's own: in a PKCS#12 file, in a token, or kept for them by a trust service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flows.act import Done, acting, as_actor
from flows.delegation import signer
from flows.signatures import Base, Made, add_signature, require_own, stamp_of
from flows.wiring import Installation
from schemas.evidence import AgreementId
from schemas.people import Role
from schemas.signature import SigningWay

if TYPE_CHECKING:
    from signing.keys import SigningKey
    from signing.remote import RemoteCredential

OpenKey = Callable[[datetime], "SigningKey"]


def sign(house: Installation, agreement: AgreementId, *, by: str, p12: bytes, passphrase: bytes | None) -> Done:
    """Sign the newest revision in the person's own field with their own PKCS#12 key.

    Raises what :func:`flows.signatures.add_signature` raises, and what :func:`signing.keys.load_pkcs12` does.
    """

    def opened(now: datetime) -> SigningKey:
        from signing.keys import load_pkcs12

        return load_pkcs12(p12, passphrase, now=now)

    return _sign(house, agreement, SigningWay.PKCS12, opened, by=by)


def sign_with_token(
    house: Installation, agreement: AgreementId, *, by: str, module: Path, token: str, label: str, pin: str
) -> Done:
    """Sign with a key in a token (PKCS#11).

    Raises what :func:`flows.signatures.add_signature` raises, and what :func:`signing.hardware.hardware_key` does.
    """

    def opened(now: datetime) -> SigningKey:
        from signing.hardware import TokenPlace, hardware_key

        return hardware_key(TokenPlace(module, token, label), pin, now=now)

    return _sign(house, agreement, SigningWay.PKCS11, opened, by=by)


def sign_remotely(house: Installation, agreement: AgreementId, *, by: str, credential: RemoteCredential) -> Done:
    """Sign with a key that a trust service keeps (CSC API).

    Raises what :func:`flows.signatures.add_signature` raises, and what :func:`signing.remote.remote_key` does.
    """

    def opened(now: datetime) -> SigningKey:
        from signing.remote import remote_key

        return remote_key(credential, now=now)

    return _sign(house, agreement, SigningWay.CSC, opened, by=by)


def _sign(house: Installation, agreement: AgreementId, way: SigningWay, opened: OpenKey, *, by: str) -> Done:
    person = acting(house, by, Role.SIGNATORY)
    kept: list[SigningKey] = []

    def make(base: Base) -> Made:
        if not kept:
            kept.append(opened(base.now))
        return _made(house, base, way, kept[0])

    return add_signature(
        house, agreement, way, partial(signer, person=person), make, actor=as_actor(Role.SIGNATORY, person)
    )


def _made(house: Installation, base: Base, way: SigningWay, key: SigningKey) -> Made:
    from signing.seal import sign as sign_field
    from signing.trusted_list import effect_of

    require_own(base, key.certificate)
    trust = house.trust(base.now)
    signed = sign_field(
        base.content,
        signatory_id=base.signatory,
        key=key,
        timestamper=house.timestamper,
        trust=trust,
        now=base.now,
        level=base.state.policy.level,
        stamp=stamp_of(house, base, way, demonstration=key.is_demonstration),
    )
    qualification = effect_of(
        key.asn1_certificate, key.signer.cert_registry, trust.trusted_lists, at=base.now, now=base.now
    )
    return Made(signed, key.certificate_digest, qualification.effect)
