"""``convenio ledger``, ``register``, ``backup``, ``restore`` and ``people erase`` on a real home."""

from __future__ import annotations

import shutil

import pytest

pytestmark = pytest.mark.office

SECRET = "five random words are enough"
ADMINISTRATOR = "administrator@example.org"


@pytest.fixture
def home(home_at, run, monkeypatch):
    home = home_at("archived")
    monkeypatch.setenv("CONVENIO_BACKUP_PASSPHRASE", SECRET)
    assert run("people", "add", ADMINISTRATOR, "--name", "Administrator", "--role", "administrator").code == 0
    assert run("ledger", "publish").code == 0
    return home


def test_a_ledger_that_holds_is_said_to_be_valid(run, home):
    answer = run("ledger", "check")
    assert answer.code == 0
    assert answer.out.splitlines()[-1].endswith(": valid")
    assert run("ledger", "check", "--listed-only", "--json").json["verdict"] == "valid"


def test_an_attack_is_named_and_told_by_the_exit_code(run, home):
    next((home / "objects" / "agreements").rglob("*.pdf")).unlink()
    answer = run("ledger", "check")
    assert answer.code == 1
    assert "INVALID        object missing" in answer.out


def test_a_kept_checkpoint_and_pinned_keys_are_used(run, home, tmp_path):
    assert run("keys", "export", "-o", tmp_path / "keys.json").code == 0
    kept = home / "log" / "checkpoint"
    assert run("ledger", "check", "--checkpoint", kept, "--keys", tmp_path / "keys.json").code == 0


def test_proofs_are_written_once_and_stay(run, home, agreement, tmp_path):
    for _ in range(2):
        assert run("ledger", "prove", agreement, "-o", tmp_path / "proofs").code == 0
    assert len(list((tmp_path / "proofs").glob("*.tlog-proof"))) == len(list((tmp_path / "proofs").glob("*.json"))) > 5
    assert run("ledger", "prove", "MOU-1999-0001", "-o", tmp_path / "proofs").code == 1


def test_the_register_is_rebuilt(run, home):
    assert run("register", "rebuild", "--json").json == {"lines": 1}


def test_a_lost_database_is_made_anew_from_the_log_and_the_pinned_keys(run, home, tmp_path):
    assert run("keys", "export", "-o", tmp_path / "keys.json").code == 0
    timeline = run("timeline", "--json", next(iter(row["id"] for row in run("list", "--json").json))).json
    for path in home.glob("convenio.sqlite*"):
        path.unlink()
    answer = run("ledger", "restore", "--from-log", "--keys", tmp_path / "keys.json")
    assert answer.code == 0, answer
    (row,) = run("list", "--json").json
    again = run("timeline", "--json", row["id"]).json
    assert [line["digest"] for line in again] == [line["digest"] for line in timeline]
    assert {line["person"] for line in again} == {"", "erased"}


def test_an_installation_comes_back_from_backup_log_and_store(run, home, tmp_path, monkeypatch):
    assert run("backup", "-o", tmp_path / "kept.backup").code == 0
    other = tmp_path / "other"
    other.mkdir()
    for name in ("objects", "log"):
        shutil.copytree(home / name, other / name)
    people = run("people", "list", "--json").json
    monkeypatch.setenv("CONVENIO_HOME", str(other))
    answer = run("restore", tmp_path / "kept.backup")
    assert answer.code == 0, answer
    assert run("people", "list", "--json").json == people
    assert run("ledger", "check").code == 0


def test_a_wrong_passphrase_is_refused(run, home, tmp_path, monkeypatch):
    assert run("backup", "-o", tmp_path / "kept.backup").code == 0
    monkeypatch.setenv("CONVENIO_BACKUP_PASSPHRASE", "five other words than these")
    answer = run("restore", tmp_path / "kept.backup", "--home", tmp_path / "other")
    assert answer.code == 1
    assert "the backup does not open" in answer.err
    assert not (tmp_path / "other" / "keys").exists()


def test_a_drill_says_equal_or_what_differs(run, home, tmp_path):
    assert run("backup", "-o", tmp_path / "kept.backup").code == 0
    answer = run("ledger", "drill", tmp_path / "kept.backup")
    assert answer.code == 0, answer
    assert answer.out.startswith("equal: ")
    assert run("people", "add", "late@example.org", "--role", "auditor").code == 0
    answer = run("ledger", "drill", tmp_path / "kept.backup", "--json")
    assert (answer.code, answer.json["equal"]) == (1, False)


def test_an_erasure_needs_a_yes_and_tells_before_what_stays(run, home, agreement):
    asked = ("people", "erase", "signatory.gssc@example.org", "--reason", "asked for it", "--as", ADMINISTRATOR)
    told = run(*asked)
    assert told.code == 2
    assert "nothing was erased" in told.err
    assert f"signed PDF of {agreement}" in told.out
    done = run(*asked, "--yes", "--json")
    assert done.code == 0, done
    assert done.json["named_in"] == [agreement]
    assert "signatory.gssc@example.org" not in run("people", "list", "--json").out
    assert run("ledger", "check").code == 0
