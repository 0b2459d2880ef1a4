"""Every command where ``CONVENIO_ENV`` says production and the keys are those of a demonstration."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.backup import back_up
from flows.settings import Settings
from flows.wiring import Installation
from tests.cli.test_main import commands
from tests.installation import EXAMPLE, FIRST, MANAGER, REVIEWER, certificate
from tests.signing.test_scans import png
from tests.signing_ways import link_in, mails

pytestmark = pytest.mark.enable_socket

REFUSED = {
    "signing": {
        "sign": "ID --as {first} --p12 {p12}",
        "code": "ID --link {link}",
        "link": "ID --as {first}",
        "sign-paper": "ID --for for-gssc --scan {scan} --compared-with {pdf} --as {reviewer}",
    },
    "archived": {
        "dossier": "ID -o {new}",
        "renew": "ID",
        "keys issue": "x@example.org --name X -o {new}",
        "ledger publish": "",
        "ledger prove": "ID -o {new}",
        "ledger drill": "{backup}",
        "people erase": "{manager} --yes --reason Why --as {administrator}",
        "up": "",
        "demo": "--home {new}",
    },
}
"""What uses or makes a key, by the point of the way where nothing else refuses it."""

READING = {
    "schema": "mou",
    "check": "{example}",
    "list": "",
    "show": "ID",
    "fetch": "ID -o {new}",
    "redline": "ID",
    "timeline": "ID",
    "facts list": "ID",
    "verify": "{backup}",
    "verifier": "-o {new}",
    "archive probe": "",
    "archive fixity": "",
    "archive retention": "",
    "keys export": "-o {new}",
    "ledger check": "",
    "register rebuild": "",
    "backup": "-o {new}",
    "people list": "",
    "accounts list": "",
    "templates list": "",
    "templates fields": "mou",
}
"""What reads only, and goes on."""

WITHOUT_KEYS = {
    "accounts close", "accounts password", "archive certificate", "archive dispose", "archive extend", "archive hold",
    "archive paid", "archive release", "decline", "delegate", "delegation confirm", "delegation evidence",
    "delegation revoke", "extend", "facts confirm", "keys trusted-list", "ledger restore", "new", "people add",
    "restore", "review approve", "review edit", "review reject", "review return", "revise", "templates adopt",
    "templates check", "templates preview", "withdraw", "witness serve",
}  # fmt: skip
"""What records an act, or looks after files, without any key of the organisation's; a disposal's certificate is signed
by the key the tests of readiness ask for, and a witness has a key of its own."""


@pytest.fixture
def production(home_at, monkeypatch, agreement, tmp_path):
    """Makes the home at a point of the way one that says it is for production, and returns what commands are given."""

    def at(point: str) -> dict[str, object]:
        home = home_at(point)
        house = Installation(Settings(home=home))
        given = {"p12": tmp_path / "first.p12", "scan": tmp_path / "scan.png", "backup": tmp_path / "any.bin"}
        given["p12"].write_bytes(certificate(house, FIRST))
        given["scan"].write_bytes(png())
        given["backup"].write_bytes(back_up(house, "only for tests", cost=1))
        pdf, found = house.ledger.state(agreement).pdf, mails(house, "-sign-")
        house.close()
        monkeypatch.setenv("CONVENIO_ENV", "production")
        monkeypatch.setenv("CONVENIO_P12_PASSPHRASE", "only for tests")
        monkeypatch.setenv("CONVENIO_BACKUP_PASSPHRASE", "only for tests")
        people = {"first": FIRST, "reviewer": REVIEWER, "manager": MANAGER, "administrator": "admin@example.org"}
        return given | people | {"pdf": pdf, "link": link_in(found[0]), "example": EXAMPLE, "home": home}

    return at


def words(arguments: str, given: dict[str, object], agreement: str, new: Path) -> list[str]:
    return [agreement if word == "ID" else word.format(**given, new=new) for word in arguments.split()]


def keys_in(home: Path) -> set[Path]:
    return set((home / "keys").rglob("*"))


def test_every_command_is_known_to_use_keys_or_not():
    known = [*REFUSED["signing"], *REFUSED["archived"], *READING, *WITHOUT_KEYS]
    assert sorted(known) == sorted(name for name, _ in commands())


@pytest.mark.parametrize("point", REFUSED)
def test_what_uses_or_makes_a_key_is_refused(run, production, agreement, tmp_path, point):
    given = production(point)
    assert run("people", "add", "admin@example.org", "--role", "administrator").code == 0
    before = keys_in(given["home"])
    for name, arguments in REFUSED[point].items():
        answer = run(*name.split(), *words(arguments, given, agreement, tmp_path / "new"))
        assert answer.code == 1, (name, answer.err)
        assert "not ready for production" in answer.err or "no demonstration keys" in answer.err, (name, answer.err)
    assert keys_in(given["home"]) == before


def test_what_only_reads_goes_on(run, production, agreement, tmp_path):
    given = production("archived")
    before = keys_in(given["home"])
    for number, (name, arguments) in enumerate(READING.items()):
        answer = run(*name.split(), *words(arguments, given, agreement, tmp_path / f"new-{number}"))
        assert "production" not in answer.err, (name, answer.err)
        if name not in {"verify", "ledger check"}:
            assert answer.code == 0, (name, answer.err)
    assert keys_in(given["home"]) == before
