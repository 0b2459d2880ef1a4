"""The words for signatures: how strong one is, how it was made, and what it legally is."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """What a validated signature offers (PAdES baseline, EN 319 142-1 6), weakest first."""

    NONE = "none"
    """No level: the signature does not validate."""
    BASIC = "B-B"
    """Intact and by a trusted certificate, at a time only claimed."""
    TIME = "B-T"
    """With a trusted timestamp; revocation was checked with information from outside the file."""
    LONG_TERM = "B-LT"
    """With what it takes to check revocation inside the file."""
    ARCHIVE = "B-LTA"
    """And all of that under a later document timestamp."""
    TIMESTAMP = "RFC 3161"
    """A document timestamp itself."""


LEVELS = (Level.BASIC, Level.TIME, Level.LONG_TERM, Level.ARCHIVE)
"""The levels that a policy can ask for, weakest first."""


class SigningWay(StrEnum):
    """How a signatory signs."""

    PKCS12 = "pkcs12"
    """With a key and certificate in a file of their own."""
    PKCS11 = "pkcs11"
    """With a key in a token of their own."""
    CSC = "csc"
    """With a key that a trust service keeps for them (Cloud Signature Consortium API)."""
    UPLOAD = "upload"
    """With software of their own; the signed PDF is uploaded."""
    CLICK = "click"
    """By a link sent by mail and a one-time code; the organisation's seal records it."""
    PAPER = "paper"
    """By hand on paper; a scan is kept, and the organisation's seal records it."""


class LegalEffect(StrEnum):
    """What a mark legally is (Regulation (EU) No 910/2014)."""

    SES = "SES"
    """Simple electronic signature (Article 3(10))."""
    ADES = "AdES"
    """Advanced electronic signature (Article 26)."""
    QES = "QES"
    """Qualified electronic signature (Article 3(12)); equal to one by hand (Article 25(2))."""
    SEAL = "seal"
    """Electronic seal of a legal person (Article 3(25)): origin and integrity, never a person's consent."""
    SCANNED = "scanned"
    """Copy of a paper original; no electronic signature of the person."""
    TIMESTAMP = "timestamp"
    """Electronic time stamp (Article 3(33))."""
