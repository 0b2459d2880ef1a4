"""``convenio ledger``, ``register``, ``backup``, ``restore`` and ``people erase`` on a real home."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

pytestmark = pytest.mark.office

SECRET = "five random words are enough"
ADMINISTRATOR, MANAGER = "administrator@example.org", "manager@example.org"


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
    assert "Not in a backup: accounts" in answer.out
    assert run("people", "list", "--json").json == people
    assert run("ledger", "check").code == 0


def test_a_home_whose_restore_was_refused_is_good_for_nothing_but_another_restore(run, home, tmp_path, monkeypatch):
    assert run("backup", "-o", tmp_path / "kept.backup").code == 0
    other = tmp_path / "other"
    monkeypatch.setenv("CONVENIO_HOME", str(other))
    refused = run("restore", tmp_path / "kept.backup")
    assert (refused.code, "no ledger was published there" in refused.err) == (1, True)
    before = sorted(other.rglob("*"))
    assert other / "convenio.sqlite" not in before
    for command in (("list",), ("ledger", "publish"), ("people", "add", MANAGER, "--role", "manager"), ("up",)):
        answer = run(*command)
        assert (answer.code, answer.err.splitlines()[0]) == (1, "a restore into this home began and has not ended")
    assert sorted(other.rglob("*")) == before
    for name in ("objects", "log"):
        shutil.copytree(home / name, other / name)
    assert run("restore", tmp_path / "kept.backup").code == 0
    assert run("ledger", "check").code == 0


def test_a_refused_restore_leaves_a_home_in_use_as_it_was(run, home, tmp_path):
    assert run("backup", "-o", tmp_path / "kept.backup").code == 0
    assert run("people", "add", ADMINISTRATOR, "--role", "manager").code == 0
    (home / "log" / "checkpoint").rename(tmp_path / "checkpoint")
    assert run("restore", tmp_path / "kept.backup").code == 1
    assert run("list").code == 0


def test_a_home_without_its_database_begins_no_other_ledger(run, home):
    for path in home.glob("convenio.sqlite*"):
        path.unlink()
    for command in (("list",), ("people", "add", MANAGER, "--role", "manager"), ("ledger", "publish")):
        answer = run(*command)
        assert (answer.code, "convenio restore BACKUP" in answer.err) == (1, True)
        assert answer.err.startswith("the database of this home is gone, and its ledger was published")
    assert not (home / "convenio.sqlite").exists()


def test_nothing_is_written_to_a_database_that_was_set_back(run, home, tmp_path):
    older = tmp_path / "older.sqlite"
    with closing(sqlite3.connect(home / "convenio.sqlite")) as connection:
        connection.execute("VACUUM INTO ?", (str(older),))
    assert run("archive", "fixity").code == 0
    assert run("ledger", "publish").code == 0
    for path in home.glob("convenio.sqlite*"):
        path.unlink()
    shutil.copy(older, home / "convenio.sqlite")
    for command in (("people", "add", MANAGER, "--role", "manager"), ("archive", "fixity"), ("ledger", "publish")):
        answer = run(*command)
        assert (answer.code, answer.err.splitlines()[0]) == (
            1, "the database is behind the published log: it was set back to an older copy, or is a new one",
        )  # fmt: skip
        assert ": 1 missing" in answer.err
    assert run("list").code == 0
    assert "database rolled back" in run("ledger", "check").out


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
    assert told.code == 0
    assert told.out.splitlines()[-1].startswith("Nothing was erased. Repeat with --yes")
    assert f"signed PDF of {agreement}" in told.out
    assert run(*asked, "--json").json["erased"] is False
    assert "signatory.gssc@example.org" in run("people", "list", "--json").out
    done = run(*asked, "--yes", "--json")
    assert done.code == 0, done
    assert (done.json["erased"], done.json["named_in"]) == (True, [agreement])
    assert "signatory.gssc@example.org" not in run("people", "list", "--json").out
    assert run("ledger", "check").code == 0
