"""Accounts to try things out with: one person for each role, named by it, in a home that is for development."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.accounts import matches, set_password
from flows.commands import add_person
from flows.secret_file import kept_secret
from schemas.people import Office, Role

if TYPE_CHECKING:
    from flows.wiring import Installation

SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou")
SYLLABLES_OF_A_PASSWORD = 12
"""Of 70 syllables, which makes 73 bits."""


@dataclass(frozen=True)
class Demonstrated:
    """A person of the demonstration: how they are called, their address and what they may do."""

    name: str
    email: str
    roles: tuple[Role, ...]
    offices: tuple[Office, ...] = ()


CAST = (
    Demonstrated("Manager", "manager@convenio.example", (Role.MANAGER,)),
    Demonstrated("Reviewer", "reviewer@convenio.example", (Role.REVIEWER,), (Office.LEGAL,)),
    Demonstrated("Finance reviewer", "finance@convenio.example", (Role.REVIEWER,), (Office.FINANCE,)),
    Demonstrated("Director", "director@convenio.example", (Role.REVIEWER,), (Office.DIRECTOR,)),
    Demonstrated("Signatory", "signatory@convenio.example", (Role.SIGNATORY,)),
    Demonstrated("Auditor", "auditor@convenio.example", (Role.AUDITOR,)),
    Demonstrated("Administrator", "administrator@convenio.example", (Role.ADMINISTRATOR,)),
)


def demonstration_accounts(house: Installation) -> list[tuple[str, str, str]]:
    """Return name, address and password of each demonstration account whose password still is the one made here.

    In development, where nobody has an account yet, they are made first. In production there are none.
    """
    if house.settings.env != "development":
        return []
    kept = house.home / "keys" / "demonstration-accounts"
    if not kept.exists() and house.accounts.everyone():
        return []
    lines = "".join(f"{one.email} {_password()}\n" for one in CAST)
    passwords = dict(line.split(" ") for line in kept_secret(kept, lines.encode).decode().splitlines())
    # the last one there is says that nothing broke off
    if house.accounts.find(CAST[-1].email) is None:
        _make(house, passwords)
    return [
        (one.name, one.email, passwords[one.email])
        for one in CAST
        if one.email in passwords and _still(house, one.email, passwords[one.email])
    ]


def _make(house: Installation, passwords: dict[str, str]) -> None:
    for one in CAST:
        add_person(house, one.email, name=one.name, roles=one.roles, offices=one.offices)
        set_password(house, one.email, passwords[one.email])


def _still(house: Installation, email: str, password: str) -> bool:
    account = house.accounts.find(email)
    return account is not None and account.closed_at is None and matches(account.password, password)


def _password() -> str:
    chosen = [secrets.choice(SYLLABLES) for _ in range(SYLLABLES_OF_A_PASSWORD)]
    return "-".join("".join(chosen[start : start + 3]) for start in range(0, len(chosen), 3))
