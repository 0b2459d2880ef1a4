"""Trusted lists (ETSI TS 119 612): which certificates are qualified, from a local copy whose signer is pinned.

::

    trust/lists/NAME.xml   the list, XAdES-signed by its scheme operator (TS 119 612 5.7)
    trust/lists/NAME.pem   the operator's certificate, taken from the Official Journal or the list of lists by a person

Nothing is fetched. A list that is not signed by the pinned certificate is no list; one whose next update has passed
makes nothing qualified any more, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from asn1crypto import x509
from cryptography import x509 as cryptography_x509

from schemas.errors import InputError, Invalid, Unavailable
from schemas.signature import LegalEffect

if TYPE_CHECKING:
    from pyhanko.sign.validation.qualified.tsp import TSPRegistry
    from pyhanko_certvalidator.path import ValidationPath

MAXIMUM_BYTES = 50_000_000
LONGEST_CHAIN = 10
NAMESPACE = "{http://uri.etsi.org/02231/v2#}"


@dataclass(frozen=True)
class ListContent:
    """What a verified list says: whose it is, until when it may be relied on, and its qualified services."""

    territory: str
    issued: datetime
    next_update: datetime | None
    services: TSPRegistry

    def is_current(self, now: datetime) -> bool:
        """Whether the list may be relied on at ``now``; a closed list (without a next update) may not."""
        return self.next_update is not None and now <= self.next_update


@dataclass(frozen=True)
class TrustedList:
    """The bytes of a list as its scheme operator published it, and the operator's certificate in PEM."""

    name: str
    xml: bytes
    signer: str

    @cached_property
    def content(self) -> ListContent:
        """What stands under the pinned signature; raises :class:`Invalid` where that does not hold."""
        return _content(self)


@dataclass(frozen=True)
class Qualification:
    """What a certificate makes of a person's signature, and why no more where it is not qualified."""

    effect: LegalEffect
    reason: str


def effect_of(
    certificate: x509.Certificate,
    above: Iterable[x509.Certificate],
    lists: Iterable[TrustedList],
    *,
    at: datetime,
    now: datetime,
) -> Qualification:
    """Return what a signature made at ``at`` with a trusted person's certificate legally is, as known at ``now``.

    It is qualified (Regulation (EU) No 910/2014 Article 3(12)) where a current list names, at the time of signing, a
    granted service for qualified certificates above the certificate, and the certificate is one for electronic
    signatures whose key is in a qualified device (QcStatements, EN 319 412-5; qualifiers, TS 119 612 5.5.9.2).
    Otherwise it is advanced (Article 26). ``above`` are the certificates of the chain, in any order.
    """
    pool = list(above)
    missing = []
    for entry in lists:
        try:
            content = entry.content
        except Invalid as fault:
            missing.append(f"the trusted list {entry.name} cannot be relied on: {fault.what}")
            continue
        flaw = _flaw(certificate, pool, content, at)
        if flaw is None and not content.is_current(now):
            until = f"{content.next_update:%Y-%m-%d}" if content.next_update else "its closing"
            flaw = f"the trusted list of {content.territory} is stale since {until}, so it is not known to be qualified"
        if flaw is None:
            return Qualification(LegalEffect.QES, f"qualified by the trusted list of {content.territory}")
        missing.append(flaw)
    return Qualification(LegalEffect.ADES, "; ".join(dict.fromkeys(missing)) or "no trusted list is at hand")


def require_current(lists: Iterable[TrustedList], now: datetime) -> None:
    """Raise :class:`Unavailable` where a trusted list is stale at ``now``: a newer one can be adopted."""
    for entry in lists:
        try:
            content = entry.content
        except Invalid:  # it made nothing qualified when it was current either
            continue
        if not content.is_current(now):
            raise Unavailable(
                "it cannot be told what a signature legally is: a trusted list is stale",
                where=entry.name,
                got=f"next update {content.next_update:%Y-%m-%d}" if content.next_update else "a closed list",
                expected=f"a list of {content.territory} that may be relied on at {now:%Y-%m-%d}",
                remedy="adopt the newest list: convenio keys trusted-list LIST.xml --signer OPERATOR.pem",
            )


def _flaw(
    certificate: x509.Certificate, pool: list[x509.Certificate], content: ListContent, at: datetime
) -> str | None:
    """Return why a certificate is not qualified for electronic signatures by a list's content, or none."""
    from pyhanko.sign.validation.qualified.assess import QualificationAssessor  # noqa: PLC0415 (XML libraries are slow)
    from pyhanko.sign.validation.qualified.tsp import QcCertType  # noqa: PLC0415 (the same)

    listed = [authority.certificate for authority in content.services.known_certificate_authorities]
    path = _path(certificate, [*pool, *listed])
    not_granted = f"no service on the trusted list of {content.territory} was granted for its issuer when it signed"
    if path is None:
        return not_granted
    try:
        result = QualificationAssessor(content.services).check_entity_cert_qualified(path, at)
    except (NotImplementedError, ValueError, KeyError, TypeError) as fault:
        return f"its statements about qualification cannot be read ({fault})"
    status = result.status
    if result.service_definition is None:
        return not_granted
    if not status.qualified:
        return "it does not say that it is a qualified certificate (EN 319 412-5 4.2.1)"
    if status.qc_type is not QcCertType.QC_ESIGN:
        return "it is qualified for something else than electronic signatures (EN 319 412-5 4.2.3)"
    if not status.qc_key_security.is_qscd:
        return "its key is not known to be in a qualified signature creation device (EN 319 412-5 4.2.2)"
    return None


