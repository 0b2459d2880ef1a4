"""Signing keys: a certificate, its chain and the private key that belongs to it, parsed once."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, PublicKeyAlgorithmOID
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from schemas.errors import InputError, Refused
from schemas.evidence import Digest
from signing.pkcs12 import opened

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DEMONSTRATION = "DEMONSTRATION - not for real agreements"
"""The organisation name of every subject in a demonstration PKI."""

MINIMUM_RSA_BITS = 3072
"""Shorter RSA keys are a legacy size, to be phased out (SOG-IS agreed cryptographic mechanisms, ETSI TS 119 312)."""

CURVES = ("secp256r1", "secp384r1", "secp521r1")
"""The NIST curves: what every PDF reader and OpenSSL verify alike."""


class _ParsedKeySigner(Signer):
    """A pyHanko signer that keeps the parsed private key between signatures."""

    def __init__(self, certificate: asn1.Certificate, chain: Iterable[asn1.Certificate], key: PrivateKey) -> None:
        store = SimpleCertificateStore()
        store.register_multiple(chain)
        super().__init__(signing_cert=certificate, cert_registry=store, embed_roots=False)
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002, ARG002 (pyHanko's signature)
        digest = get_pyca_cryptography_hash(digest_algorithm)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), digest)
        return self._key.sign(data, ec.ECDSA(digest))


@dataclass(frozen=True)
class SigningKey:
    """A private key with its certificate and the certificates above it (root last, where known)."""

    signer: Signer
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    @classmethod
    def of(cls, key: PrivateKey, certificate: x509.Certificate, chain: Iterable[x509.Certificate] = ()) -> SigningKey:
        """Return a signing key; raise :class:`Refused` for a kind of key that readers do not all verify."""
        others = tuple(chain)
        return cls.using(_ParsedKeySigner(as_asn1(certificate), map(as_asn1, others), key), certificate, others)

    @classmethod
    def using(cls, signer: Signer, certificate: x509.Certificate, chain: Iterable[x509.Certificate] = ()) -> SigningKey:
        """Return a signing key whose private part only ``signer`` can use, such as one in a token; see :meth:`of`."""
        require_suitable(certificate)
        return cls(signer, certificate, tuple(chain))

    @property
    def asn1_certificate(self) -> asn1.Certificate:
        """The certificate in asn1crypto's form."""
        return as_asn1(self.certificate)

    @property
    def certificate_digest(self) -> Digest:
        """SHA-256 of the certificate in DER."""
        return digest_of_certificate(self.certificate)

    @property
    def subject(self) -> str:
        """The subject for a person to read: common name, then organisation."""
        return subject_text(self.certificate)

    @property
    def is_demonstration(self) -> bool:
        """Whether the certificate belongs to a demonstration PKI."""
        owners = self.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return any(owner.value == DEMONSTRATION for owner in owners)


def as_asn1(certificate: x509.Certificate) -> asn1.Certificate:
    """Return the same certificate in asn1crypto's form."""
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))


def subject_text(certificate: x509.Certificate) -> str:
    """Return common name and organisation of a certificate's subject, or its whole name where both are missing."""
    names = [
        str(attribute.value)
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for attribute in certificate.subject.get_attributes_for_oid(oid)[:1]
    ]
    return ", ".join(names) or certificate.subject.rfc4514_string()


def bears_name(certificate: x509.Certificate, name: str) -> bool:
    """Whether the subject's name is ``name``: the common name, or given name and surname, the words in any order.

    National certificates write the surname first, often in capitals; the whole name has to be there, and nothing else.
    An organisation names no person.
    """

    def words(*oids: x509.ObjectIdentifier) -> list[str]:
        return _words_of(
            " ".join(str(one.value) for oid in oids for one in certificate.subject.get_attributes_for_oid(oid))
        )

    wanted = _words_of(name)
    return bool(wanted) and wanted in (words(NameOID.COMMON_NAME), words(NameOID.GIVEN_NAME, NameOID.SURNAME))


def _words_of(name: str) -> list[str]:
    """Return the words of a name in one order and one writing (Unicode NFKC and case folding)."""
    return sorted(unicodedata.normalize("NFKC", name).casefold().replace(",", " ").split())


def emails_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the mail addresses of the subject alternative name (rfc822Name, RFC 5280 4.2.1.6)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.get_values_for_type(x509.RFC822Name))


