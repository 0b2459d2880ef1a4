"""An auditor years later, offline: both verifiers say the same of the last timestamp, and what nothing tells."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.checkpoint import CheckpointKey
from flows import verification
from schemas.evidence import VerificationKeys
from signing.preserve import preserve
from tests.authorities import DAY, authorities
from tests.signing.http_desk import HttpDesk
from verifier import convenio_verify as standalone

pytestmark = pytest.mark.enable_socket

YEARS = 730 * DAY


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net").mkdir()
    with authorities(tmp_path / "net") as running:
        running.lists_last(timedelta(hours=1))
        yield running


@pytest.fixture
def both(net, tmp_path, monkeypatch):
    """Verify a PDF at a moment with nothing but public keys; return what each verifier says of its last timestamp."""
    keys = VerificationKeys(
        organisation="Test organisation",
        ledger=CheckpointKey.create("convenio.example/ledger").verifier_key,
        trust_roots=(net.root_pem,),
        seal_certificates=(net.key("seal").certificate_digest,),
    )

    def verify(pdf, at):
        monkeypatch.setattr(verification, "utc_now", lambda: at)
        (tmp_path / "signed.pdf").write_bytes(pdf)
        report = verification.verify_file(tmp_path / "signed.pdf", keys)
        findings = standalone.Findings()
        standalone.Marks(pdf, keys.model_dump(mode="json"), at).judge_all(findings)
        assert findings.verdict == report.verdict
        both = ([found.model_dump() for found in report.findings], findings.found)
        told = ("verdict", "sub_indication", "reason")
        return [
            tuple(found[name] for name in told)
            for all_found in both
            for found in all_found
            if found["part"] == "timestamp timestamp:closing"
        ]

    return verify


def test_both_accept_it_and_say_what_nothing_in_the_file_tells(net, both):
    desk = HttpDesk(net)
    final, signed_on = desk.final(), desk.now
    for verdict, name, reason in both(final, signed_on + YEARS):
        assert (verdict, name) == ("valid", None)
        assert f"its authority's certificate was not revoked as of {signed_on:%Y-%m-%d}; nothing in the file" in reason
    for _, _, reason in both(final, signed_on + timedelta(minutes=1)):
        assert "nothing in the file" not in reason


def test_both_leave_it_open_after_the_authoritys_certificate_ended(net, both):
    desk = HttpDesk(net, tsa="ending")
    (verdict, name, _), theirs = both(desk.final(), desk.now + 31 * DAY)
    assert (verdict, name) == theirs[:2]
    assert (verdict, str(name).startswith("OUT_OF_BOUNDS")) == ("indeterminate", True)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("key_compromise", ("indeterminate", "REVOKED_NO_POE")), ("superseded", ("valid", None))],
    ids=["key", "ended"],
)
def test_both_heed_what_the_file_tells_of_a_later_revocation(net, both, reason, expected):
    desk = HttpDesk(net)
    final, start = desk.final(), desk.now
    net.clock = lambda: start + YEARS
    net.revoke("tsa", since=start + DAY, reason=reason)
    trust = net.trust()
    told = preserve(final, timestamper=None, field="", label="", trust=trust, now=desk.now, only_last=True)
    ours, theirs = both(told, desk.now + YEARS)
    assert ours[:2] == theirs[:2] == expected
