"""Personal data beside the ledger that can be erased.

That is what evidence records commit to, such as the address a link was sent to, and as whom a delegate was named.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, insert, select

from archive.database import reading
from archive.tables import openings
from schemas.evidence import Digest, Evidence, canonical_json
from schemas.people import commit


class Opening(Evidence):
    """What a commitment in a record stands for (RFC 8785 JSON), with its salt; ``person`` is whose it is."""

    commitment: Digest
    salt: Digest
    agreement: str
    person: Digest | None
    content: str


def remember(connection: Connection, content: object, salt: Digest, *, agreement: str, person: Digest | None) -> Digest:
    """Keep ``content`` (plain JSON types) erasably and return the commitment to it."""
    opening = Opening(
        commitment=commit(content, salt),
        salt=salt,
        agreement=agreement,
        person=person,
        content=canonical_json(content).decode(),
    )
    if find(connection, opening.commitment) is None:
        connection.execute(insert(openings), opening.model_dump())
    return opening.commitment


def find(connection: Connection, commitment: Digest) -> Opening | None:
    """Return what a commitment stands for, or ``None`` where it was erased or never kept."""
    row = connection.execute(select(openings).where(openings.c.commitment == commitment)).mappings().one_or_none()
    return None if row is None else Opening.model_validate(dict(row))


def of_person(connection: Connection, agreement: str, person: Digest) -> tuple[Opening, ...]:
    """Return everything that is kept of a person in an agreement, in no order."""
    its = (openings.c.agreement == agreement) & (openings.c.person == person)
    rows = connection.execute(select(openings).where(its)).mappings()
    return tuple(Opening.model_validate(dict(row)) for row in rows)


class Openings:
    """The openings in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, commitment: Digest) -> Opening | None:
        """Return what a commitment stands for, or ``None`` where it was erased or never kept."""
        with reading(self._engine) as connection:
            return find(connection, commitment)

    def of_person(self, agreement: str, person: Digest) -> tuple[Opening, ...]:
        """Return everything that is kept of a person in an agreement; see :func:`of_person`."""
        with reading(self._engine) as connection:
            return of_person(connection, agreement, person)
