"""Uploads in an installation: a person's own software, their own certificate, on the newest file."""

from __future__ import annotations

import pytest

from flows import commands
from flows.wiring import Installation
from schemas.errors import NotAuthorised, Refused, RefusedTransition, StaleBase
from schemas.evidence import AgreementId
from schemas.signature import LegalEffect, SigningWay
from signing.keys import SigningKey, load_pkcs12
from tests.installation import FIRST, MANAGER, PASSPHRASE, SECOND, certificate, sign
from tests.signing.other_software import sign_elsewhere
from tests.signing_ways import last_signed

pytestmark = pytest.mark.office


def newest(house: Installation, agreement: AgreementId) -> bytes:
    return house.store.get(f"work/v1/{agreement}/{house.ledger.state(agreement).pdf}.pdf")


def key_of(house: Installation, email: str) -> SigningKey:
    return load_pkcs12(certificate(house, email), PASSPHRASE, now=house.clock())


def signed_elsewhere(house: Installation, pdf: bytes, signatory: str, email: str) -> bytes:
    return sign_elsewhere(pdf, f"signatory:{signatory}", key_of(house, email), at=house.clock())


def test_upload_is_recorded_as_what_it_is(at, agreement):
    house = at("signing")
    uploaded = signed_elsewhere(house, newest(house, agreement), "for-gssc", FIRST)
    assert commands.sign_uploaded(house, agreement, by=FIRST, content=uploaded).changed
    event = last_signed(house, agreement)
    assert (event.way, event.effect, event.evidence) == (SigningWay.UPLOAD, LegalEffect.ADES, None)
    assert newest(house, agreement) == uploaded
    assert not commands.sign_uploaded(house, agreement, by=FIRST, content=uploaded).changed


def test_certificate_of_somebody_else_is_refused(at, agreement):
    house = at("signing")
    uploaded = signed_elsewhere(house, newest(house, agreement), "for-gssc", "other@example.org")
    with pytest.raises(Refused, match="the certificate is somebody else's"):
        commands.sign_uploaded(house, agreement, by=FIRST, content=uploaded)
    assert house.ledger.state(agreement).signed == ()


def test_upload_out_of_turn_or_by_a_stranger_is_refused(at, agreement):
    house = at("signing")
    uploaded = signed_elsewhere(house, newest(house, agreement), "for-chamber", SECOND)
    with pytest.raises(RefusedTransition, match="turn to sign"):
        commands.sign_uploaded(house, agreement, by=SECOND, content=uploaded)
    with pytest.raises(NotAuthorised):
        commands.sign_uploaded(house, agreement, by=MANAGER, content=uploaded)
    with pytest.raises(Refused, match="somebody else's field was signed"):
        commands.sign_uploaded(house, agreement, by=FIRST, content=uploaded)


def test_upload_of_an_earlier_revision_says_that_somebody_signed_meanwhile(at, agreement):
    house = at("signing")
    handed_out = newest(house, agreement)
    sign(house, agreement, FIRST)
    from flows.collect import collect

    collect(house, agreement, 1)
    uploaded = signed_elsewhere(house, handed_out, "for-chamber", SECOND)
    with pytest.raises(StaleBase, match="somebody else signed after this file was handed out") as caught:
        commands.sign_uploaded(house, agreement, by=SECOND, content=uploaded)
    assert "take the newest file" in caught.value.remedy
    with pytest.raises(Refused, match="does not begin with the bytes that were handed out"):
        commands.sign_uploaded(house, agreement, by=SECOND, content=b"%PDF-1.7 of another document")
