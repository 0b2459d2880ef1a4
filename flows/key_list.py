"""Which keys and certificates the installation works with, and when each ends; never anything private."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from flows.readiness import ENDS_SOON
from flows.seal_key import certificates_used
from flows.trusted_lists import adopted_lists
from schemas.evidence import digest_of
from signing.demonstration import is_demonstration
from signing.keys import as_asn1
from signing.trust import as_cryptography

if TYPE_CHECKING:
    from flows.wiring import Installation


class Purpose(StrEnum):
    """What a key is for."""

    SEAL = "seal"
    LEDGER = "ledger"
    AUTHORITY = "timestamp authority"
    ROOT = "trusted root"
    LIST = "trusted list"
    WITNESS = "witness"
    PORTAL = "portal"


class Life(StrEnum):
    """How it stands with a certificate's time."""

    GOOD = "good"
    SOON = "soon"
    OVER = "over"
    ENDLESS = "endless"


@dataclass(frozen=True)
class KeyLine:
    """One key: whose (of a certificate its common name and organisation), of which kind, and until when it lasts.

    By ``digest`` (SHA-256) it is known, if that may be shown.
    """

    purpose: Purpose
    subject: str
    organisation: str
    kind: str
    digest: str | None
    ends_at: datetime | None
    demonstration: bool
    fault: str | None = None

    def life(self, now: datetime) -> Life:
        """Return whether it lasts, ends soon or has ended; what has no end is endless."""
        if self.ends_at is None:
            return Life.ENDLESS
        return Life.OVER if self.ends_at <= now else Life.SOON if self.ends_at - ENDS_SOON <= now else Life.GOOD

    def days_left(self, now: datetime) -> int | None:
        """Return how many whole days are left; negative where it is over."""
        return None if self.ends_at is None else (self.ends_at - now).days


def key_lines(house: Installation) -> tuple[KeyLine, ...]:
    """Return every key by its purpose; no private key is opened for that, and the authority asked as health does."""
    return (*_seals(house), _ledger(house), *_authority(house), *_roots(house), *_lists(house),
            *_witnesses(house), *_portal(house))  # fmt: skip


def _seals(house: Installation) -> Iterator[KeyLine]:
    used = sorted(certificates_used(house.home), key=lambda one: one.not_valid_after_utc, reverse=True)
    yield from (_certificate(Purpose.SEAL, one) for one in used)
    if not used:
        yield KeyLine(Purpose.SEAL, "", "", "", None, None, house.settings.seal_key == "demonstration")


def _ledger(house: Installation) -> KeyLine:
    name, _, _ = house.verifier_key.partition("+")
    return KeyLine(
        Purpose.LEDGER, name, "", "Ed25519", digest_of(house.verifier_key.encode()), None, demonstration=False
    )


def _authority(house: Installation) -> Iterator[KeyLine]:
    answer = house.authority.look(house)
    yield from (_certificate(Purpose.AUTHORITY, one) for one in _leaves(answer.certificates))
    if answer.fault is not None:
        yield KeyLine(
            Purpose.AUTHORITY, "", "", "", None, None, demonstration=house.settings.tsa_url is None, fault=answer.fault
        )


def _leaves(certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """Return the certificates that issued none of the others: those above them stand among the roots."""
    given = list(certificates)
    issuers = {one.issuer for one in given if one.issuer != one.subject}
    return [one for one in given if one.subject not in issuers] or given


def _roots(house: Installation) -> Iterator[KeyLine]:
    anchors: tuple[asn1.Certificate, ...] = house.trust(house.clock()).anchors
    lines = {one.sha256: _certificate(Purpose.ROOT, as_cryptography(one)) for one in anchors}
    yield from sorted(lines.values(), key=lambda line: (line.ends_at is None, line.ends_at))


def _lists(house: Installation) -> Iterator[KeyLine]:
    for one in adopted_lists(house.home):
        said, digest = one.content, digest_of(one.xml)
        yield KeyLine(
            Purpose.LIST, said.territory, "", "ETSI TS 119 612", digest, said.next_update, demonstration=False
        )


def _witnesses(house: Installation) -> Iterator[KeyLine]:
    for one in house.settings.witnesses:
        name = one.key.partition("+")[0]
        yield KeyLine(Purpose.WITNESS, name, "", "Ed25519", digest_of(one.key.encode()), None, demonstration=False)


def _portal(house: Installation) -> Iterator[KeyLine]:
    if (house.home / "keys" / "portal").exists():
        yield KeyLine(Purpose.PORTAL, "keys/portal", "", "256 bit", None, None, demonstration=False)


def _certificate(purpose: Purpose, certificate: x509.Certificate) -> KeyLine:
    subject = as_asn1(certificate).subject
    return KeyLine(
        purpose,
        _named(subject, "common_name") or subject.human_friendly,
        _named(subject, "organization_name"),
        _kind(certificate),
        certificate.fingerprint(SHA256()).hex(),
        certificate.not_valid_after_utc,
        demonstration=is_demonstration(as_asn1(certificate)),
    )


def _named(subject: asn1.Name, kind: str) -> str:
    found = subject.native.get(kind, "")
    return found if isinstance(found, str) else ", ".join(found)


def _kind(certificate: x509.Certificate) -> str:
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return f"RSA {key.key_size} bit"
        case ec.EllipticCurvePublicKey() as key:
            return f"ECDSA {key.curve.name.replace('secp256r1', 'P-256').replace('secp384r1', 'P-384')}"
        case key:
            return type(key).__name__.removesuffix("PublicKey").lstrip("_")
