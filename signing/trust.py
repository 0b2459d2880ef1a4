"""Whom a validation trusts, and what it knows of revocation.

Nothing is fetched but by :meth:`TrustPolicy.informed`, and only where the policy has a source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from asn1crypto import crl, ocsp, pem, x509
from cryptography import x509 as cryptography_x509
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
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from schemas.errors import InputError, Invalid, Refused
from schemas.evidence import Digest, VerificationKeys
from signing.revocation import Evidence, RevocationSource, gather
from signing.run import run
from signing.trusted_list import TrustedList

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


def as_cryptography(certificate: x509.Certificate) -> cryptography_x509.Certificate:
    """Return the same certificate in the form of the cryptography library; raise :class:`Invalid` if it knows none."""
    try:
        return cryptography_x509.load_der_x509_certificate(certificate.dump())
    except ValueError as fault:
        raise Invalid(
            "a certificate cannot be read",
            where=certificate.issuer.human_friendly,
            got=str(fault)[:200],
            expected="a certificate by RFC 5280",
        ) from fault


@dataclass(frozen=True)
class TrustPolicy:
    """The trust anchors and the material a validation may use.

    ``roots`` are PEM texts; ``revocation_lists`` are CRLs in DER (RFC 5280 5), ``responses`` OCSP responses in DER
    (RFC 6960); ``seal_certificates`` are SHA-256 digests of the certificates the organisation seals with;
    ``source`` answers for certificates that the given material says nothing about, none where nothing may be fetched;
    ``trusted_lists`` say which certificates are qualified. Without roots nothing can be valid; without seal
    certificates no seal is known to be the organisation's.
    """

    roots: tuple[str, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()
    seal_certificates: tuple[Digest, ...] = ()
    responses: tuple[bytes, ...] = ()
    source: RevocationSource | None = None
    trusted_lists: tuple[TrustedList, ...] = ()

    @classmethod
    def of(cls, keys: VerificationKeys) -> TrustPolicy:
        """Return the policy of an auditor who pinned ``keys``."""
        return cls(roots=keys.trust_roots, seal_certificates=keys.seal_certificates)

    def with_revocation_lists(self, lists: Iterable[bytes]) -> TrustPolicy:
        """Return the policy with further revocation lists (DER)."""
        return replace(self, revocation_lists=(*self.revocation_lists, *lists))

    def informed(
        self,
        certificates: Iterable[x509.Certificate],
        *,
        others: Iterable[x509.Certificate] = (),
        now: datetime,
    ) -> TrustPolicy:
        """Return the policy with current revocation information about each certificate and those above it.

        ``others`` are certificates that may stand above them. Raises :class:`Refused` where nobody can be asked,
        :class:`RevocationUnavailable` where nobody answers.
        """
        known = self.evidence(certificates, others=others, now=now)
        return replace(
            self,
            revocation_lists=tuple(dict.fromkeys((*self.revocation_lists, *known.lists))),
            responses=tuple(dict.fromkeys((*self.responses, *known.responses))),
        )

    def evidence(
        self,
        certificates: Iterable[x509.Certificate],
        *,
        others: Iterable[x509.Certificate] = (),
        now: datetime,
    ) -> Evidence:
        """Return what proves at ``now`` whether each certificate is revoked; raises as :meth:`informed`."""
        _ = self.lists
        return gather(
            [as_cryptography(entry) for entry in certificates],
            others=[as_cryptography(entry) for entry in others],
            anchors=[as_cryptography(entry) for entry in self.anchors],
            given=Evidence(responses=self.responses, lists=self.revocation_lists),
            source=self.source,
            now=now,
        )

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

    @cached_property
    def answers(self) -> list[OCSPContainer]:
        """The OCSP responses, one container for each certificate they speak of."""
        return [
            container
            for content in self.responses
            for container in OCSPContainer.load_multi(ocsp.OCSPResponse.load(content))
        ]

    def validation_spec(
        self, *, given_lists: bool = True, certificates: Iterable[x509.Certificate] = ()
    ) -> PdfSignatureValidationSpec:
        """Return pyHanko's form of this policy for EN 319 102-1.

        ``given_lists`` says whether revocation information from outside the file counts; ``certificates`` may stand
        between a signer and a root.
        """
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
                    known_ocsps=self.answers if given_lists else [],
                    # A revocation list is checked against its issuer by name, and a root may issue one.
                    known_certs=[*self.anchors, *certificates],
                ),
                key_usage_settings=SIGNER_USAGE,
            )
        )


def require_trusted(
    certificate: x509.Certificate, chain: Iterable[x509.Certificate], trust: TrustPolicy, *, now: datetime
) -> None:
    """Refuse a certificate that does not chain to a trusted root, or is revoked, at ``now``.

    Fails closed (RFC 5280 6): unknown revocation is a refusal where nobody can be asked, and
    :class:`RevocationUnavailable` where nobody answers. Raises :class:`Refused`.
    """
    others = list(chain)
    informed = trust.informed([certificate], others=others, now=now)
    context = ValidationContext(
        trust_roots=list(trust.anchors),
        other_certs=others,
        crls=[entry.dump() for entry in informed.lists],
        ocsps=list(informed.responses),
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
