"""Issues X.509 certificates and revocation lists (RFC 5280) for a demonstration PKI."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from signing.keys import DEMONSTRATION

BACKDATED = timedelta(minutes=5)
"""Certificates begin a little before now, so that a clock running behind accepts them at once."""

DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning, RFC 9336."""


@dataclass(frozen=True)
class Issuer:
    """A certification authority: what it takes to issue a certificate or a revocation list."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def revocation_list(self, now: datetime) -> bytes:
        """Return an empty, fresh CRL in DER (RFC 5280 5), issued at ``now``.

        It lasts as long as the issuer's certificate: nobody will be there to issue the next one to an auditor who
        verifies a demonstration years later. A real authority's lists last days.
        """
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(_whole_second(now))
            .next_update(self.certificate.not_valid_after_utc)
            .add_extension(authority, critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


Extension = tuple[x509.ExtensionType, bool]
"""An extension and whether it is critical."""


def authority_extensions(below: int) -> list[Extension]:
    """Return the extensions of a certification authority with at most ``below`` authorities under it."""
    usage = _key_usage(key_cert_sign=True, crl_sign=True)
    return [(x509.BasicConstraints(ca=True, path_length=below), True), (usage, True)]


def signing_extensions(purposes: list[ObjectIdentifier], *, critical: bool) -> list[Extension]:
    """Return the extensions of a certificate that signs, for the extended key usages ``purposes``."""
    usage = _key_usage(digital_signature=True, content_commitment=True)
    ends = x509.BasicConstraints(ca=False, path_length=None)
    return [(ends, True), (usage, True), (x509.ExtendedKeyUsage(purposes), critical)]


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def certificate_for(  # noqa: PLR0917 (the parts of a certificate in the order RFC 5280 has them)
    issuer: Issuer | None,
    key: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    now: datetime,
    life: timedelta,
    extensions: list[Extension],
) -> x509.Certificate:
    """Return a certificate that begins at ``now`` and never outlives ``issuer``; without an issuer it signs itself."""
    signing, name = (key, subject) if issuer is None else (issuer.key, issuer.certificate.subject)
    end = now + life if issuer is None else min(now + life, issuer.certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_whole_second(now - BACKDATED))
        .not_valid_after(_whole_second(end))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signing, hashes.SHA256())


def subject_name(common_name: str, organisation: str) -> x509.Name:
    """Return a subject whose parts keep to the 64 characters of RFC 5280 appendix A.1."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, DEMONSTRATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, organisation.strip()[:64] or "unnamed"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name.strip()[:64]),
        ]
    )


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
