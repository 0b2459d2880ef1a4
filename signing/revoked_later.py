"""What a revocation that became known later means for the timestamps an authority made before it (RFC 3161 4).

An authority that ends its service says why, and its earlier timestamps stay good. Any other reason, or none, may mean
that somebody else has its key: then no timestamp can be told from a forged one, whatever time it tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import crl, x509
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

HARMLESS = ("unspecified", "affiliation_changed", "superseded", "cessation_of_operation")
"""The reasons, once stated, that leave earlier timestamps valid; a reason not stated does not."""


@dataclass(frozen=True)
class Revocation:
    """A certificate was revoked at a time (UTC), for a reason of RFC 5280 5.3.1 or none."""

    at: datetime
    reason: str | None

    def spares(self, told: datetime) -> bool:
        """Whether a timestamp that tells the time ``told`` stays good."""
        return self.reason in HARMLESS and told < self.at


def revocations(
    chain: Iterable[x509.Certificate], lists: Iterable[CRLContainer], answers: Iterable[OCSPContainer]
) -> list[Revocation]:
    """Return what lists and OCSP responses of any age say of revoked certificates in ``chain``.

    Whose word it is, is not checked: to believe too many here only leads to a refusal.
    """
    lists, answers = list(lists), list(answers)
    return [found for entry in chain for found in (*_listed(entry, lists), *_answered(entry, answers))]


def _listed(certificate: x509.Certificate, lists: Iterable[CRLContainer]) -> Iterator[Revocation]:
    for container in lists:
        content: crl.CertificateList = container.crl_data
        for entry in content["tbs_cert_list"]["revoked_certificates"] or ():
            if entry["user_certificate"].native != certificate.serial_number:
                continue
            if certificate.issuer in (content.issuer, entry.issuer_name):
                reason = entry.crl_reason_value
                yield Revocation(entry["revocation_date"].native, reason.native if reason else None)


def _answered(certificate: x509.Certificate, answers: Iterable[OCSPContainer]) -> Iterator[Revocation]:
    for container in answers:
        answer = container.extract_single_response()
        if answer is None or answer["cert_status"].name != "revoked":
            continue
        about = answer["cert_id"]
        named = getattr(certificate.issuer, about["hash_algorithm"]["algorithm"].native, None)
        if (about["serial_number"].native, about["issuer_name_hash"].native) == (certificate.serial_number, named):
            status = answer["cert_status"].chosen
            yield Revocation(status["revocation_time"].native, status["revocation_reason"].native)
