"""Paper originals: a reviewer who is independent, a scan as received, and the file it was printed from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from archive.attack import Attack
from archive.fixity import Damage
from archive.layout import working_key
from flows import commands
from flows.checkpoints import publish_checkpoint
from flows.collect import collect
from flows.fixity import check_fixity
from flows.ledger_check import check_ledger
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import FourEyes, InputError, NotAuthorised, Refused, RefusedTransition
from schemas.evidence import AgreementId, SignatureKind, Verdict, digest_of
from schemas.policy import SignaturePolicy
from schemas.records import PaperRecord
from schemas.signature import LegalEffect, SigningWay
from signing.detached import validate_detached
from signing.validate import validate
from tests.installation import FIRST, MANAGER, REVIEWER
from tests.signing.test_scans import GOOD, jpeg, png
from tests.signing_ways import everything_public, last_signed, record_of, wait_for_signatures
from tests.worlds import attack_findings

pytestmark = pytest.mark.office

SIGNATORY = "for-gssc"


def prepared(house: Installation, agreement: AgreementId) -> str:
    events = [recorded.entry.event for recorded in house.ledger.entries(agreement)]
    return next(event.pdf for event in events if isinstance(event, ev.Prepared))


def sign_paper(house: Installation, agreement: AgreementId, **changes):
    given = {
        "by": REVIEWER,
        "signatory": SIGNATORY,
        "scan": png(),
        "compared_with": prepared(house, agreement),
    }
    return commands.sign_paper(house, agreement, **(given | changes))


@pytest.mark.parametrize(("scan", "extension"), [GOOD["pdf"], GOOD["jpeg"]], ids=["pdf", "jpeg"])
def test_scan_is_kept_as_received_under_a_seal_of_its_own(at, agreement, scan, extension, tmp_path: Path):
    house = at("signing")
    assert sign_paper(house, agreement, scan=scan).changed
    record, event = record_of(house, agreement), last_signed(house, agreement)
    assert isinstance(record, PaperRecord)
    assert (event.way, event.effect) == (SigningWay.PAPER, LegalEffect.SCANNED)
    assert (record.scan, record.extension, record.size_bytes) == (digest_of(scan), extension, len(scan))
    assert record.person == house.people.get(REVIEWER).commitment
    assert house.store.get(working_key(agreement, record.scan, record.extension)) == scan
    seal = house.store.get(working_key(agreement, record.seal, "p7s"))
    assert validate_detached(scan, seal, house.trust(house.clock())).verdict is Verdict.VALID
    for name, content in (("scan", scan), ("seal", seal), ("root.pem", house.pki.root_pem.encode())):
        (tmp_path / name).write_bytes(content)
    command = "openssl cms -verify -binary -cades -inform DER -in seal -content scan -CAfile root.pem -purpose any"
    verified = subprocess.run(
        [*command.split(), "-out", "out"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Verification successful" in verified.stderr, verified.stderr


def test_scan_and_its_seal_are_missed_where_they_are_gone(at, agreement):
    house = at("signing")
    sign_paper(house, agreement)
    publish_checkpoint(house)
    sound = check_ledger(house)
    assert sound.verdict is Verdict.VALID
    assert not any("broken off" in finding.reason for finding in sound.findings)
    record = record_of(house, agreement)
    keys = [working_key(agreement, record.scan, record.extension), working_key(agreement, record.seal, "p7s")]
    for key in keys:
        (house.home / "objects" / key).unlink()
    places = [key.rpartition(".")[0] for key in keys]
    found = attack_findings(check_ledger(house, read_all=False), Attack.OBJECT_MISSING)
    assert {(one.reason.partition(",")[0], one.place) for one in found} == {
        ("the scan of a paper original", places[0]),
        ("the detached seal over a scan", places[1]),
    }
    faults = check_fixity(house, everything=True).faults
    assert {(fault.damage, fault.key) for fault in faults} == {(Damage.MISSING, place) for place in places}


def test_mark_in_the_field_says_that_it_is_a_copy_of_paper(at, agreement, tmp_path: Path):
    house = at("signing")
    sign_paper(house, agreement)
    pdf, now = house.store.get(working_key(agreement, last_signed(house, agreement).pdf, "pdf")), house.clock()
    report = validate(pdf, house.trust(now), now=now).signatures[-1]
    assert (report.verdict, report.kind, report.effect) == (Verdict.VALID, SignatureKind.SEAL, LegalEffect.SCANNED)
    (tmp_path / "signed.pdf").write_bytes(pdf)
    text = subprocess.run(["pdftotext", "signed.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Signed on paper: " in " ".join(text.stdout.split())
    assert FIRST.encode() not in everything_public(house, agreement)


def test_comparison_with_the_approved_file_counts_too(at, agreement):
    house = at("signing")
    approved = house.ledger.state(agreement).content.pdf
    assert sign_paper(house, agreement, compared_with=approved).changed
    assert not sign_paper(house, agreement, compared_with=approved, scan=jpeg()).changed


def test_everything_else_is_refused_by_name(at, agreement):
    house = at("signing")
    house.people.add("finance@example.org", "Finance", ["reviewer"], ["finance"])
    refusals = [
        ({"by": MANAGER}, FourEyes, "an author of the draft does not record the paper original"),
        ({"by": FIRST}, NotAuthorised, "is no reviewer"),
        ({"by": "finance@example.org"}, NotAuthorised, "the legal office records paper originals"),
        ({"signatory": "for-nobody"}, Refused, "there is no such signatory"),
        ({"signatory": "for-chamber"}, RefusedTransition, "turn to sign"),
        ({"compared_with": "0" * 64}, Refused, "was not printed from the file that is being signed"),
        ({"scan": b"MZ"}, InputError, "of a kind that is not accepted"),
        ({"scan": png()[:-1]}, InputError, "no whole PNG file"),
    ]
    size = house.ledger.size
    for changes, error, sentence in refusals:
        with pytest.raises(error, match=sentence):
            sign_paper(house, agreement, **changes)
    assert house.ledger.size == size


def test_a_wrong_comparison_is_not_told_the_right_digest(at, agreement):
    house = at("signing")
    with pytest.raises(Refused) as refusal:
        sign_paper(house, agreement, compared_with="0" * 64)
    said = refusal.value.diagnosis()
    assert "0" * 64 in said
    assert "sha256sum FILE" in said
    assert prepared(house, agreement) not in said
    assert house.ledger.state(agreement).content.pdf not in said


@pytest.mark.parametrize("confirmed", [False, True], ids=["named", "confirmed"])
def test_whoever_signs_or_signed_away_this_place_records_no_paper_for_it(at, agreement, confirmed):
    house = at("signing")
    for email in (FIRST, "delegate@example.org"):
        house.people.add(email, "Somebody", ["reviewer"], ["legal"])
    words = "neither the signatory nor their delegate records the paper original"
    with pytest.raises(FourEyes, match=words):
        sign_paper(house, agreement, by=FIRST)
    commands.delegate(
        house, agreement, by=FIRST, to="delegate@example.org", name="Delegate", authority=png(), reason="Abroad."
    )
    if confirmed:
        commands.confirm_delegation(house, agreement, signatory=SIGNATORY, by=REVIEWER)
        collect(house, agreement, 0)
    for email in (FIRST, "delegate@example.org"):
        with pytest.raises(FourEyes, match=words):
            sign_paper(house, agreement, by=email)
    assert sign_paper(house, agreement).changed


def test_comparison_with_a_later_revision_is_refused(at, agreement):
    house = at("second invited")
    newest = house.ledger.state(agreement).pdf
    with pytest.raises(Refused, match="was not printed from the file that is being signed"):
        sign_paper(house, agreement, signatory="for-chamber", compared_with=newest)


def test_policy_decides_whether_paper_is_accepted(at, agreement):
    house = at("approved")
    wait_for_signatures(house, agreement, SignaturePolicy(ways=(SigningWay.PKCS12,)))
    with pytest.raises(Refused, match="does not accept this way to sign: paper") as caught:
        sign_paper(house, agreement)
    assert caught.value.expected == "pkcs12"