def digest_of_certificate(certificate: x509.Certificate) -> Digest:
    """Return the SHA-256 of the certificate in DER."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def load_pkcs12(content: bytes, passphrase: bytes | None, *, now: datetime) -> SigningKey:
    """Return the signing key of a PKCS#12 file (RFC 7292).

    Raises :class:`InputError` when the file or passphrase is wrong, the key is missing or not alone, or opening it
    takes too long, and :class:`Refused` when the key may not sign at ``now``.
    """
    if not content:
        raise InputError("the file is empty", expected="a .p12 or .pfx file (RFC 7292)", remedy="choose another file")
    if not content.startswith(b"\x30"):
        raise InputError(
            "the file is not a PKCS#12 file",
            got=f"{len(content)} bytes starting {content[:8]!r}",
            expected="a .p12 or .pfx file (RFC 7292)",
            remedy="export certificate and private key together from where the certificate is kept",
        )
    store = opened(content, passphrase)
    if store.key is None or store.cert is None:
        raise InputError(
            "the PKCS#12 file holds no certificate that belongs to its private key",
            expected="one private key and its certificate",
            remedy="export certificate and private key together",
        )
    certificate = store.cert.certificate
    require_current(certificate, now)
    require_suitable(certificate)
    if not isinstance(store.key, PrivateKey):  # pragma: no cover - the certificate's key was looked at before
        raise Refused("the private key cannot sign", got=type(store.key).__name__, expected="an EC or RSA key")
    if store.key.public_key() != certificate.public_key():
        raise InputError(
            "the private key does not belong to the certificate",
            got=subject_text(certificate),
            expected="the private key of that certificate",
            remedy="export certificate and private key together",
        )
    others = [entry.certificate for entry in store.additional_certs]
    return SigningKey.of(store.key, certificate, dict.fromkeys([*chain_above(certificate, others), *others]))


def require_current(certificate: x509.Certificate, now: datetime) -> None:
    """Refuse a certificate that has expired, or has not begun, at ``now``; raises :class:`Refused`."""
    if now > certificate.not_valid_after_utc:
        raise Refused(
            "the certificate has expired",
            where=subject_text(certificate),
            got=f"valid until {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
            expected=f"a certificate valid at {now:%Y-%m-%d %H:%M %Z}",
            remedy="renew the certificate",
        )
    if now < certificate.not_valid_before_utc:
        raise Refused(
            "the certificate is not valid yet",
            where=subject_text(certificate),
            got=f"valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC",
            expected=f"a certificate valid at {now:%Y-%m-%d %H:%M %Z}",
            remedy="check the clock, or wait",
        )


def require_suitable(certificate: x509.Certificate) -> None:
    """Refuse keys that a widespread reader cannot verify: a signature nobody can check is worth nothing."""
    expected = f"a P-256, P-384 or P-521 key, or RSA of at least {MINIMUM_RSA_BITS} bits with PKCS#1 v1.5"
    remedy = "use a certificate with another key"
    where = subject_text(certificate)
    if certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        raise Refused(
            "an RSA-PSS key cannot be used: not every PDF reader verifies its signatures",
            where=where, got="a certificate for RSASSA-PSS (RFC 4055)", expected=expected, remedy=remedy,
        )  # fmt: skip
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MINIMUM_RSA_BITS:
            raise Refused(
                "the RSA key is too short to be relied on for the years an agreement is kept (ETSI TS 119 312)",
                where=where, got=f"RSA of {key.key_size} bits", expected=expected, remedy=remedy,
            )  # fmt: skip
        return
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in CURVES:
            raise Refused(
                "the elliptic curve is not one that every PDF reader verifies",
                where=where, got=key.curve.name, expected=expected, remedy=remedy,
            )  # fmt: skip
        return
    edwards = isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
    raise Refused(
        "an Edwards-curve key cannot be used: common PDF readers and OpenSSL 3.0 do not verify its signatures in CMS"
        if edwards
        else "this kind of key cannot sign a PDF",
        where=where, got=type(key).__name__.removesuffix("PublicKey"), expected=expected, remedy=remedy,
    )  # fmt: skip


def chain_above(leaf: x509.Certificate, others: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """Return those of the others that stand above ``leaf``, from its issuer up to the root as far as they are there."""
    ordered, remaining, current = [], [other for other in dict.fromkeys(others) if other != leaf], leaf
    while current.issuer != current.subject:
        above = next((other for other in remaining if _is_issued_by(current, other)), None)
        if above is None:
            break
        ordered.append(above)
        remaining.remove(above)
        current = above
    return ordered


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
