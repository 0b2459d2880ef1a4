from __future__ import annotations

import random
import zlib
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from schemas.errors import InputError
from schemas.evidence import SignatureKind, Verdict, VerificationKeys, digest_of
from signing.demonstration import create_demonstration_pki
from signing.revision import open_pdf, signatures_of
from signing.trust import TrustPolicy
from signing.validate import validate

YEAR = timedelta(days=365)


@pytest.fixture
def trust(desk) -> TrustPolicy:
    """What an auditor has: root and seal certificate, no revocation lists."""
    return TrustPolicy(roots=(desk.pki.root_pem,), seal_certificates=(desk.pki.seal.certificate_digest,))


def test_concluded_document_is_valid_offline_at_the_archive_level(journey, trust):
    report = validate(journey.final, trust, now=journey.finished)
    assert report.verdict is Verdict.VALID
    assert report.level == "B-LTA"
    assert report.pdf == digest_of(journey.final)
    kinds = [signature.kind for signature in report.signatures]
    assert kinds == [
        SignatureKind.SEAL, SignatureKind.SIGNATURE, SignatureKind.SIGNATURE, SignatureKind.SEAL,
        SignatureKind.TIMESTAMP,
    ]  # fmt: skip
    assert all(signature.timestamped for signature in report.signatures)


def test_keys_of_an_auditor_are_enough(desk, journey):
    keys = VerificationKeys(
        organisation="GSSC",
        ledger="x",
        trust_roots=(desk.pki.root_pem,),
        seal_certificates=(desk.pki.seal.certificate_digest,),
    )
    assert validate(journey.final, TrustPolicy.of(keys), now=journey.finished).verdict is Verdict.VALID


def test_document_stays_valid_after_signatories_and_seal_certificates_expired(journey, trust):
    report = validate(journey.final, trust, now=journey.finished + 8 * YEAR)
    assert report.verdict is Verdict.VALID
    assert report.level == "B-LTA"


def test_document_is_indeterminate_once_its_timestamp_authority_expired(journey, trust):
    assert validate(journey.final, trust, now=journey.finished + 22 * YEAR).verdict is Verdict.INDETERMINATE


def test_without_roots_nothing_is_valid(journey):
    report = validate(journey.final, TrustPolicy(), now=journey.finished)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.level == "none"
    assert {signature.verdict for signature in report.signatures} == {Verdict.INDETERMINATE}


def test_roots_without_seal_certificates_are_not_enough(desk, journey):
    report = validate(journey.final, TrustPolicy(roots=(desk.pki.root_pem,)), now=journey.finished)
    assert report.verdict is Verdict.INDETERMINATE


def test_another_organisations_keys_make_it_invalid(journey, tmp_path):
    other = create_demonstration_pki(tmp_path / "x", organisation="X", passphrase=b"x", now=journey.finished)
    trust = TrustPolicy(roots=(other.root_pem,), seal_certificates=(other.seal.certificate_digest,))
    assert validate(journey.final, trust, now=journey.finished).verdict is Verdict.INVALID


def test_unfinished_document_is_indeterminate_and_says_who_is_missing(desk, journey):
    report = validate(journey.revisions[0], desk.trust, now=desk.clock.now)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.level == "B-T"
    missing = {finding.part for finding in report.findings if finding.verdict is Verdict.INDETERMINATE}
    assert missing == {"field signatory:chamber", "field seal:closing"}


def test_pdf_without_signatures_is_indeterminate(journey, trust):
    report = validate(journey.approved, trust, now=journey.finished)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.signatures == ()


def test_bytes_after_the_end_are_invalid(journey, trust):
    report = validate(journey.final + b"junk", trust, now=journey.finished)
    assert report.verdict is Verdict.INVALID
    assert any("vouched for by nobody" in finding.reason for finding in report.findings)


def test_missing_last_byte_is_noticed(journey, trust):
    assert validate(journey.final[:-1], trust, now=journey.finished).verdict is not Verdict.VALID


def test_root_that_cannot_be_read_is_an_input_error(journey):
    with pytest.raises(InputError, match="certificate cannot be read"):
        validate(journey.final, TrustPolicy(roots=("not a certificate",)), now=journey.finished)


def test_one_flipped_byte_anywhere_is_never_valid(journey, trust):
    chance = random.Random(20251122)
    for _ in range(12):
        damaged = bytearray(journey.final)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        assert validate(bytes(damaged), trust, now=journey.finished).verdict is not Verdict.VALID


def test_one_flipped_bit_in_the_only_bytes_no_signature_covers_is_never_valid(journey, trust):
    chance = random.Random(20251122)
    mark = signatures_of(open_pdf(journey.final))[-1]
    start, end = int(mark.byte_range[1]), int(mark.byte_range[2])
    token = len(mark.pkcs7_content.rstrip(b"\0"))
    places = [start, end - 1, end - 2, start + 1 + 2 * token + 8]
    places += [start + 1 + chance.randrange(2 * token) for _ in range(8)]
    for place in places:
        damaged = bytearray(journey.final)
        damaged[place] ^= 1 << chance.choice((0, 5))
        assert validate(bytes(damaged), trust, now=journey.finished).verdict is not Verdict.VALID, place


def test_altered_certificate_beside_the_last_timestamp_is_invalid(journey, trust):
    mark = signatures_of(open_pdf(journey.final))[-1]
    start = int(mark.byte_range[1])
    for entry in mark.signed_data["certificates"]:
        der = entry.chosen.dump()
        altered = der.replace(b"DEMONSTRATION", b"dEMONSTRATION", 1)
        token = journey.final[start:]
        for spell in (str.lower, str.upper):
            token = token.replace(spell(der.hex()).encode(), spell(altered.hex()).encode(), 1)
        damaged = journey.final[:start] + token
        assert damaged != journey.final
        assert validate(damaged, trust, now=journey.finished).verdict is Verdict.INVALID


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.one_of(st.binary(max_size=400), st.binary(max_size=200).map(lambda tail: b"%PDF-1.7\n" + tail)))
def test_junk_is_invalid_and_never_a_crash(junk, trust, journey):
    assert validate(junk, trust, now=journey.finished).verdict is Verdict.INVALID


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.floats(0, 0.999))
def test_truncated_document_is_never_valid(length, trust, journey):
    cut = journey.final[: int(len(journey.final) * length)]
    assert validate(cut, trust, now=journey.finished).verdict is not Verdict.VALID


def test_stream_that_unfolds_without_end_is_invalid(trust, journey):
    bomb = zlib.compress(zlib.compress(b"\0" * 400_000_000, 9), 9)
    body = b"<< /Type /XRef /Size 1 /W [1 2 1] /Root 1 0 R /Filter [/FlateDecode /FlateDecode] /Length %d >>" % len(
        bomb
    )
    pdf = b"%PDF-1.7\n1 0 obj\n" + body + b"\nstream\n" + bomb + b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"
    report = validate(pdf, trust, now=journey.finished)
    assert report.verdict is Verdict.INVALID
