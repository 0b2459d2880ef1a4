"""A signatory's field that the organisation's seal fills: it says which evidence record holds the person's consent.

::

    /Reason   Click-to-sign by the signatory; evidence SHA-256 <64 hex digits>
    /Reason   Paper original signed by hand; evidence SHA-256 <64 hex digits>

The seal proves origin and integrity (Regulation (EU) No 910/2014 Article 35); consent stands in the record.
"""

from __future__ import annotations

import re

from schemas.evidence import Digest
from schemas.signature import LegalEffect, SigningWay

OPENING_WORDS = {
    SigningWay.CLICK: "Click-to-sign by the signatory",
    SigningWay.PAPER: "Paper original signed by hand",
}
"""How the reason of such a seal begins, for each way to sign that it records."""

EFFECTS = {SigningWay.CLICK: LegalEffect.SES, SigningWay.PAPER: LegalEffect.SCANNED}
"""What such a mark legally is."""

_REASON = re.compile(rf"({'|'.join(OPENING_WORDS.values())}); evidence SHA-256 ([0-9a-f]{{64}})")


def reason_for(way: SigningWay, evidence: Digest) -> str:
    """Return the reason of a seal in a signatory's field, for the record of a click or of a paper original."""
    return f"{OPENING_WORDS[way]}; evidence SHA-256 {evidence}"


def recorded_in(reason: str | None) -> tuple[SigningWay, Digest] | None:
    """Return the way to sign and the record's digest that a mark's reason names, or none for any other reason."""
    found = _REASON.fullmatch(reason or "")
    if found is None:
        return None
    return next(way for way, words in OPENING_WORDS.items() if words == found[1]), found[2]