def _path(certificate: x509.Certificate, pool: list[x509.Certificate]) -> ValidationPath | None:
    """Return the chain from a certificate upwards, each issued by the next, as far as it is known."""
    from pyhanko_certvalidator.authority import CertTrustAnchor  # noqa: PLC0415 (with the libraries above)
    from pyhanko_certvalidator.path import ValidationPath  # noqa: PLC0415 (the same)

    found, current = list[x509.Certificate](), certificate
    while len(found) < LONGEST_CHAIN:
        above = next((entry for entry in pool if _issued(current, entry)), None)
        if above is None or above.dump() == current.dump():
            break
        found.append(above)
        current = above
    if not found:
        return None
    return ValidationPath(CertTrustAnchor(found[-1]), list(reversed(found[:-1])), certificate)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    from signing.answers import issued  # noqa: PLC0415 (with the libraries above)

    if certificate.issuer != issuer.subject:
        return False
    return issued(
        cryptography_x509.load_der_x509_certificate(certificate.dump()),
        cryptography_x509.load_der_x509_certificate(issuer.dump()),
    )


def _content(trusted: TrustedList) -> ListContent:
    from lxml import etree  # noqa: PLC0415 (slow to import, and only needed where there are lists)
    from pyhanko.sign.validation.qualified.eutl_parse import trust_list_to_registry_unsafe  # noqa: PLC0415 (the same)

    signed = _signed_part(trusted)
    try:
        services, _ = trust_list_to_registry_unsafe(etree.tostring(signed, encoding="unicode"))
        scheme = signed.find(f"{NAMESPACE}SchemeInformation")
        territory = scheme.findtext(f"{NAMESPACE}SchemeTerritory") or "unnamed"
        issued = _instant(scheme.findtext(f"{NAMESPACE}ListIssueDateTime"))
        following = scheme.findtext(f"{NAMESPACE}NextUpdate/{NAMESPACE}dateTime")
        return ListContent(territory, issued, _instant(following) if following else None, services)
    except Exception as fault:
        raise Invalid(
            "what is signed is no trusted list",
            where=trusted.name,
            got=f"{type(fault).__name__}: {str(fault)[:200]}",
            expected="a TrustServiceStatusList (ETSI TS 119 612)",
            remedy="take the list from its scheme operator again",
        ) from fault


def _signed_part(trusted: TrustedList):
    from signxml.exceptions import SignXMLException  # noqa: PLC0415 (slow to import)
    from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier  # noqa: PLC0415 (the same)

    if len(trusted.xml) > MAXIMUM_BYTES or b"<!DOCTYPE" in trusted.xml[:4096]:
        raise Invalid("the file is no trusted list", where=trusted.name, expected="XML of at most 50 MB, without DTD")
    signer = operator_certificate(trusted.signer)
    settings = XAdESSignatureConfiguration(
        require_x509=True,
        expect_references=True,
        # An old list is judged by its own next update; its operator's certificate only has to be the pinned one.
        verification_time=signer.not_valid_after_utc,
    )
    try:
        parts = XAdESVerifier().verify(trusted.xml, x509_cert=signer, expect_config=settings)
    except (SignXMLException, SyntaxError, ValueError, TypeError, LookupError) as fault:
        raise Invalid(
            "the trusted list is not signed by the certificate that was pinned for it",
            where=trusted.name,
            got=f"{type(fault).__name__}: {str(fault)[:200]}",
            expected="an XAdES signature by the scheme operator (ETSI TS 119 612 5.7)",
            remedy="take the list again, and the operator's certificate from the list of lists",
        ) from fault
    for part in parts if isinstance(parts, list) else [parts]:
        if part.signed_xml is not None and part.signed_xml.tag == f"{NAMESPACE}TrustServiceStatusList":
            return part.signed_xml
    raise Invalid("what is signed is no trusted list", where=trusted.name, expected="a TrustServiceStatusList")


def operator_certificate(text: str) -> cryptography_x509.Certificate:
    """Return a scheme operator's certificate from PEM; raise :class:`InputError` when it cannot be read."""
    try:
        return cryptography_x509.load_pem_x509_certificate(text.encode())
    except ValueError as fault:
        raise InputError(
            "the operator's certificate cannot be read", got=fault, expected="a certificate in PEM"
        ) from fault


def _instant(text: str | None) -> datetime:
    if text is None:
        raise ValueError("a date is missing")
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
