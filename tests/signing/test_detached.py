"""Detached seals over scans: made, validated here and by openssl, and refused when anything is not as it was."""

from __future__ import annotations

import subprocess
from datetime import timedelta

import pytest
from asn1crypto import cms

from schemas.errors import Invalid, Refused, TimestampUnavailable
from schemas.evidence import SignatureReport, Verdict
from schemas.signature import LegalEffect, Level
from signing.detached import seal_detached, validate_detached
from signing.timestamp import Timestamper
from signing.trust import TrustPolicy
from tests.signing.conftest import Desk, make_desk

SCAN = b"\x89PNG as received" * 50


class Silent(Timestamper):
    async def exchange(self, request):
        raise self._unavailable("did not answer", "silence")


def seal(desk: Desk, **changes) -> bytes:
    given = {"seal": desk.pki.seal, "timestamper": desk.timestamper, "trust": desk.trust, "now": desk.clock.now}
    return seal_detached(SCAN, **(given | changes))


def validated(desk: Desk, signature: bytes, content: bytes = SCAN, trust: TrustPolicy | None = None) -> SignatureReport:
    return validate_detached(content, signature, trust or desk.trust)


def test_seal_is_valid_with_the_time_of_its_timestamp(desk: Desk):
    signature = seal(desk)
    made = desk.clock.now
    desk.clock.tick(days=30)
    report = validated(desk, signature)
    assert (report.verdict, report.level, report.effect) == (Verdict.VALID, Level.TIME.value, LegalEffect.SEAL)
    assert report.signed_at == made.replace(microsecond=0)
    assert report.certificate == desk.pki.seal.certificate_digest


def test_seal_that_holds_at_its_time_is_valid_without_revocation_lists_and_after_its_end(desk: Desk):
    """What an auditor with the pinned keys alone can say, in any year."""
    alone = TrustPolicy(roots=desk.trust.roots, seal_certificates=desk.trust.seal_certificates)
    assert validated(desk, seal(desk), trust=alone).verdict is Verdict.VALID


def test_seal_without_a_timestamp_is_refused(desk: Desk):
    content = cms.ContentInfo.load(seal(desk))
    (signer,) = content["content"]["signer_infos"]
    signer["unsigned_attrs"] = None
    report = validated(desk, content.dump(force=True))
    assert report.verdict is Verdict.INVALID
    assert "it has no timestamp" in report.reason


def test_openssl_agrees(desk: Desk, tmp_path):
    (tmp_path / "scan").write_bytes(SCAN)
    (tmp_path / "seal").write_bytes(seal(desk))
    (tmp_path / "root.pem").write_text(desk.pki.root_pem)

    def verify() -> subprocess.CompletedProcess[str]:
        command = [
            *("openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "seal", "-content", "scan"),
            *("-CAfile", "root.pem", "-purpose", "any", "-attime", str(int(desk.clock.now.timestamp()))),
            *("-out", "out"),
        ]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    good = verify()
    assert good.returncode == 0, good.stderr
    assert "CAdES Verification successful" in good.stderr
    (tmp_path / "scan").write_bytes(SCAN + b"!")
    assert verify().returncode != 0


def test_one_changed_byte_of_the_scan_is_found(desk: Desk):
    report = validated(desk, seal(desk), content=SCAN[:-1] + b"?")
    assert (report.verdict, report.sub_indication) == (Verdict.INVALID, "HASH_FAILURE")


def test_no_changed_bit_of_the_seal_makes_it_say_something_else(desk: Desk):
    signature = seal(desk)
    whole = validated(desk, signature)
    for place in range(0, len(signature), 211):
        changed = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
        try:
            report = validated(desk, changed)
        except Invalid:
            continue
        assert report == whole or report.verdict is not Verdict.VALID, place


def test_seal_of_somebody_else_is_not_the_organisations(desk: Desk):
    report = validated(desk, seal(desk, seal=desk.people[0].key))
    assert report.verdict is Verdict.INVALID
    assert "not by a certificate the organisation seals with" in report.reason


def test_without_roots_nobody_is_known(desk: Desk):
    assert validated(desk, seal(desk), trust=TrustPolicy()).verdict is Verdict.INDETERMINATE


def test_bytes_that_are_no_seal_are_invalid(desk: Desk):
    for content in (b"", b"no CMS", b"\x30\x80" * 40):
        with pytest.raises(Invalid, match="detached seal cannot be read"):
            validated(desk, content)


def test_timestamp_of_an_unknown_authority_is_not_taken(desk: Desk, tmp_path):
    stranger = make_desk(tmp_path / "strangers")
    stranger.clock.now = desk.clock.now
    with pytest.raises(Refused):
        seal(desk, timestamper=stranger.timestamper)


def test_nothing_is_sealed_without_a_timestamp_or_with_an_expired_seal(desk: Desk):
    with pytest.raises(TimestampUnavailable):
        seal(desk, timestamper=Silent())
    with pytest.raises(Refused, match="has expired"):
        seal(desk, now=desk.clock.now + timedelta(days=3000))
