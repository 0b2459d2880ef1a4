"""The people table: the only place where the ledger's commitments have names, and from which names can be erased."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Row, insert, select, update

from archive import entries
from archive.database import reading, writing
from archive.proposals import unknown
from archive.tables import people
from schemas.errors import InputError
from schemas.evidence import Digest
from schemas.people import Office, Person, Role

RandomBytes = Callable[[int], bytes]
"""Returns that many unpredictable bytes."""


class People:
    """The people in one database; e-mail addresses are compared in lower case."""

    def __init__(self, engine: Engine, random_bytes: RandomBytes = secrets.token_bytes) -> None:
        self._engine = engine
        self._random_bytes = random_bytes

    def add(self, email: str, name: str, roles: Iterable[Role], offices: Iterable[Office] = ()) -> Person:
        """Add a person, or add ``roles`` and ``offices`` to one who is there; see :func:`add`."""
        with writing(self._engine) as connection:
            return add(connection, email, name, roles, self._random_bytes, offices=offices)

    def get(self, email: str) -> Person:
        """Return the person with this address; raises :class:`Refused`, proposing the nearest, where there is none."""
        with reading(self._engine) as connection:
            return get(connection, email)

    def find(self, email: str) -> Person | None:
        """Return the person with this address, if there is one."""
        with reading(self._engine) as connection:
            return find(connection, email)

    def everyone(self, *, role: Role | None = None) -> tuple[Person, ...]:
        """Return all people, or those with ``role``, by address."""
        with reading(self._engine) as connection:
            found = tuple(_parsed(row) for row in connection.execute(select(people).order_by(people.c.email)))
        return tuple(person for person in found if role is None or role in person.roles)

    def behind(self, commitment: Digest) -> Person | None:
        """Return the person the ledger means by ``commitment``, or ``None`` once erased."""
        with reading(self._engine) as connection:
            return behind(connection, commitment)


def add(
    connection: Connection,
    email: str,
    name: str,
    roles: Iterable[Role],
    random_bytes: RandomBytes,
    *,
    offices: Iterable[Office] = (),
) -> Person:
    """Add a person with a fresh salt, or add ``roles`` and ``offices`` to the one with this address, and return them.

    A reviewer of no office approves for the legal one.
    Whoever is there already takes another ``name`` as long as the ledger does not speak of them; from their first act,
    or from being named a delegate, they keep it, as the ledger's commitments bind address and name together. Raises
    :class:`InputError` for what is no address, no name or no role.
    """
    email, name, wanted = _folded(email), name.strip(), set(roles)
    if not name or not wanted:
        raise InputError("a person has a name and at least one role", got=f"{name!r}, {len(wanted)} roles")
    found = find(connection, email)
    if found is None:
        offices = _held(wanted, offices)
        return _inserted(connection, email, random_bytes, name=name, roles=_ordered(wanted), offices=offices)
    renamed = name if name != found.name and not _acted(connection, found.commitment) else found.name
    roles = {*found.roles, *wanted}
    held = _held(roles, {*found.offices, *offices})
    person = found.model_copy(update={"name": renamed, "roles": _ordered(roles), "offices": held})
    if person != found:
        values = {**_columns(person), "commitment": person.commitment}
        connection.execute(update(people).where(people.c.email == email), values)
    return person


def known_or_named(
    connection: Connection, email: str, name: str, random_bytes: RandomBytes = secrets.token_bytes
) -> Person:
    """Return the person with this address, with the name they have, or add one called ``name`` who holds no role yet.

    Raises :class:`InputError` for what is no address.
    """
    return find(connection, email) or _inserted(connection, _folded(email), random_bytes, name=name.strip(), roles=())


def give_roles(connection: Connection, email: str, roles: Iterable[Role], offices: Iterable[Office]) -> Person:
    """Put these roles and offices in place of those a person holds, and return them.

    Raises :class:`Refused` for an unknown address, :class:`InputError` for no role and for offices of no reviewer.
    """
    found, wanted = get(connection, email), set(roles)
    if not wanted:
        raise InputError("a person has at least one role", got="none", expected="at least one role")
    person = found.model_copy(update={"roles": _ordered(wanted), "offices": _held(wanted, offices)})
    connection.execute(update(people).where(people.c.email == person.email), _columns(person))
    return person


def get(connection: Connection, email: str) -> Person:
    """Return the person with this address; raises :class:`Refused`, proposing the nearest, where there is none."""
    if (person := find(connection, email)) is None:
        raise unknown("person", email, list(connection.execute(select(people.c.email)).scalars()))
    return person


def find(connection: Connection, email: str) -> Person | None:
    """Return the person with this address, if there is one."""
    row = connection.execute(select(people).where(people.c.email == _folded(email))).one_or_none()
    return None if row is None else _parsed(row)


def behind(connection: Connection, commitment: Digest) -> Person | None:
    """Return the person the ledger means by ``commitment``, or ``None`` once erased."""
    row = connection.execute(select(people).where(people.c.commitment == commitment)).one_or_none()
    return None if row is None else _parsed(row)


def _inserted(connection: Connection, email: str, random_bytes: RandomBytes, **given: object) -> Person:
    try:
        person = Person(email=email, salt=random_bytes(32).hex(), **given)  # pyrefly: ignore  # pydantic checks them
    except ValidationError as cause:
        raise InputError("that is no e-mail address", got=repr(email), expected="name@host.domain") from cause
    connection.execute(insert(people), {**_columns(person), "commitment": person.commitment})
    return person


def _acted(connection: Connection, commitment: Digest) -> bool:
    """Whether an entry of the ledger speaks of the person behind ``commitment``; looks through all of them."""
    return any(
        commitment in {entry.actor.person, getattr(entry.event, "delegate", None), getattr(entry.event, "person", None)}
        for entry in (recorded.entry for recorded in entries.every(connection))
    )


def _folded(email: str) -> str:
    return email.strip().lower()


def _ordered(roles: set[Role]) -> tuple[Role, ...]:
    return tuple(role for role in Role if role in roles)


def _held(roles: set[Role], offices: Iterable[Office]) -> tuple[Office, ...]:
    held = set(offices)
    if held and Role.REVIEWER not in roles:
        raise InputError(
            "only a reviewer approves for an office", got=", ".join(sorted(held)), expected="the role reviewer"
        )
    if Role.REVIEWER in roles and not held:
        held = {Office.LEGAL}
    return tuple(office for office in Office if office in held)


def _columns(person: Person) -> dict[str, object]:
    return {**person.model_dump(), "roles": " ".join(person.roles), "offices": " ".join(person.offices)}


def _parsed(row: Row) -> Person:
    return Person(
        email=row.email,
        name=row.name,
        roles=tuple(Role(role) for role in row.roles.split()),
        offices=tuple(Office(office) for office in row.offices.split()),
        salt=row.salt,
    )
