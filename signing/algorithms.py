"""Until when the algorithms of a timestamp may be relied on (ETSI TS 119 312, SOG-IS agreed mechanisms 1.3)."""

from __future__ import annotations

from datetime import UTC, datetime

from asn1crypto import x509

RECOMMENDED_RSA_BITS = 3000
LEGACY_ENDS = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Of RSA with less than 3000 bits, and of 224-bit digests and curves: legacy mechanisms (SOG-IS 1.3, 2.1)."""
BROKEN_SINCE = datetime(2012, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Of SHA-1 and what is older, for signatures (ETSI TS 119 312)."""

LASTING_DIGESTS = ("sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
LEGACY_DIGESTS = ("sha224", "sha512_224")


def relied_on_until(certificate: x509.Certificate, digest_algorithm: str) -> datetime | None:
    """Return when signatures by a certificate's key over a digest stop being relied on, or none where no end is set."""
    return min(filter(None, (_of_key(certificate), _of_digest(digest_algorithm))), default=None)


def _of_key(certificate: x509.Certificate) -> datetime | None:
    key = certificate.public_key
    if key.algorithm in ("rsa", "rsassa_pss"):
        return LEGACY_ENDS if key.bit_size < RECOMMENDED_RSA_BITS else None
    if key.algorithm == "ec":
        return LEGACY_ENDS if key.bit_size < 256 else None
    return BROKEN_SINCE if key.algorithm == "dsa" else None


def _of_digest(name: str) -> datetime | None:
    if name in LASTING_DIGESTS:
        return None
    return LEGACY_ENDS if name in LEGACY_DIGESTS else BROKEN_SINCE
