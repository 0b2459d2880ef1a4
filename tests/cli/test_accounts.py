from __future__ import annotations

import json

import pytest
from argon2 import PasswordHasher

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch):
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("flows.accounts.hasher", lambda: hasher)


@pytest.fixture
def home(run, tmp_path, monkeypatch):
    monkeypatch.setenv("CONVENIO_PASSWORD", PASSWORD)
    for name in ("manager", "administrator"):
        run("people", "add", f"{name}@example.org", "--role", name, "--home", str(tmp_path))
    return str(tmp_path)


def test_the_first_administrator_gets_a_password(run, home):
    assert run("accounts", "list", "--home", home).out.startswith("No account yet.")
    answer = run("accounts", "password", "administrator@example.org", "--home", home)
    assert answer.err == ""
    assert (answer.code, answer.out) == (
        0,
        "administrator@example.org signs in at http://127.0.0.1:8080 with this password.\n",
    )
    [row] = json.loads(run("accounts", "list", "--json", "--home", home).out)
    assert row == {
        "email": "administrator@example.org",
        "state": "open",
        "signs_in_with": ["password"],
        "sessions": 0,
    }


def test_a_password_that_is_too_short_is_refused(run, home, monkeypatch):
    monkeypatch.setenv("CONVENIO_PASSWORD", "short")
    answer = run("accounts", "password", "manager@example.org", "--home", home)
    assert answer.code == 2
    assert "is too short" in answer.err
    assert run("accounts", "password", "stranger@example.org", "--home", home).code == 1


def test_an_administrator_closes_an_account(run, home):
    close = ("accounts", "close", "manager@example.org", "--home", home, "--as")
    assert run(*close, "administrator@example.org").code == 1
    run("accounts", "password", "manager@example.org", "--home", home)
    assert run(*close, "manager@example.org").code == 1
    assert run(*close, "administrator@example.org").out == "The account of manager@example.org is closed.\n"
    assert "closed" in run("accounts", "list", "--home", home).out
