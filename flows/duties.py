"""Separation of duties: who could defeat four eyes by the roles they hold, and who acted in several of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from archive.duties import several_roles
from schemas.evidence import AgreementId
from schemas.people import Office, Person, Role

if TYPE_CHECKING:
    from flows.wiring import Installation

NEWEST = 200
"""How many agreements, by when they moved last, are looked through."""

APART = frozenset(
    {
        (Role.MANAGER, Role.REVIEWER),
        (Role.MANAGER, Role.AUDITOR),
        (Role.MANAGER, Role.ADMINISTRATOR),
        (Role.REVIEWER, Role.SIGNATORY),
        (Role.REVIEWER, Role.AUDITOR),
        (Role.REVIEWER, Role.ADMINISTRATOR),
        (Role.SIGNATORY, Role.AUDITOR),
        (Role.AUDITOR, Role.ADMINISTRATOR),
    }
)
"""Pairs of roles that one person should not hold, in the order of :class:`Role`."""


@dataclass(frozen=True)
class Overlap:
    """A person who holds two roles that should be apart."""

    person: Person
    roles: tuple[Role, Role]


@dataclass(frozen=True)
class Clash:
    """A person who acted in several roles on one agreement; ``person`` is ``None`` once erased."""

    agreement: AgreementId
    person: Person | None
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Duties:
    """What an administrator should look at; ``offices`` says who approves for each."""

    overlaps: tuple[Overlap, ...]
    clashes: tuple[Clash, ...]
    offices: dict[Office, tuple[Person, ...]]


def duties(house: Installation, *, newest: int | None = NEWEST) -> Duties:
    """Return the report on the people there are, and on the ``newest`` agreements that moved last (``None``: all)."""
    people = house.people.everyone()
    behind = {person.commitment: person for person in people}
    overlaps = [
        Overlap(person, pair) for person in people for pair in combinations(_ordered(person.roles), 2) if pair in APART
    ]
    clashes = [
        Clash(agreement, behind.get(commitment), _ordered(roles))
        for agreement, found in several_roles(house.engine, newest=newest).items()
        for commitment, roles in found.items()
    ]
    offices = {office: tuple(person for person in people if office in person.offices) for office in Office}
    return Duties(tuple(overlaps), tuple(clashes), offices)


def _ordered(roles: frozenset[Role] | tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(role for role in Role if role in roles)
