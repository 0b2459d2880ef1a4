"""The archive from the command line: what each act says, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archive.destruction import open_certificate
from archive.store import Behaviour
from tests.archived import ADMINISTRATOR, COUNSEL, MANAGER, SECOND_ADMINISTRATOR, archive_one, installation
from tests.installation import Clock

LONG_AGO = datetime(2019, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """An installation with an agreement that was archived long ago, which commands use."""
    house = installation(tmp_path / "home", Clock(LONG_AGO))
    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "home"))
    yield house
    house.close()


@pytest.fixture
def agreement(house, run):
    # ``run`` comes first: it forgets the environment's settings
    return archive_one(house)


@pytest.fixture
def run(run, tmp_path, monkeypatch):
    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "home"))
    return run


def test_the_probe_of_a_directory_says_what_it_is(run, agreement):
    answer = run("archive", "probe")
    *findings, last = answer.out.splitlines()
    assert findings == [f"NO   {behaviour}: not tried: this store has no locks" for behaviour in Behaviour]
    assert (answer.code, last) == (0, "The store is tamper-evident.")


def test_where_worm_is_demanded_the_probe_of_a_directory_refuses(run, agreement, monkeypatch):
    monkeypatch.setenv("CONVENIO_REQUIRE_WORM", "true")
    answer = run("archive", "probe")
    assert answer.code == 1
    assert "archives only where locks are enforced" in answer.err
    asked = run("archive", "probe", "--json")
    assert (asked.code, asked.json["promise"], asked.json["well"]) == (1, "tamper-evident", False)
    assert [fact["behaviour"] for fact in asked.json["facts"]] == list(Behaviour)


def test_a_sweep_ends_with_what_it_found(run, house, agreement):
    well = run("archive", "fixity")
    assert well.code == 0
    assert "9 versions listed, 9 read whole" in well.out
    key = house.ledger.state(agreement).receipt.key
    path = house.home / "objects" / key
    path.chmod(0o600)
    path.write_bytes(b"x" * path.stat().st_size)
    answer = run("archive", "fixity", "--all")
    assert answer.code == 1
    assert f"FAULT  altered: {key}; got " in answer.out
    asked = run("archive", "fixity", "--all", "--json")
    assert (asked.code, [fault["damage"] for fault in asked.json["faults"]]) == (1, ["altered"])


def test_retention_is_shown_begun_extended_held_and_released(run, agreement):
    assert "no end is known" in run("archive", "retention").out
    words = ("--reason", "final payment", "--as", MANAGER)
    assert "kept until 2024-03-01." in run("archive", "paid", agreement, "--on", "2019-03-01", *words).out
    assert "kept until 2024-03-01 already." in run("archive", "paid", agreement, "--on", "2019-03-01", *words).out
    audit = ("--until", "2025-01-31", "--reason", "an audit", "--as", ADMINISTRATOR)
    assert "kept until 2025-01-31." in run("archive", "extend", agreement, *audit).out
    claim = ("--reason", "a claim", "--as", COUNSEL)
    assert "under legal hold." in run("archive", "hold", agreement, *claim).out
    assert run("archive", "retention", agreement, "--json").json["legal_hold"] == "yes"
    assert "under no legal hold." in run("archive", "release", agreement, *claim).out
    asked = run("archive", "hold", agreement, *claim, "--json")
    assert (asked.json["legal_hold"], asked.json["changed"]) == ("yes", True)
    shown = run("archive", "retention")
    assert all(word in shown.out for word in (agreement, "2025-01-31", "yes", "tamper-evident"))


def test_an_agreement_is_disposed_of_by_two_and_its_certificate_taken_home(run, house, agreement, tmp_path):
    small = ("--on", "2019-03-01", "--small-grant", "--reason", "final payment", "--as", MANAGER)
    assert "kept until 2022-03-01." in run("archive", "paid", agreement, *small).out
    because = ("--reason", "retention plan 4.2")
    early = run("archive", "certificate", agreement, "-o", tmp_path / "early.txt")
    assert (early.code, "was not disposed of" in early.err) == (1, True)
    proposed = run("archive", "dispose", agreement, "--propose", *because, "--as", ADMINISTRATOR)
    assert "proposed for disposal; another administrator carries it out." in proposed.out
    alone = run("archive", "dispose", agreement, *because, "--as", ADMINISTRATOR)
    assert (alone.code, "whoever proposed a disposal does not carry it out" in alone.err) == (1, True)
    assert "is disposed of" in run("archive", "dispose", agreement, *because, "--as", SECOND_ADMINISTRATOR).out
    assert run("archive", "certificate", agreement, "-o", tmp_path / "destruction.txt").code == 0
    stated = open_certificate((tmp_path / "destruction.txt").read_bytes(), house.checkpoint_key.verifier_key)
    assert stated.agreement == agreement
    assert abs(datetime.now(UTC) - stated.at) < timedelta(hours=1)
    assert "Nothing is archived yet." in run("archive", "retention").out
    assert run("archive", "retention", agreement, "--json").json["stage"] == "disposed"


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "01.03.2019"])
def test_what_is_no_day_is_bad_input(run, agreement, day):
    answer = run("archive", "paid", agreement, "--on", day, "--reason", "x", "--as", MANAGER)
    assert answer.code == 2
