"""Whom a validation trusts, and what it knows of revocation; everything is given, nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from asn1crypto import crl, pem, x509
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathBuildingError,
    PathValidationError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from schemas.errors import InputError, Refused
from schemas.evidence import Digest, VerificationKeys
from signing.run import run

CLOCK_TOLERANCE = timedelta(seconds=30)
"""How far the clocks of a timestamp authority, a certification authority and this machine may differ."""

SIGNER_USAGE = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False, extd_key_usage=None
)
"""A signing certificate must be for signing: either of the two bits of RFC 5280 4.2.1.3 will do."""

REVOCATION_REQUIRED = CertRevTrustPolicy(
    RevocationCheckingPolicy(
        ee_certificate_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
        intermediate_ca_cert_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
    )
)
"""Every certificate below a root needs revocation information; none is a refusal, never a pass."""


def certificates_of(texts: Iterable[str]) -> tuple[x509.Certificate, ...]:
    """Return the certificates of PEM texts (RFC 7468), in order; raise :class:`InputError` when one cannot be read."""
    found: list[x509.Certificate] = []
    for text in texts:
        try:
            content = text.encode("ascii")
            for kind, _, der in pem.unarmor(content, multiple=True):
                if kind == "CERTIFICATE":
                    certificate = x509.Certificate.load(der, strict=True)
                    _ = certificate.public_key.algorithm, certificate.subject.native
                    found.append(certificate)
        except (ValueError, TypeError, KeyError) as fault:
            raise InputError(
                "a trusted certificate cannot be read",
                got=f"{text[:60]!r}: {fault}",
                expected="a certificate in PEM (-----BEGIN CERTIFICATE-----)",
                remedy="export the organisation's keys again",
            ) from fault
    return tuple(found)


@dataclass(frozen=True)
class TrustPolicy:
    """The trust anchors and the material a validation may use.

    ``roots`` are PEM texts; ``revocation_lists`` are CRLs in DER (RFC 5280 5);
    ``seal_certificates`` are SHA-256 digests of the certificates the organisation seals with. Without roots
    nothing can be valid; without seal certificates no seal is known to be the organisation's.
    """

    roots: tuple[str, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()
    seal_certificates: tuple[Digest, ...] = ()

    @classmethod
    def of(cls, keys: VerificationKeys) -> TrustPolicy:
        """Return the policy of an auditor who pinned ``keys``."""
        return cls(roots=keys.trust_roots, seal_certificates=keys.seal_certificates)

    def with_revocation_lists(self, lists: Iterable[bytes]) -> TrustPolicy:
        """Return the policy with further revocation lists (DER)."""
        return replace(self, revocation_lists=(*self.revocation_lists, *lists))

    @cached_property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        """The trusted roots, parsed."""
        return certificates_of(self.roots)

    @cached_property
    def lists(self) -> tuple[crl.CertificateList, ...]:
        """The revocation lists, parsed; raises :class:`InputError` when one is not a CRL."""
        parsed = []
        for content in self.revocation_lists:
            try:
                revocation_list = crl.CertificateList.load(content, strict=True)
                _ = revocation_list["tbs_cert_list"]["this_update"].native
            except (ValueError, TypeError, KeyError) as fault:
                raise InputError(
                    "a revocation list cannot be read", got=str(fault), expected="a CRL in DER (RFC 5280 section 5)"
                ) from fault
            parsed.append(revocation_list)
        return tuple(parsed)

    def validation_spec(self, *, given_lists: bool = True) -> PdfSignatureValidationSpec:
        """Return pyHanko's form of this policy for EN 319 102-1; ``given_lists`` says whether our own CRLs count."""
        return PdfSignatureValidationSpec(
            SignatureValidationSpec(
                cert_validation_policy=CertValidationPolicySpec(
                    trust_manager=SimpleTrustManager.build(trust_roots=list(self.anchors)),
                    revinfo_policy=REVOCATION_REQUIRED,
                    time_tolerance=CLOCK_TOLERANCE,
                ),
                revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
                local_knowledge=LocalKnowledge(
                    known_crls=[CRLContainer(entry) for entry in self.lists] if given_lists else [],
                    # A revocation list is checked against its issuer by name, and a root may issue one.
                    known_certs=list(self.anchors),
                ),
                key_usage_settings=SIGNER_USAGE,
            )
        )


def require_trusted(
    certificate: x509.Certificate, chain: Iterable[x509.Certificate], trust: TrustPolicy, *, now: datetime
) -> None:
    """Refuse a signing certificate that does not chain to a trusted root, or whose revocation is not known, at ``now``.

    Fails closed (RFC 5280 6): a missing or stale revocation list is a refusal. Raises :class:`Refused`.
    """
    context = ValidationContext(
        trust_roots=list(trust.anchors),
        other_certs=list(chain),
        crls=[entry.dump() for entry in trust.lists],
        revinfo_policy=REVOCATION_REQUIRED,
        moment=now,
        time_tolerance=CLOCK_TOLERANCE,
        allow_fetching=False,
    )
    validator = CertificateValidator(certificate, validation_context=context)
    try:
        run(validator.async_validate_usage(set()))
    except (PathBuildingError, ValidationError) as fault:
        raise refusal_of(certificate, fault) from fault


def refusal_of(certificate: x509.Certificate, fault: Exception) -> Refused:
    """Return the refusal that explains a certificate path fault to a person."""
    subject, issuer = certificate.subject.human_friendly, certificate.issuer.human_friendly
    match fault:
        case RevokedError():
            what, expected, remedy = "the certificate is revoked", "a certificate in force", "use another certificate"
        case ExpiredError():
            what, expected, remedy = (
                "the certificate, or one above it, has expired",
                "a certificate in force",
                "renew the certificate",
            )
        case NotYetValidError():
            what, expected, remedy = (
                "the certificate, or one above it, is not valid yet",
                "a certificate in force",
                "check the clock, or wait until the certificate is valid",
            )
        case InsufficientRevinfoError():
            what, expected, remedy = (
                "it is not known whether the certificate is revoked",
                "a current revocation list of every issuer in its chain",
                "give the issuer's current revocation list (CRL) and repeat",
            )
        case PathBuildingError():
            what, expected, remedy = (
                "the certificate was not issued by a trusted authority",
                "a chain to one of the trusted roots",
                "use a certificate of a trusted issuer, or have an administrator add its root",
            )
        case PathValidationError() | _:
            what, expected, remedy = (
                "the certificate's chain does not validate",
                "a chain that validates by RFC 5280 section 6",
                "use another certificate",
            )
    return Refused(what, where=subject, got=f"issued by {issuer}: {fault}", expected=expected, remedy=remedy)
