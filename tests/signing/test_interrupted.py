"""Signatures in two halves: what was begun here, signed elsewhere and came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import ValidationError

from schemas.errors import Invalid, Refused, StaleBase, TimestampUnavailable
from schemas.evidence import Verdict, digest_of
from schemas.signature import Level
from signing.interrupted import LASTS, Begun, begin, finish
from signing.issuing import DOCUMENT_SIGNING, certificate_for, signing_extensions, subject_name
from signing.revision import open_pdf, signatures_of, token_of
from signing.stamp import Stamp
from signing.timestamp import Timestamper
from signing.validate import validate
from tests.signing.conftest import Desk


class Silent(Timestamper):
    async def exchange(self, request):
        raise self._unavailable("did not answer", "silence")


@dataclass
class Elsewhere:
    """A key that this machine never sees, and the acts in short form."""

    desk: Desk
    key: ec.EllipticCurvePrivateKey
    given: dict

    def begin(self, pdf: bytes, **changes) -> Begun:
        given = {"signatory_id": "gssc", "stamp": Stamp("Ana", "Chair", demonstration=True)}
        return begin(pdf, **(self._common | given | self.given | changes))

    def value(self, begun: Begun) -> bytes:
        return self.key.sign(begun.to_sign, ec.ECDSA(utils.Prehashed(SHA256())))

    def finish(self, pdf: bytes, begun: Begun, value: bytes, **changes) -> bytes:
        return finish(pdf, begun, value, **(self._common | changes))

    @property
    def _common(self) -> dict:
        desk = self.desk
        return {"timestamper": desk.timestamper, "trust": desk.trust, "now": desk.clock.now}


@pytest.fixture
def elsewhere(desk: Desk) -> Elsewhere:
    key, pki = ec.generate_private_key(ec.SECP256R1()), desk.pki
    extensions = signing_extensions([DOCUMENT_SIGNING], critical=False)
    subject = subject_name("Ana", "Tests")
    certificate = certificate_for(pki.issuing, key, subject, desk.clock.now, timedelta(days=99), extensions)
    chain = [pki.issuing.certificate, pki.root.certificate]
    return Elsewhere(desk, key, {"certificate": certificate, "chain": chain})


def test_signature_is_finished_after_its_first_half_was_kept_as_json(elsewhere, desk, journey):
    kept = elsewhere.begin(journey.prepared).model_dump_json()
    desk.clock.tick(minutes=20)
    begun = Begun.model_validate_json(kept)
    signed = elsewhere.finish(journey.prepared, begun, elsewhere.value(begun))
    assert signed.startswith(journey.prepared)
    report = validate(signed, desk.trust, now=desk.clock.now)
    mark = report.signatures[-1]
    assert (mark.field, mark.verdict, mark.level) == ("signatory:gssc", Verdict.VALID, Level.TIME.value)
    assert mark.signed_at == desk.clock.now.replace(microsecond=0)
    final = desk.sign(signed, desk.people[1])
    assert validate(final, desk.trust, now=desk.clock.now).signatures[-2].verdict is Verdict.VALID


def test_what_was_begun_holds_no_more_of_the_document_than_its_new_revision(elsewhere, journey):
    begun = elsewhere.begin(journey.prepared)
    assert begun.base == digest_of(journey.prepared)
    assert b"%PDF" not in begun.tail
    assert len(begun.to_sign) == 32


def test_policy_without_timestamps_needs_none(elsewhere, journey):
    begun = elsewhere.begin(journey.prepared, timestamper=Silent(), level=Level.BASIC)
    value = elsewhere.value(begun)
    signed = elsewhere.finish(journey.prepared, begun, value, timestamper=Silent(), level=Level.BASIC)
    assert token_of(signatures_of(open_pdf(signed))[-1]) is None


def test_somebody_else_signed_in_between(elsewhere, desk, journey):
    begun = elsewhere.begin(journey.prepared)
    other = desk.sign(journey.prepared, desk.people[1])
    with pytest.raises(StaleBase, match="somebody else signed while this signature was made elsewhere"):
        elsewhere.finish(other, begun, elsewhere.value(begun))


def test_value_of_another_key_or_digest_is_refused(elsewhere, journey):
    begun, again = elsewhere.begin(journey.prepared), elsewhere.begin(journey.prepared, stamp=None)
    for value in (b"", b"\0" * 64, elsewhere.value(again)):
        with pytest.raises(Refused, match="not this certificate's signature over the digest"):
            elsewhere.finish(journey.prepared, begun, value)


@pytest.mark.parametrize("part", ["tail", "gap", "signed_attributes", "certificates"])
def test_no_part_of_what_was_kept_can_be_another(elsewhere, desk, journey, part):
    begun, other = (
        elsewhere.begin(journey.prepared),
        elsewhere.begin(journey.prepared, signatory_id="chamber", stamp=None),
    )
    parts = {
        "tail": other.tail,
        "gap": (begun.gap[0] - 2, begun.gap[1]),
        "signed_attributes": other.signed_attributes,
        "certificates": begun.certificates[1:],
    }
    changed = begun.model_copy(update={part: parts[part]})
    try:
        signed = elsewhere.finish(journey.prepared, changed, elsewhere.value(begun))
    except (Refused, Invalid):
        return
    assert validate(signed, desk.trust, now=desk.clock.now).verdict is Verdict.INVALID


def test_signature_begun_too_long_ago_is_refused(elsewhere, desk, journey):
    begun = elsewhere.begin(journey.prepared)
    desk.clock.now += LASTS + timedelta(seconds=1)
    with pytest.raises(Refused, match="begun too long ago"):
        elsewhere.finish(journey.prepared, begun, elsewhere.value(begun))


def test_nothing_is_finished_without_a_timestamp(elsewhere, journey):
    begun = elsewhere.begin(journey.prepared)
    with pytest.raises(TimestampUnavailable):
        elsewhere.finish(journey.prepared, begun, elsewhere.value(begun), timestamper=Silent())


def test_certificate_that_may_not_sign_is_refused_before_anybody_is_asked(elsewhere, desk, journey):
    desk.clock.now += timedelta(days=200)
    with pytest.raises(Refused, match="has expired"):
        elsewhere.begin(journey.prepared)


def test_field_that_is_signed_is_refused_before_anybody_is_asked(elsewhere, journey):
    with pytest.raises(Refused, match="signed already"):
        elsewhere.begin(journey.revisions[0])


def test_what_was_kept_is_read_strictly():
    with pytest.raises(ValidationError):
        Begun.model_validate_json('{"v": 1, "signatory": "gssc"}')
