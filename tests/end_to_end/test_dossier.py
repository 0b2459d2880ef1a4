"""What an auditor takes home, and what they can find out with it alone."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from archive.database import writing
from archive.personal import erase_person
from flows.dossiers import dossier_of
from flows.settings import Settings
from flows.verification import read_keys, verify_file
from flows.wiring import Installation
from schemas.errors import InputError, Refused
from schemas.evidence import Finding, Verdict, VerificationKeys, VerificationReport
from tests.installation import FIRST, REVIEWER, Snapshots

pytestmark = pytest.mark.office

CONVENIO = Path(sys.executable).with_name("convenio")
PLACES = 200


class TakenHome:
    """The files an auditor has: dossier, signed PDF, and keys that came another way."""

    def __init__(self, folder: Path, house: Installation, snapshots: Snapshots) -> None:
        self.dossier = folder / "dossier.zip"
        self.dossier.write_bytes(dossier_of(house, snapshots.agreement))
        self.pdf = folder / "signed.pdf"
        self.pdf.write_bytes(house.store.get(house.ledger.state(snapshots.agreement).receipt.key))
        self.keys_file = folder / "keys.json"
        self.keys_file.write_text(house.verification_keys().model_dump_json())
        self.keys = read_keys(self.keys_file)


@pytest.fixture
def house(snapshots, tmp_path) -> Iterator[Installation]:
    with snapshots.at("archived", tmp_path / "home") as house:
        yield house


@pytest.fixture(scope="module")
def taken(snapshots, tmp_path_factory) -> TakenHome:
    folder = tmp_path_factory.mktemp("taken")
    with snapshots.at("archived", folder / "home") as house:
        return TakenHome(folder, house, snapshots)


@pytest.fixture(scope="module")
def other_keys(tmp_path_factory) -> VerificationKeys:
    other = Installation(Settings(home=tmp_path_factory.mktemp("other"), organisation="Somebody else"))
    return other.verification_keys()


def refusals(report: VerificationReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.verdict is Verdict.INVALID]


def altered(content: bytes, offset: int, bit: int = 0) -> bytes:
    changed = bytearray(content)
    changed[offset] ^= 1 << bit
    return bytes(changed)


def test_the_same_archive_gives_the_same_dossier(house, snapshots, taken):
    assert (
        dossier_of(house, snapshots.agreement) == dossier_of(house, snapshots.agreement) == taken.dossier.read_bytes()
    )


def test_there_is_no_dossier_before_the_archive(snapshots, tmp_path):
    with snapshots.at("concluded", tmp_path / "home") as house, pytest.raises(Refused):
        dossier_of(house, snapshots.agreement)


def test_with_the_organisations_keys_everything_is_valid(taken):
    report = verify_file(taken.dossier, taken.keys)
    assert [finding for finding in report.findings if finding.verdict is not Verdict.VALID] == []
    assert report.verdict is Verdict.VALID


def test_without_keys_nothing_better_than_indeterminate_is_said(taken):
    report = verify_file(taken.dossier, None)
    assert report.verdict is Verdict.INDETERMINATE
    assert "keys" in {finding.part for finding in report.findings if finding.verdict is Verdict.INDETERMINATE}


def test_with_another_organisations_keys_it_is_invalid(taken, other_keys):
    report = verify_file(taken.dossier, other_keys)
    assert report.verdict is Verdict.INVALID
    assert "checkpoint" in {finding.part for finding in refusals(report)}


def test_marks_that_lead_to_no_pinned_root_prove_nothing(taken, other_keys):
    keys = taken.keys.model_copy(update={"trust_roots": other_keys.trust_roots})
    # EN 319 102-1 5.1.3: no chain to a trust anchor is indeterminate
    assert verify_file(taken.dossier, keys).verdict is Verdict.INDETERMINATE


def test_one_flipped_bit_is_refused_wherever_it_is(taken, tmp_path):
    seed = secrets.randbits(64)
    places = random.Random(seed)
    content, path = taken.dossier.read_bytes(), tmp_path / "altered.zip"
    accepted, unnamed = [], []
    for _ in range(PLACES):
        offset, bit = places.randrange(len(content)), places.randrange(8)
        path.write_bytes(altered(content, offset, bit))
        report = verify_file(path, taken.keys)
        if report.verdict is not Verdict.INVALID:
            accepted.append((offset, bit))
        elif not all(finding.place for finding in refusals(report)[:1]):
            unnamed.append((offset, bit))
    assert (accepted, unnamed) == ([], []), f"seed {seed}"


@pytest.mark.parametrize("offset", [0, 1, -1, -22])
def test_the_edges_of_the_container_are_guarded_too(taken, tmp_path, offset):
    path = tmp_path / "altered.zip"
    path.write_bytes(altered(taken.dossier.read_bytes(), offset))
    assert verify_file(path, taken.keys).verdict is Verdict.INVALID


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"\0", lambda c: c[:1000], lambda c: b"PK"])
def test_a_dossier_that_is_cut_or_longer_is_refused(taken, tmp_path, change):
    path = tmp_path / "altered.zip"
    path.write_bytes(change(taken.dossier.read_bytes()))
    report = verify_file(path, taken.keys)
    assert report.verdict is Verdict.INVALID
    assert refusals(report)[0].part == "container"


def test_on_one_day_it_is_told_whether_it_was_bound(house, snapshots, taken, tmp_path):
    path, day = tmp_path / "dossier.zip", snapshots.begin.date()
    house.clock.now += timedelta(days=2)
    for on, told in ((day - timedelta(days=2), "0 of 2 had signed"), (day + timedelta(days=1), "2 of 2 had signed")):
        path.write_bytes(dossier_of(house, snapshots.agreement, on=on))
        report = verify_file(path, taken.keys)
        assert report.verdict is Verdict.VALID
        reason = next(finding.reason for finding in report.findings if finding.part == "bound")
        assert told in reason
        # the example's term is over: signed by all is not enough to be bound on that day
        assert "is not said to have bound its parties" in reason
        assert "its term does not cover that day" in reason


def test_what_holds_at_the_end_of_a_day_is_not_told_before_it_is_over(house, snapshots):
    today = house.clock.now.date()
    with pytest.raises(Refused, match="not known yet") as refusal:
        dossier_of(house, snapshots.agreement, on=today)
    assert refusal.value.expected == "a day that is over"
    house.clock.now = datetime.combine(today + timedelta(days=1), time(), UTC)
    assert dossier_of(house, snapshots.agreement, on=today)


def test_a_signed_pdf_alone_is_valid_with_keys(taken):
    assert verify_file(taken.pdf, taken.keys).verdict is Verdict.VALID
    assert verify_file(taken.pdf, None).verdict is Verdict.INDETERMINATE


def test_a_signed_pdf_with_one_flipped_bit_is_invalid(taken, tmp_path):
    seed = secrets.randbits(64)
    places, content = random.Random(seed), taken.pdf.read_bytes()
    path = tmp_path / "altered.pdf"
    for offset in [0, len(content) // 2, *(places.randrange(len(content)) for _ in range(6))]:
        path.write_bytes(altered(content, offset, 1))
        report = verify_file(path, taken.keys)
        assert report.verdict is Verdict.INVALID, f"seed {seed}, byte {offset}: {report}"


def test_people_who_were_erased_leave_a_valid_dossier_that_says_so(house, snapshots, taken, tmp_path):
    with writing(house.engine) as connection:
        erase_person(connection, REVIEWER)
        erase_person(connection, FIRST)
    path = tmp_path / "dossier.zip"
    path.write_bytes(dossier_of(house, snapshots.agreement))
    report = verify_file(path, taken.keys)
    assert report.verdict is Verdict.VALID
    assert any("erased" in finding.reason for finding in report.findings)
    assert REVIEWER.encode() not in path.read_bytes()


def test_a_file_that_is_neither_is_bad_input(tmp_path, taken):
    path = tmp_path / "letter.txt"
    path.write_text("Dear auditor")
    with pytest.raises(InputError, match="neither a dossier nor a PDF"):
        verify_file(path, taken.keys)
    with pytest.raises(InputError, match="cannot be read"):
        verify_file(tmp_path / "missing.zip", taken.keys)
    for no_file in (tmp_path, Path("/dev/zero")):
        with pytest.raises(InputError, match="is no file"):
            verify_file(no_file, taken.keys)


@pytest.mark.parametrize(
    "change",
    [
        {"ledger": "nonsense"},
        {"trust_roots": ["no certificate"]},
        {"trust_roots": []},
        {"unheard_of": 1},
        {"convenio_keys": 2},
    ],
    ids=["ledger", "root", "no root", "field", "version"],
)
def test_keys_that_cannot_be_used_are_bad_input_and_no_verdict(taken, tmp_path, change):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(taken.keys.model_dump(mode="json") | change))
    with pytest.raises(InputError, match="not a file of public keys"):
        read_keys(path)


def test_the_command_verifies_on_a_machine_without_network_and_without_a_home(taken, tmp_path):
    alone = shutil.which("unshare")
    if alone is None or os.geteuid() != 0:
        pytest.skip("taking the network away from a process needs root and unshare")
    home = tmp_path / "empty"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "CONVENIO_HOME": str(home), "HOME": str(home)}
    command = [alone, "-n", CONVENIO, "verify", taken.dossier]
    verdict = subprocess.run(
        [*command, "--keys", taken.keys_file], env=environment, capture_output=True, text=True, check=False
    )
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert verdict.stdout.splitlines()[-1].endswith(": valid")
    assert list(home.iterdir()) == []
    verdict = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert verdict.returncode == 3
