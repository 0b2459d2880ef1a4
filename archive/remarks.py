"""Free text the ledger commits to without holding it, such as a reviewer's comment; it can be erased."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert, select

from archive.database import reading
from archive.tables import remarks
from schemas.evidence import Digest, Evidence
from schemas.people import commit


class Remark(Evidence):
    """A remark with the salt that opens the ledger's commitment to it."""

    commitment: Digest
    salt: Digest
    text: str


def remember(connection: Connection, text: str, salt: Digest) -> Digest:
    """Keep ``text`` and return the commitment SHA-256(salt || RFC 8785 JSON of the text); twice is the same as once."""
    commitment = commit(text, salt)
    if find(connection, commitment) is None:
        connection.execute(insert(remarks), {"commitment": commitment, "salt": salt, "text": text})
    return commitment


def find(connection: Connection, commitment: Digest) -> Remark | None:
    """Return the remark behind ``commitment``, or ``None`` where it was erased or never kept."""
    row = connection.execute(select(remarks).where(remarks.c.commitment == commitment)).mappings().one_or_none()
    return None if row is None else Remark.model_validate(dict(row))


def forget(connection: Connection, commitment: Digest) -> None:
    """Delete a remark's text and salt; the ledger's commitment stays and says nothing any more."""
    connection.execute(delete(remarks).where(remarks.c.commitment == commitment))


class Remarks:
    """The remarks in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, commitment: Digest) -> Remark | None:
        """Return the remark behind ``commitment``, or ``None`` where it was erased or never kept."""
        with reading(self._engine) as connection:
            return find(connection, commitment)
