from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.errors import Refused, RevocationUnavailable, TimestampUnavailable
from schemas.evidence import Verdict
from signing.fields import renewal_field
from signing.renew import renew, renewal_due
from signing.revision import is_timestamp, open_pdf, signatures_of
from tests.authorities import Fault, authorities
from tests.signing.http_desk import HttpDesk

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def net(tmp_path):
    with authorities(tmp_path) as running:
        yield running


@pytest.fixture
def desk(net):
    """A desk whose timestamps are by the authority whose certificate ends in thirty days."""
    return HttpDesk(net, tsa="ending")


def renewed(desk: HttpDesk, pdf: bytes, tsa: str = "tsa") -> bytes:
    return renew(pdf, timestamper=desk.net.timestamper(tsa), trust=desk.trust, now=desk.now)


def later(desk: HttpDesk, **span: int) -> None:
    moment = desk.now + timedelta(**span)
    desk.net.clock = lambda: moment


def test_the_newest_timestamp_can_be_verified_until_its_certificate_ends(net, desk):
    final = desk.final()
    assert renewal_due(final) == net.certificate("ending").not_valid_after_utc
    assert renewal_due(renewed(desk, final)) == net.certificate("tsa").not_valid_after_utc


def test_a_file_without_a_document_timestamp_is_never_due(desk):
    assert renewal_due(desk.signed()) is None


def test_a_renewal_extends_the_file_by_one_timestamp_over_every_byte(desk):
    final = desk.final()
    again = renewed(desk, final)
    assert again.startswith(final)
    marks = [mark.field_name for mark in signatures_of(open_pdf(again)) if is_timestamp(mark)]
    assert marks == ["timestamp:closing", renewal_field(1)]
    report = desk.validate(again, offline=True)
    assert (report.verdict, report.level) == (Verdict.VALID, "B-LTA")


def test_a_renewed_file_is_valid_after_signatories_seal_and_first_authority_expired(net, desk):
    final = desk.final()
    later(desk, days=25)
    again = renewed(desk, final)
    later(desk, days=1500)
    for label in ("gssc", "chamber", "seal", "ending"):
        assert net.certificate(label).not_valid_after_utc < desk.now
    report = desk.validate(again)
    assert (report.verdict, report.level) == (Verdict.VALID, "B-LTA")
    assert desk.validate(final).verdict is Verdict.INDETERMINATE


def test_a_file_may_be_renewed_again_and_again(desk):
    pdf = renewed(desk, desk.final(), "ending")
    later(desk, days=20)
    pdf = renewed(desk, pdf)
    later(desk, days=2)
    pdf = renewed(desk, pdf)
    later(desk, days=1500)
    report = desk.validate(pdf)
    assert (report.verdict, report.level) == (Verdict.VALID, "B-LTA")
    assert [mark.field for mark in report.signatures][-3:] == [renewal_field(number) for number in (1, 2, 3)]


def test_a_file_whose_authority_has_expired_cannot_be_renewed(desk):
    final = desk.final()
    later(desk, days=31)
    with pytest.raises(Refused, match="does not validate any more") as caught:
        renewed(desk, final)
    assert "timestamp:closing" in caught.value.got
    assert "OUT_OF_BOUNDS" in caught.value.got


def test_a_damaged_file_is_not_renewed(desk):
    final = desk.final()
    damaged = final.replace(b"(Memorandum of Understanding)", b"(Memorandum of Understanding!")
    with pytest.raises(Refused, match="does not validate any more"):
        renewed(desk, damaged)


def test_an_unfinished_file_is_not_renewed(desk):
    with pytest.raises(Refused, match="cannot be renewed"):
        renewed(desk, desk.signed())


@pytest.mark.parametrize(
    ("service", "kind"), [("tsa", TimestampUnavailable), ("crls", RevocationUnavailable)], ids=["tsa", "crls"]
)
def test_a_renewal_waits_for_its_authorities(net, desk, service, kind):
    final = desk.final()
    later(desk, days=1)
    with net.failing(service, Fault.DOWN), pytest.raises(kind):
        renew(final, timestamper=net.timestamper(), trust=net.trust(), now=desk.now)


FAR = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from signing.trust import TrustPolicy
from signing.validate import validate
folder = Path(sys.argv[1])
lists = tuple(path.read_bytes() for path in folder.glob("*.crl"))
trust = TrustPolicy(
    roots=((folder / "root.pem").read_text(),),
    seal_certificates=((folder / "seal").read_text(),),
    revocation_lists=lists,
)
now = datetime.now(UTC)
report = validate((folder / "renewed.pdf").read_bytes(), trust, now=now)
print(now.year, report.verdict.value, report.level)
"""


def test_a_renewed_file_is_valid_on_a_machine_whose_clock_is_years_ahead(net, desk, tmp_path):
    final = desk.final()
    later(desk, days=25)
    again = renewed(desk, final)
    later(desk, days=1500)
    from signing.preserve import informed_about

    informed = informed_about(again, net.trust(), now=desk.now)
    folder = tmp_path / "far"
    folder.mkdir()
    (folder / "renewed.pdf").write_bytes(again)
    (folder / "root.pem").write_text(net.root_pem)
    (folder / "seal").write_text(net.key("seal").certificate_digest)
    for number, content in enumerate(informed.revocation_lists):
        (folder / f"{number}.crl").write_bytes(content)
    result = subprocess.run(
        ["faketime", f"{desk.now:%Y-%m-%d %H:%M:%S}", sys.executable, "-c", FAR, folder],
        capture_output=True,
        text=True,
        check=False,
        env={"TZ": "UTC", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert result.stdout.split() == [str(desk.now.year), "valid", "B-LTA"], result.stderr
