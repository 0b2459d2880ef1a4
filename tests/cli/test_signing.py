from __future__ import annotations

import zipfile

import pytest

from tests.installation import FIRST, PASSPHRASE, SECOND

pytestmark = pytest.mark.office


@pytest.fixture
def p12(run, home_at, tmp_path, monkeypatch):
    """The first signatory's certificate, made by the command; the agreement waits for them."""
    home_at("signing")
    monkeypatch.setenv("CONVENIO_P12_PASSPHRASE", PASSPHRASE.decode())
    path = tmp_path / "first.p12"
    answer = run("keys", "issue", FIRST, "--name", "Signatory for GSSC", "-o", path)
    assert "DEMONSTRATION" in answer.out
    return path


def test_a_certificate_is_private_and_never_written_over(run, p12):
    assert p12.stat().st_mode & 0o777 == 0o600
    before = p12.read_bytes()
    answer = run("keys", "issue", FIRST, "--name", "Again", "-o", p12, "--json")
    assert (answer.code, answer.json["error"]) == (1, "ConflictingContent")
    assert p12.read_bytes() == before


def test_sign_signs_once(run, p12, agreement):
    answer = run("sign", agreement, "--as", FIRST, "--p12", p12, "--json")
    assert (answer.code, answer.json["changed"]) == (0, True)
    assert "was signed already" in run("sign", agreement, "--as", FIRST, "--p12", p12).out
    assert run("show", agreement, "--json").json["signed"] == ["for-gssc"]


def test_sign_is_refused_by_name(run, p12, agreement, monkeypatch, tmp_path):
    early = run("sign", agreement, "--as", SECOND, "--p12", p12, "--json")
    assert (early.code, early.json["error"]) == (1, "RefusedTransition")
    assert run("sign", agreement, "--as", FIRST, "--p12", tmp_path / "missing.p12").code == 2
    monkeypatch.setenv("CONVENIO_P12_PASSPHRASE", "wrong")
    wrong = run("sign", agreement, "--as", FIRST, "--p12", p12, "--json")
    assert (wrong.code, wrong.json["error"]) == (2, "InputError")
    assert "wrong" not in wrong.json["what"] + str(wrong.json["got"])
    assert run("show", agreement, "--json").json["signed"] == []


def test_a_passphrase_that_is_not_set_is_asked_for(run, p12, agreement, monkeypatch):
    monkeypatch.delenv("CONVENIO_P12_PASSPHRASE")
    asked = []

    def prompt(text: str, **given: object) -> str:
        asked.append((text, given["hide_input"]))
        return PASSPHRASE.decode()

    monkeypatch.setattr("click.prompt", prompt)
    assert run("sign", agreement, "--as", FIRST, "--p12", p12).code == 2
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert run("sign", agreement, "--as", FIRST, "--p12", p12).code == 0
    second = p12.with_name("second.p12")
    assert run("keys", "issue", SECOND, "--name", "Signatory for the Chamber", "-o", second, "--json").code == 0
    assert asked == [("Passphrase", True), ("Passphrase for the new file", True)]


def test_decline_ends_the_agreement(run, home_at, agreement):
    home_at("signing")
    answer = run("decline", agreement, "--as", FIRST, "--comment", "The board did not agree.", "--json")
    assert (answer.code, answer.json["stage"]) == (0, "ended")


def test_dossier_and_verify(run, home_at, agreement, tmp_path, monkeypatch):
    home_at("archived")
    dossier, keys = tmp_path / "dossier.zip", tmp_path / "keys.json"
    written = run("dossier", agreement, "-o", dossier, "--json")
    assert written.json["size_bytes"] == dossier.stat().st_size
    assert run("dossier", agreement, "-o", dossier).code == 0
    assert run("keys", "export", "-o", keys, "--json").json["demonstration"] is True
    assert run("keys", "export", "-o", keys).code == 0

    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "nowhere"))
    valid = run("verify", dossier, "--keys", keys)
    assert (valid.code, valid.out.splitlines()[-1]) == (0, f"dossier of {agreement}: valid")
    assert run("verify", dossier, "--keys", keys, "--json").json["verdict"] == "valid"
    without = run("verify", dossier, "--json")
    assert (without.code, without.json["verdict"]) == (3, "indeterminate")
    assert not (tmp_path / "nowhere").exists()

    with zipfile.ZipFile(dossier) as archive:
        offset = archive.getinfo("agreement.pdf").header_offset + 5000
    content = bytearray(dossier.read_bytes())
    content[offset] ^= 1
    altered = tmp_path / "altered.zip"
    altered.write_bytes(content)
    invalid = run("verify", altered, "--keys", keys)
    assert invalid.code == 1
    assert "INVALID" in invalid.out
    assert "agreement.pdf" in invalid.out
    assert run("verify", dossier, "--keys", altered).code == 2
    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "home"))
    assert run("dossier", agreement, "-o", keys).code == 1


def test_no_dossier_of_what_is_not_archived(run, home_at, agreement, tmp_path):
    home_at("concluded")
    answer = run("dossier", agreement, "-o", tmp_path / "dossier.zip", "--json")
    assert (answer.code, answer.json["error"]) == (1, "Refused")
    assert not (tmp_path / "dossier.zip").exists()


def test_people_are_added_and_listed_without_their_salts(run, tmp_path):
    home = ("--home", tmp_path / "fresh")
    assert "convenio people add" in run("people", "list", *home).err
    added = run("people", "add", "Legal@Example.org", "--role", "reviewer", *home, "--json").json
    assert (added["email"], added["roles"]) == ("legal@example.org", ["reviewer"])
    assert "salt" not in added
    run("people", "add", "legal@example.org", "--role", "manager", *home)
    (listed,) = run("people", "list", *home, "--json").json
    assert listed["roles"] == ["manager", "reviewer"]
    assert "salt" not in listed
    assert "legal@example.org" in run("people", "list", *home).out
    assert run("people", "add", "nobody", "--role", "manager", *home).code == 2
    assert run("people", "add", "x@example.org", "--role", "emperor", *home).code == 2
