"""The organisation's seal beside a file it must not touch: a detached CMS (CAdES B-T, EN 319 122-1 6).

It says that the organisation held these very bytes at the time of its timestamp, and nothing of what they show. In the
long run the scan is bound by the PDF: its digest stands in an evidence record whose digest the PDF's seals cover.
"""

from __future__ import annotations

from datetime import UTC, datetime

from asn1crypto import cms
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESStatus, AdESSubIndic
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms, message_imprint_checker
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from schemas.errors import ConvenioError, Refused
from schemas.evidence import SignatureKind, SignatureReport, Verdict, digest_of
from schemas.signature import LegalEffect, Level
from signing.keys import SigningKey
from signing.proof_of_time import require_token
from signing.revision import READING_FAULTS, reading
from signing.revoked_later import revocations
from signing.run import run
from signing.timestamp import Timestamper
from signing.trust import SIGNER_USAGE, TrustPolicy, require_trusted


def seal_detached(
    content: bytes, *, seal: SigningKey, timestamper: Timestamper, trust: TrustPolicy, now: datetime
) -> bytes:
    """Return the seal over ``content``: a CMS in DER that holds the certificates and a signature timestamp.

    ``now`` is the claimed time. Raises :class:`Refused` for a seal that is not trusted, :class:`TimestampUnavailable`
    without a token that can be relied on.
    """
    require_trusted(seal.asn1_certificate, seal.signer.cert_registry, trust, now=now)
    attributes = PdfCMSSignedAttributes(
        signing_time=now.astimezone(UTC).replace(microsecond=0), cades_signed_attrs=CAdESSignedAttrSpec()
    )

    async def sealing() -> bytes:
        sealed = await seal.signer.async_sign_general_data(
            content, "sha256", use_cades=True, timestamper=timestamper, signed_attr_settings=attributes
        )
        # written once, before anything in it is read: asn1crypto may take minutes to write it again
        return sealed.dump()

    try:
        sealed = run(sealing())
    except ConvenioError:
        raise
    except (SigningError, *READING_FAULTS) as fault:
        raise Refused("the file cannot be sealed", got=f"{type(fault).__name__}: {str(fault)[:200]}") from fault
    signed = cms.ContentInfo.load(sealed)["content"]
    (signer,) = signed["signer_infos"]
    token = _token_of(signer)
    if token is not None:
        above = [entry.chosen for holder in (signed, token) for entry in holder["certificates"]]
        require_token(token, message_imprint_checker(signer), trust, above, now=now, where="the seal over the scan")
    return sealed


def validate_detached(
    content: bytes, signature: bytes, trust: TrustPolicy, *, name: str = "detached seal"
) -> SignatureReport:
    """Return what can be said of a detached seal over ``content``; ``name`` is its field.

    It is validated at the time of its timestamp, with what ``trust`` knows of revocation: when it was made, nobody
    sealed without asking, and what binds it since is the PDF that names it by digest. Bytes that are no CMS raise
    :class:`Invalid`; a seal that does not hold is an invalid report.
    """
    with reading("the detached seal"):
        signed = cms.ContentInfo.load(signature, strict=True)["content"]
        (signer,) = signed["signer_infos"]
        serial, issuer = signer["sid"].chosen["serial_number"].native, signer["sid"].chosen["issuer"]
        held = [entry.chosen for entry in signed["certificates"] if entry.name == "certificate"]
        (certificate,) = (one for one in held if one.serial_number == serial and one.issuer == issuer)
        token = _token_of(signer)
        time = None if token is None else token["encap_content_info"]["content"].parsed["gen_time"].native
        found = AdESPassed.OK if time is None else _validated_at(time, signed, content, trust)
    level, indication = Level.NONE, None
    if trust.seal_certificates and digest_of(certificate.dump()) not in trust.seal_certificates:
        verdict, reason = Verdict.INVALID, "it is not by a certificate the organisation seals with"
    elif found != AdESPassed.OK:
        verdict = Verdict.INVALID if found.status == AdESStatus.FAILED else Verdict.INDETERMINATE
        indication = found.standard_name
        reason = f"it does not validate ({indication}, EN 319 102-1)"
    elif time is None:
        verdict, reason = Verdict.INVALID, "it has no timestamp, which every seal over a scan has"
    else:
        level, verdict = Level.TIME, Verdict.VALID
        reason = "the seal over the file as received held at the time of its timestamp"
    return SignatureReport(
        field=name,
        kind=SignatureKind.SEAL,
        verdict=verdict,
        subject=certificate.subject.human_friendly,
        certificate=digest_of(certificate.dump()),
        signed_at=time,
        timestamped=time is not None,
        level=level.value,
        reason=reason,
        effect=LegalEffect.SEAL,
        sub_indication=indication,
    )


def _validated_at(time: datetime, signed: cms.SignedData, content: bytes, trust: TrustPolicy) -> AdESSubIndic:
    """Return what EN 319 102-1 calls the state of the seal and its timestamp at ``time``."""
    context = ValidationContext(
        trust_roots=list(trust.anchors), moment=time, allow_fetching=False, revocation_mode="soft-fail"
    )
    try:
        status = run(
            async_validate_detached_cms(
                content,
                signed,
                signer_validation_context=context,
                ts_validation_context=context,
                key_usage_settings=SIGNER_USAGE,
            )
        )
    except SignatureValidationError as fault:
        return fault.ades_subindication or AdESFailure.FORMAT_FAILURE
    stamp = status.timestamp_validity
    if not (status.intact and stamp is not None and stamp.intact):
        return AdESFailure.HASH_FAILURE
    if not (status.valid and stamp.valid):
        return AdESFailure.SIG_CRYPTO_FAILURE
    chains = (status.validation_path, stamp.validation_path)
    if not (status.trusted and stamp.trusted) or None in chains:
        return AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND
    above = [one for chain in chains if chain for one in chain.iter_certs(include_root=False)]
    known = revocations(above, map(CRLContainer, trust.lists), trust.answers)
    return AdESPassed.OK if all(one.spares(time) for one in known) else AdESIndeterminate.REVOKED_NO_POE


def _token_of(signer: cms.SignerInfo) -> cms.SignedData | None:
    if isinstance(signer["unsigned_attrs"], cms.CMSAttributes):
        for attribute in signer["unsigned_attrs"]:
            if attribute["type"].native == "signature_time_stamp_token":
                return attribute["values"][0]["content"]
    return None
