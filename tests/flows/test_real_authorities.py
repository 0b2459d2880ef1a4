"""The whole way in production: roots, seal and timestamps of authorities on the net, and no demonstration keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows import commands
from flows.collect import collect
from flows.conclude import conclude
from flows.dossiers import dossier_of
from flows.prepare import prepare
from flows.publish import publish
from flows.verification import verify_file
from flows.wiring import Installation
from schemas.errors import RevocationUnavailable
from schemas.evidence import AgreementId, Verdict, VerificationReport
from schemas.signature import SigningWay
from schemas.state import Stage
from tests.authorities import Authorities, Fault, authorities
from tests.installation import FIRST, REVIEWER, SECOND, Snapshots
from tests.signing.test_scans import png
from tests.signing_ways import code_in, link_in, mails
from verifier import convenio_verify as standalone

pytestmark = [pytest.mark.office, pytest.mark.enable_socket]

SIGNATORIES = {"gssc": "for-gssc", "chamber": "for-chamber"}


@pytest.fixture(scope="module")
def net(snapshots: Snapshots, tmp_path_factory) -> Iterator[Authorities]:
    names = {label: str(one.name) for label, one in zip(SIGNATORIES, snapshots.document.signatories, strict=True)}
    people = {"gssc": (names["gssc"], FIRST), "chamber": (names["chamber"], SECOND)}
    with authorities(tmp_path_factory.mktemp("net"), people=people) as running:
        yield running


@pytest.fixture
def house(snapshots: Snapshots, net: Authorities, tmp_path: Path) -> Iterator[Installation]:
    """An approved agreement in a production installation that knows these authorities and no others."""
    with snapshots.at("approved", tmp_path / "home") as drafted:
        home = drafted.home
        (home / "trust").mkdir(exist_ok=True)
        for path in home.rglob("trust/**/*.pem"):
            path.unlink()
        (home / "trust" / "net.pem").write_text(net.root_pem)
        (home / "seal.p12").write_bytes(net.p12("seal", b"pw"))
        (home / "seal.p12").chmod(0o600)
        settings = drafted.settings.model_copy(
            update={
                "env": "production",
                "organisation": "Secretariat of the partnership",
                "ledger_origin": "ledger.example.org",
                "tsa_url": net.tsa_url(),
                "seal_key": "pkcs12:seal.p12",
                "seal_passphrase": SecretStr("pw"),
            }
        )
        real = replace(drafted, settings=settings, clock=lambda: datetime.now(UTC))
        real.__dict__["office"] = drafted.__dict__["office"]
        yield real
        del real.__dict__["office"]
        real.close()


def by_certificate(house: Installation, agreement: AgreementId, net: Authorities) -> None:
    """Both sign with certificates; while nobody tells whether the first is revoked, nobody else is invited."""
    prepare(house, agreement, 2)
    with net.failing("all", Fault.DOWN), pytest.raises(RevocationUnavailable):
        collect(house, agreement, 0)
    assert collect(house, agreement, 0).acted
    commands.sign(house, agreement, by=FIRST, p12=net.p12("gssc", b"pw"), passphrase=b"pw")
    collect(house, agreement, 1)
    commands.sign(house, agreement, by=SECOND, p12=net.p12("chamber", b"pw"), passphrase=b"pw")


def by_click_and_on_paper(house: Installation, agreement: AgreementId, _net: Authorities) -> None:
    """The first clicks, the second signs on paper."""
    prepare(house, agreement, 2)
    collect(house, agreement, 0)
    link = link_in(mails(house, "-sign-")[0])
    commands.mail_code(house, agreement, link=link)
    commands.sign_by_click(house, agreement, by=FIRST, link=link, code=code_in(mails(house, "-code-")[-1]))
    collect(house, agreement, 1)
    approved = house.ledger.state(agreement).content.pdf
    commands.sign_paper(house, agreement, by=REVIEWER, signatory="for-chamber", scan=png(), compared_with=approved)


@pytest.mark.parametrize(
    ("sign", "ways"),
    [
        (by_certificate, [SigningWay.PKCS12, SigningWay.PKCS12]),
        (by_click_and_on_paper, [SigningWay.CLICK, SigningWay.PAPER]),
    ],
    ids=["certificates", "click-paper"],
)
def test_from_approved_to_archived_and_the_dossier_is_valid(house, net, tmp_path, sign, ways):
    agreement = house.register.rows()[0].id
    sign(house, agreement, net)
    collect(house, agreement, 2)
    assert conclude(house, agreement, 2).acted
    assert publish(house, agreement, 2).acted
    state = house.ledger.state(agreement)
    assert state.stage is Stage.ARCHIVED
    assert [event.way for event in state.signatures] == ways
    keys, path = house.verification_keys(), tmp_path / "dossier.zip"
    assert not keys.demonstration
    path.write_bytes(dossier_of(house, agreement))
    report = verify_file(path, keys)
    assert unproven(report) == []
    assert report.verdict is Verdict.VALID
    theirs = standalone.verify(path.read_bytes(), keys.model_dump(mode="json"), datetime.now(UTC))
    assert theirs.verdict == "valid", theirs.found


def unproven(report: VerificationReport) -> list[str]:
    return [f"{found.part}: {found.reason}" for found in report.findings if found.verdict is not Verdict.VALID]
