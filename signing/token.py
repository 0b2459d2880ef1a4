"""Validates an RFC 3161 token that stands by itself, such as the one over a checkpoint of the ledger.

Its authority has to stand under a trusted root at the time that the token tells. Nothing beside the token says whether
it was revoked: only what is known from elsewhere counts (RFC 3161 4), and the reason says so. One writing of the token
is accepted (DER), and nothing in it that neither the signature nor the chain binds.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from asn1crypto import cms, x509
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import ValidationError
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from schemas.errors import Invalid
from schemas.evidence import SignatureKind, SignatureReport, Verdict, digest_of
from schemas.signature import LegalEffect, Level
from signing.revision import reading
from signing.revoked_later import revocations
from signing.run import run
from signing.trust import TrustPolicy

WITHOUT_ROOTS, REVOKED = "NO_CERTIFICATE_CHAIN_FOUND", "REVOKED_NO_POE"


def validate_token(token: bytes, data: bytes, trust: TrustPolicy, *, name: str) -> SignatureReport:
    """Return what can be said of ``token`` (DER) over ``data``; ``name`` is its field in the report.

    Indeterminate where the authority stands under no root of ``trust`` (EN 319 102-1 5.1.3); raises :class:`Invalid`
    where the token cannot be read, is not over ``data``, was altered, or holds something that nothing binds.
    Indeterminate too where ``trust`` knows of a revocation that undoes it.
    """
    with reading("the timestamp token"):
        content = cms.ContentInfo.load(token, strict=True)
        signed = content["content"]
        told = signed["encap_content_info"]["content"].parsed
        at: datetime = told["gen_time"].native
        certificate = extract_certificate_info(signed).signer_cert
        imprint = told["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        covered = imprint["hashed_message"].native == hashlib.new(algorithm, data).digest()
        flaw = None if content.dump(force=True) == token else "it is not written in the one way of DER"
        flaw = flaw or _unbound(signed, certificate)
    if not covered:
        raise Invalid("the timestamp is over other bytes", where=name, expected=f"SHA-256 {digest_of(data)}")
    if flaw is not None:
        raise Invalid(f"the timestamp token was altered: {flaw}", where=name)
    context = ValidationContext(
        trust_roots=list(trust.anchors), moment=at, allow_fetching=False, revocation_mode="soft-fail"
    )
    with reading("the timestamp token"):
        try:
            found = run(
                validate_tst_signed_data(
                    signed, context, expected_tst_imprint=lambda digest: hashlib.new(digest, data).digest()
                )
            )
        except (SignatureValidationError, ValidationError) as fault:
            raise Invalid("the timestamp token does not validate", where=name, got=fault) from fault
        status = TimestampSignatureStatus(**found)
    if not (status.intact and status.valid):
        raise Invalid("the signature of the timestamp token does not hold", where=name)
    _require_only_the_chain(signed, status, name)
    flaw, name_of_flaw = None, None
    if not status.trusted or status.validation_path is None:
        flaw, name_of_flaw = "its authority does not chain to a trusted root", WITHOUT_ROOTS
    else:
        chain = status.validation_path.iter_certs(include_root=False)
        known = revocations(chain, map(CRLContainer, trust.lists), trust.answers)
        if not all(revocation.spares(at) for revocation in known):
            flaw, name_of_flaw = "its authority was revoked, and nothing proves that it is older", REVOKED
    trusted = flaw is None
    return SignatureReport(
        field=name,
        kind=SignatureKind.TIMESTAMP,
        verdict=Verdict.VALID if trusted else Verdict.INDETERMINATE,
        subject=certificate.subject.human_friendly,
        certificate=digest_of(certificate.dump()),
        signed_at=at,
        timestamped=trusted,
        level=Level.TIMESTAMP if trusted else Level.NONE,
        reason=(
            "intact, and by an authority under a trusted root; nothing beside it says whether that was revoked"
            if trusted
            else f"intact, but {flaw} ({name_of_flaw}, EN 319 102-1)"
        ),
        effect=LegalEffect.TIMESTAMP,
        sub_indication=name_of_flaw,
    )


def _unbound(signed: cms.SignedData, certificate: x509.Certificate) -> str | None:
    """Return what the signature does not bind in the token's outer form, or none (RFC 5652 5.1, RFC 3161 2.4.2)."""
    (signer,) = signed["signer_infos"]
    held = (
        signed["version"].native == "v3"
        and signer["version"].native == "v1"
        and [entry.dump() for entry in signed["digest_algorithms"]] == [signer["digest_algorithm"].dump()]
        and not signed["crls"]
        and not signer["unsigned_attrs"]
        and signer["sid"].name == "issuer_and_serial_number"
        and signer["sid"].chosen["issuer"].dump() == certificate.issuer.dump()
    )
    return None if held else "its container holds something its signature does not bind"


def _require_only_the_chain(signed: cms.SignedData, status: TimestampSignatureStatus, name: str) -> None:
    """Raise :class:`Invalid` for a certificate that is no part of the chain: it may be anything."""
    if not status.trusted or status.validation_path is None:
        return
    chain = {certificate.dump() for certificate in status.validation_path.iter_certs(include_root=True)}
    for entry in signed["certificates"]:
        if entry.chosen.dump() not in chain:
            raise Invalid("the timestamp token holds a certificate that is no part of its chain", where=name)
