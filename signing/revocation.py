"""Whether a certificate is revoked, asked of those who know: OCSP (RFC 6960) first, then CRL (RFC 5280 5), over HTTP.

::

    certificate ── AIA ────> OCSP responder ──┐
        │                                     ├─> checked: whose, how fresh, whose signature ──> bytes to keep
        └────── CRLDP ────> revocation list ──┘

What is returned is evidence, not a judgement: it may say *revoked*. An authority that is down, answers something else,
or answers about another time has not answered: there is no weaker way past it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from schemas.errors import Refused, RevocationUnavailable
from signing.answers import (
    NotAnswered,
    check_list,
    check_response,
    is_answer_about,
    is_excused,
    issued,
)
from signing.exchange import Answer, exchange

DEADLINE_SECONDS = 15.0
MAXIMUM_OCSP_BYTES = 100_000
MAXIMUM_LIST_BYTES = 10_000_000
MAXIMUM_CERTIFICATES = 40
"""In the chains of one document; more is an attack, not a document."""

Exchange = Callable[..., Answer]


@dataclass(frozen=True)
class Evidence:
    """What authorities said of some certificates: OCSP responses, CRLs, and the certificates they answer with; DER."""

    responses: tuple[bytes, ...] = ()
    lists: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class _Found:
    response: ocsp.OCSPResponse | None = None
    revocation_list: x509.CertificateRevocationList | None = None


@dataclass
class RevocationSource:
    """Fetches OCSP responses and revocation lists from where certificates say they are.

    Lists are kept until their next update; OCSP responses are asked for anew each time. One source may serve several
    threads. ``ask`` is :func:`signing.exchange.exchange`, or what stands for it.
    """

    deadline_seconds: float = DEADLINE_SECONDS
    ask: Exchange = exchange
    _lists: dict[str, x509.CertificateRevocationList] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def find(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> _Found:
        """Return the first trustworthy answer; raise :class:`RevocationUnavailable` with every authority's failure."""
        failures = []
        for url in _responders(certificate):
            try:
                return _Found(response=self._asked(url, certificate, issuer, now))
            except NotAnswered as fault:
                failures.append(f"OCSP at {url}: {fault}")
        for url in _distribution_points(certificate):
            try:
                return _Found(revocation_list=self._fetched(url, certificate, issuer, now))
            except NotAnswered as fault:
                failures.append(f"CRL at {url}: {fault}")
        if not failures:
            raise Refused(
                "it is not known whether the certificate is revoked, and it does not say whom to ask",
                where=_name(certificate),
                got="neither an OCSP responder nor a place of a revocation list in it",
                expected="one of both (RFC 5280 4.2.1.13, 4.2.2.1), or the issuer's current revocation list at hand",
                remedy="give the issuer's current revocation list (CRL) and repeat",
            )
        raise RevocationUnavailable(
            "it cannot be learnt now whether a certificate is revoked",
            where=_name(certificate),
            got="; ".join(failures),
            expected="a current answer, signed by the issuer or on its behalf",
            remedy="repeat later; nothing was signed, and no weaker signature was made instead",
        )

    def _asked(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> ocsp.OCSPResponse:
        nonce = secrets.token_bytes(16)
        # SHA-1 only names the issuer here, and is what every responder knows (RFC 6960 4.3).
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1())  # noqa: S303
        request = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build()
        answer = self._exchange(
            url,
            body=request.public_bytes(Encoding.DER),
            headers={"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"},
            maximum_bytes=MAXIMUM_OCSP_BYTES,
        )
        if answer.media_type != "application/ocsp-response":
            raise NotAnswered(f"answered with {answer.media_type}")
        try:
            response = ocsp.load_der_ocsp_response(answer.body)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                raise NotAnswered(f"refused: {response.response_status.name.lower()}")
            check_response(response, request, nonce, issuer, now)
        except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
            raise NotAnswered(f"the answer cannot be read ({fault})") from fault
        return response

    def _fetched(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> x509.CertificateRevocationList:
        with self._lock:
            kept = self._lists.get(url)
        if kept is not None and _is_current_answer(kept, certificate, issuer, now):
            return kept
        answer = self._exchange(url, maximum_bytes=MAXIMUM_LIST_BYTES)
        try:
            found = x509.load_der_x509_crl(answer.body)
            check_list(found, certificate, issuer, now)
        except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
            raise NotAnswered(f"the answer is no revocation list ({fault})") from fault
        with self._lock:
            self._lists[url] = found
        return found

    def _exchange(self, url: str, **particulars: object) -> Answer:
        try:
            return self.ask(url, deadline_seconds=self.deadline_seconds, **particulars)
        except OSError as fault:
            raise NotAnswered(str(fault) or type(fault).__name__) from fault


def gather(
    certificates: Iterable[x509.Certificate],
    *,
    others: Iterable[x509.Certificate] = (),
    anchors: Sequence[x509.Certificate],
    given: Evidence,
    source: RevocationSource | None,
    now: datetime,
) -> Evidence:
    """Return what proves at ``now`` whether each certificate, and each above it, is revoked.

    ``others`` may stand above them, and are asked about only where they do. Material in ``given`` that is current is
    taken; what it lacks is asked of ``source``. Certificates among ``anchors`` need nothing; neither do OCSP responders
    excused by their issuer (RFC 6960 4.2.2.2.1). Only certificates under an anchor are asked about: nobody else's
    addresses are visited. Raises :class:`Refused` for a certificate nobody can be asked about, and
    :class:`RevocationUnavailable` where who could answer did not.
    """
    waiting, seen = list(certificates), set[bytes]()
    pool = [*waiting, *others, *anchors]
    trusted = {entry.public_bytes(Encoding.DER) for entry in anchors}
    lists = [x509.load_der_x509_crl(entry) for entry in given.lists]
    responses = [ocsp.load_der_ocsp_response(entry) for entry in given.responses]
    found: dict[str, dict[bytes, None]] = {"responses": {}, "lists": {}, "certificates": {}}
    while waiting:
        certificate = waiting.pop(0)
        der = certificate.public_bytes(Encoding.DER)
        if der in seen or der in trusted or is_excused(certificate):
            continue
        seen.add(der)
        if len(seen) > MAXIMUM_CERTIFICATES:
            raise Refused("there are too many certificates", got=len(seen), expected=f"at most {MAXIMUM_CERTIFICATES}")
        issuer = anchored_issuer(certificate, pool, trusted)
        if issuer is None:
            continue
        waiting.append(issuer)
        for answer in _answers(certificate, issuer, lists, responses, source=source, now=now):
            if answer.revocation_list is not None:
                found["lists"][answer.revocation_list.public_bytes(Encoding.DER)] = None
            if answer.response is not None:
                found["responses"][answer.response.public_bytes(Encoding.DER)] = None
                helpers = answer.response.certificates
                pool.extend(helpers)
                waiting.extend(helpers)
                found["certificates"].update((entry.public_bytes(Encoding.DER), None) for entry in helpers)
    return Evidence(tuple(found["responses"]), tuple(found["lists"]), tuple(found["certificates"]))


def _answers(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[x509.CertificateRevocationList],
    responses: Sequence[ocsp.OCSPResponse],
    *,
    source: RevocationSource | None,
    now: datetime,
) -> list[_Found]:
    at_hand = [_Found(revocation_list=entry) for entry in lists if _is_current_answer(entry, certificate, issuer, now)]
    at_hand += [_Found(response=entry) for entry in responses if is_answer_about(entry, certificate, issuer, now)]
    if at_hand:
        return at_hand
    if source is not None:
        return [source.find(certificate, issuer, now)]
    raise Refused(
        "there is no current revocation list for a certificate, so it is not known whether the certificate is revoked",
        where=_name(certificate),
        got=f"no list of {issuer.subject.rfc4514_string()} for {now:%Y-%m-%d %H:%M} UTC",
        expected="a current revocation list of every issuer in its chain",
        remedy="give the issuer's current revocation list (CRL) and repeat",
    )


def _is_current_answer(
    entry: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> bool:
    try:
        check_list(entry, certificate, issuer, now)
    except NotAnswered:
        return False
    return True


def anchored_issuer(
    certificate: x509.Certificate, pool: Sequence[x509.Certificate], trusted: set[bytes]
) -> x509.Certificate | None:
    """Return the issuer of a certificate whose chain ends at an anchor, or none."""
    issuer, current = None, certificate
    for _ in range(MAXIMUM_CERTIFICATES):
        above = next((entry for entry in pool if issued(current, entry)), None)
        if above is None or above == current:
            return None
        issuer = issuer or above
        if above.public_bytes(Encoding.DER) in trusted:
            return issuer
        current = above
    return None


def _responders(certificate: x509.Certificate) -> Iterator[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return
    for entry in access:
        if entry.access_method == AuthorityInformationAccessOID.OCSP:
            yield str(entry.access_location.value)


def _distribution_points(certificate: x509.Certificate) -> Iterator[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return
    for point in points:
        # A list of some reasons, or by another issuer, does not answer the question alone (RFC 5280 4.2.1.13).
        if point.reasons is None and point.crl_issuer is None:
            yield from (str(name.value) for name in point.full_name or ())


def _name(certificate: x509.Certificate) -> str:
    """Name a certificate without naming the person in it: this may stand in a log."""
    return f"certificate {certificate.serial_number:x} of {certificate.issuer.rfc4514_string()}"
