from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.fields import MDPPerm

from schemas.errors import Invalid, Refused, TimestampUnavailable, Unavailable
from signing.demonstration import create_demonstration_pki
from signing.fields import CLOSING_SEAL
from signing.keys import load_pkcs12
from signing.revision import append_signature, open_pdf, require_extension, signatures_of, token_of, writer_on
from signing.timestamp import Timestamper
from signing.trust import TrustPolicy


class Silent(Timestamper):
    async def exchange(self, request):
        raise self._unavailable("did not answer", "silence")


def test_each_revision_extends_the_one_before(journey):
    files = [journey.prepared, *journey.revisions, journey.final]
    for older, newer in pairwise(files):
        assert newer.startswith(older)
        assert len(newer) > len(older)


def test_every_signature_carries_a_timestamp(journey):
    marks = signatures_of(open_pdf(journey.final))
    assert [mark.field_name for mark in marks] == [
        "seal:opening", "signatory:gssc", "signatory:chamber", "seal:closing", "timestamp:closing",
    ]  # fmt: skip
    assert all(token_of(mark) is not None for mark in marks[:-1])
    assert marks[-1].sig_object_type == "/DocTimeStamp"


def test_signing_works_from_inside_an_event_loop(desk, journey):
    async def flow():
        return desk.sign(journey.prepared, desk.people[0])

    assert asyncio.run(flow()).startswith(journey.prepared)


def test_signature_without_a_visible_stamp_is_possible(desk, journey):
    signed = desk.sign(journey.prepared, desk.people[0], stamp=None)
    assert signatures_of(open_pdf(signed))[-1].field_name == "signatory:gssc"


def test_unknown_signatory_is_refused_with_the_fields_there_are(desk, journey):
    with pytest.raises(Refused, match="no such signature field") as caught:
        desk.sign(journey.prepared, desk.people[0], signatory_id="mallory")
    assert "signatory:gssc" in caught.value.expected


def test_field_is_signed_once(desk, journey):
    with pytest.raises(Refused, match="signed already"):
        desk.sign(journey.revisions[0], desk.people[0])


def test_unprepared_document_is_not_signed(desk, approved):
    with pytest.raises(Refused):
        desk.sign(approved, desk.people[0])


def test_concluded_document_is_locked(desk, journey):
    with pytest.raises(Refused):
        desk.conclude(journey.final)


def test_conclusion_waits_for_every_signatory(desk, journey):
    with pytest.raises(Refused, match="signatures are missing") as caught:
        desk.conclude(journey.revisions[0])
    assert "signatory:chamber" in caught.value.got


def test_locked_document_takes_no_further_signature(desk, journey):
    locked = append_signature(
        writer_on(journey.revisions[0]),
        field=CLOSING_SEAL,
        key=desk.pki.seal,
        timestamper=desk.timestamper,
        now=desk.clock.now,
        reason="Too early",
        permissions=MDPPerm.NO_CHANGES,
    )
    with pytest.raises(Refused, match="locked") as caught:
        desk.sign(locked, desk.people[1])
    assert CLOSING_SEAL in caught.value.got


def test_bytes_after_the_last_signature_stop_the_signing(desk, journey):
    with pytest.raises(Refused, match="bytes follow"):
        desk.sign(journey.prepared + b"% a comment\n", desk.people[0])


def test_certificate_of_a_stranger_is_refused(desk, journey, tmp_path):
    other = create_demonstration_pki(tmp_path / "x", organisation="Other", passphrase=b"x", now=desk.clock.now)
    content = other.issue_signatory("Mallory", "m@example.org", "Other", b"pw", desk.clock.now)
    key = load_pkcs12(content, b"pw", now=desk.clock.now)
    with pytest.raises(Refused, match="not issued by a trusted authority"):
        desk.sign(journey.prepared, desk.people[0], key=key)


def test_certificate_with_unknown_revocation_is_refused(desk, journey):
    with pytest.raises(Refused, match="not known whether the certificate is revoked"):
        desk.sign(journey.prepared, desk.people[0], trust=TrustPolicy(roots=(desk.pki.root_pem,)))


def test_revoked_certificate_is_refused(desk, journey):
    now, person = desk.clock.now, desk.people[0]
    revoked = (
        x509.RevokedCertificateBuilder()
        .serial_number(person.key.certificate.serial_number)
        .revocation_date(now - timedelta(minutes=1))
        .build()
    )
    issuing = desk.pki.issuing
    content = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuing.certificate.subject)
        .last_update(now)
        .next_update(now + timedelta(days=1))
        .add_revoked_certificate(revoked)
        .sign(issuing.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    trust = TrustPolicy(roots=(desk.pki.root_pem,), revocation_lists=(desk.pki.root.revocation_list(now), content))
    with pytest.raises(Refused, match="revoked"):
        desk.sign(journey.prepared, person, trust=trust)


def test_no_timestamp_means_no_signature_and_no_conclusion(desk, journey):
    with pytest.raises(TimestampUnavailable):
        desk.sign(journey.prepared, desk.people[0], timestamper=Silent())
    with pytest.raises(TimestampUnavailable):
        desk.conclude(journey.revisions[-1], timestamper=Silent())


def test_nothing_is_signed_or_sealed_at_a_time_before_the_mark_before(desk, journey):
    desk.clock.now = journey.finished - timedelta(minutes=20, seconds=1)
    with pytest.raises(Unavailable, match="a clock is behind") as caught:
        desk.sign(journey.revisions[0], desk.people[1])
    assert caught.value.got == "2025-11-22 09:39:59 UTC"
    assert caught.value.expected == "2025-11-22 09:40:00 UTC, of signatory:gssc, or later"
    with pytest.raises(Unavailable, match="a clock is behind"):
        desk.conclude(journey.revisions[-1])


def test_two_marks_may_be_of_one_second(desk, journey):
    desk.clock.now = journey.finished - timedelta(minutes=20)
    assert desk.sign(journey.revisions[0], desk.people[1]).startswith(journey.revisions[0])


def test_a_document_timestamp_of_an_earlier_time_than_the_seal_is_refused(desk, journey):
    times = iter([desk.clock.now + timedelta(minutes=1), *[desk.clock.now] * 9])
    asked = []

    def backwards():
        # The first token asked for is a probe of its size.
        asked.append(None)
        return desk.clock.now if len(asked) == 1 else next(times)

    with pytest.raises(Unavailable, match="a clock is behind") as caught:
        desk.conclude(journey.revisions[-1], timestamper=desk.pki.timestamper(backwards))
    assert caught.value.where == "timestamp:closing"


def test_conclusion_without_a_revocation_list_names_the_certificate(desk, journey):
    trust = desk.trust
    without_root = TrustPolicy(trust.roots, trust.revocation_lists[1:], trust.seal_certificates)
    with pytest.raises(Refused) as caught:
        desk.conclude(journey.revisions[-1], trust=without_root)
    assert "revocation list" in caught.value.remedy


def test_file_that_rewrites_its_base_is_no_extension(journey):
    with pytest.raises(Invalid, match="byte for byte"):
        require_extension(b"x" + journey.final, journey.prepared)
    with pytest.raises(Invalid):
        require_extension(journey.prepared, journey.prepared)


def test_time_of_signing_is_the_time_given(journey):
    claimed = signatures_of(open_pdf(journey.prepared))[0].self_reported_timestamp
    assert claimed == datetime(2025, 11, 22, 9, 30, tzinfo=UTC)
