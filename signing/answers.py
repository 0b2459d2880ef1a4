"""What makes an OCSP response (RFC 6960) or a revocation list (RFC 5280 5) an answer: whose, about what, of when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

TOLERANCE = timedelta(seconds=30)
"""How far the clocks of an authority and of this machine may differ."""

WITHOUT_NEXT = timedelta(minutes=15)
"""How long an OCSP response counts that does not say when the next one comes (RFC 6960 2.4)."""


Extension = TypeVar("Extension", bound=x509.ExtensionType)


class NotAnswered(Exception):
    """An authority did not answer what was asked; the text says why."""


def _is_current_list(entry: x509.CertificateRevocationList, now: datetime) -> bool:
    """Whether a list is neither of the future nor overdue at ``now``; it has to say when the next one comes.

    RFC 5280 5.1.2.5 requires that: without it nobody could tell an old list from the newest one.
    """
    end = entry.next_update_utc
    return end is not None and entry.last_update_utc <= now + TOLERANCE and now <= end


def is_list_about(entry: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Whether a list would name a certificate of its issuer if it were revoked.

    A delta list says only what changed (RFC 5280 5.2.4), a partial one only what is in its scope (5.2.5).
    """
    if _extension(entry, x509.DeltaCRLIndicator) is not None:
        return False
    scope = _extension(entry, x509.IssuingDistributionPoint)
    if scope is None:
        return True
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs or scope.relative_name:
        return False
    basic = _extension(certificate, x509.BasicConstraints)
    if scope.only_contains_user_certs if basic is not None and basic.ca else scope.only_contains_ca_certs:
        return False
    points = _extension(certificate, x509.CRLDistributionPoints) or ()
    places = [name for point in points for name in point.full_name or ()]
    return scope.full_name is None or any(name in places for name in scope.full_name)


def _extension(holder: x509.Certificate | x509.CertificateRevocationList, kind: type[Extension]) -> Extension | None:
    try:
        return holder.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_list_of(entry: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether a list is its issuer's: of that name, and signed with that key."""
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    return entry.issuer == issuer.subject and entry.is_signature_valid(key)


def check_list(
    entry: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> None:
    """Raise :class:`NotAnswered` for a list not by the issuer, not about the certificate, or not current."""
    if not _is_list_of(entry, issuer):
        raise NotAnswered("the list is not signed by the certificate's issuer")
    if not _is_current_list(entry, now):
        raise NotAnswered(f"the list is of {entry.last_update_utc:%Y-%m-%d %H:%M} UTC and not current")
    if not is_list_about(entry, certificate):
        raise NotAnswered("the list is a partial one that does not cover the certificate")


def check_response(
    response: ocsp.OCSPResponse,
    request: ocsp.OCSPRequest,
    nonce: bytes,
    issuer: x509.Certificate,
    now: datetime,
) -> None:
    """Raise :class:`NotAnswered` for a response that is not a current one to ``request``, for the issuer."""
    try:
        echo = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        echo = nonce  # a responder that prepares its answers cannot repeat it (RFC 6960 4.4.1)
    if echo != nonce:
        raise NotAnswered("answered another request (its nonce differs)")
    wanted = (request.serial_number, request.issuer_key_hash, request.issuer_name_hash)
    if (response.serial_number, response.issuer_key_hash, response.issuer_name_hash) != wanted:
        raise NotAnswered("answered about another certificate")
    if response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise NotAnswered("does not know the certificate")
    if not _is_current_response(response, now):
        raise NotAnswered(f"the answer is of {response.this_update_utc:%Y-%m-%d %H:%M} UTC and not current")
    if not _is_signed_for(response, issuer):
        raise NotAnswered("the answer is not signed by the certificate's issuer or on its behalf")


def is_answer_about(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> bool:
    """Whether a response at hand speaks of a certificate, for its issuer, and is current at ``now``."""
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return False
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, response.hash_algorithm).build()
    return (
        (response.serial_number, response.issuer_key_hash) == (asked.serial_number, asked.issuer_key_hash)
        and _is_current_response(response, now)
        and _is_signed_for(response, issuer)
    )


def _is_current_response(response: ocsp.OCSPResponse, now: datetime) -> bool:
    end = response.next_update_utc or response.this_update_utc + WITHOUT_NEXT
    return response.this_update_utc <= now + TOLERANCE and now <= end + TOLERANCE


def _is_signed_for(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Whether the issuer signed, or a responder the issuer certified for that purpose (RFC 6960 4.2.2.2)."""
    for signer in (issuer, *response.certificates):
        if signer != issuer and not (issued(signer, issuer) and _may_answer(signer)):
            continue
        key, algorithm = signer.public_key(), response.signature_hash_algorithm
        if algorithm is None:
            continue
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
            else:
                continue
        except InvalidSignature:
            continue
        return True
    return False


def _may_answer(responder: x509.Certificate) -> bool:
    try:
        usages = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages


def is_excused(certificate: x509.Certificate) -> bool:
    """Whether its issuer excused an OCSP responder from being asked about (id-pkix-ocsp-nocheck)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.OCSPNoCheck) is not None
    except x509.ExtensionNotFound:
        return False


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` signed a certificate that names it (RFC 5280 6.1.3 (a)(1), (4))."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
