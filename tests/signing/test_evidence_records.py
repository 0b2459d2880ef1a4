from __future__ import annotations

import pytest

from schemas.signature import LegalEffect, SigningWay
from signing.evidence_records import EFFECTS, reason_for, recorded_in

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("way", [SigningWay.CLICK, SigningWay.PAPER], ids=str)
def test_reason_names_the_way_and_the_record(way):
    assert recorded_in(reason_for(way, DIGEST)) == (way, DIGEST)


@pytest.mark.parametrize(
    "reason",
    [
        None,
        "",
        "Agreed and signed",
        f"Click-to-sign by the signatory; evidence SHA-256 {DIGEST}0",
        f"Click-to-sign by the signatory; evidence SHA-256 {DIGEST.upper()}",
        f" Click-to-sign by the signatory; evidence SHA-256 {DIGEST}",
        f"Paper original signed by hand; evidence SHA-256 {DIGEST}\n",
        f"Drawn with a mouse; evidence SHA-256 {DIGEST}",
    ],
    ids=["none", "empty", "own", "long", "capitals", "space before", "line after", "other way"],
)
def test_any_other_reason_names_nothing(reason):
    assert recorded_in(reason) is None


def test_neither_is_a_signature_of_the_persons_own():
    assert EFFECTS == {SigningWay.CLICK: LegalEffect.SES, SigningWay.PAPER: LegalEffect.SCANNED}
