"""Links to choose a password, and recovery codes: how people come back in. Each is good once; only hashes are kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, insert, select

from archive.account_tables import account_links, recovery_codes
from archive.accounts import TOKEN_BYTES, hash_of_token
from archive.database import reading, writing
from schemas.evidence import Digest


class AccountLinks:
    """The links in one database. Several of one address are good at a time, until one of them is used."""

    def __init__(self, engine: Engine, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._engine = engine
        self._random_bytes = random_bytes

    def make(self, email: str, *, now: datetime, lasts: timedelta) -> str:
        """Return a new link for an address, which is kept nowhere; those made before stay good until they end.

        So nobody who asks in somebody else's name spoils a link that person was sent.
        """
        link = self._random_bytes(TOKEN_BYTES).hex()
        row = {"link_hash": hash_of_token(link), "email": email, "made_at": now, "ends_at": now + lasts}
        with writing(self._engine) as connection:
            connection.execute(delete(account_links).where(account_links.c.ends_at <= now))
            connection.execute(insert(account_links), row)
        return link

    def good(self, email: str, *, now: datetime) -> int:
        """Return how many links of an address are good."""
        statement = select(func.count()).where(account_links.c.email == email, account_links.c.ends_at > now)
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one()

    def find(self, link: str, *, now: datetime) -> str | None:
        """Return the address a link was made for, unless it has ended or was used."""
        known = account_links.c.link_hash == hash_of_token(link)
        with reading(self._engine) as connection:
            statement = select(account_links.c.email).where(known, account_links.c.ends_at > now)
            return connection.execute(statement).scalar_one_or_none()

    def use(self, link: str, *, now: datetime) -> bool:
        """Forget a link, which is used, and return whether this call did it."""
        known = account_links.c.link_hash == hash_of_token(link)
        with writing(self._engine) as connection:
            return bool(connection.execute(delete(account_links).where(known, account_links.c.ends_at > now)).rowcount)

    def void(self, email: str) -> None:
        """Forget every link of an address."""
        with writing(self._engine) as connection:
            connection.execute(delete(account_links).where(account_links.c.email == email))


class RecoveryCodes:
    """The recovery codes in one database, by hashes that only whoever holds a secret can make."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def replace(self, email: str, hashes: Collection[Digest]) -> None:
        """Put these codes in place of those an address had."""
        with writing(self._engine) as connection:
            connection.execute(delete(recovery_codes).where(recovery_codes.c.email == email))
            if hashes:
                connection.execute(insert(recovery_codes), [{"email": email, "code_hash": one} for one in hashes])

    def use(self, email: str, code_hash: Digest) -> bool:
        """Take a code away, and return whether it was there."""
        which = (recovery_codes.c.email == email) & (recovery_codes.c.code_hash == code_hash)
        with writing(self._engine) as connection:
            return bool(connection.execute(delete(recovery_codes).where(which)).rowcount)

    def left(self, email: str) -> int:
        """Return how many codes an address has left."""
        statement = select(func.count()).select_from(recovery_codes).where(recovery_codes.c.email == email)
        with reading(self._engine) as connection:
            return connection.execute(statement).scalar_one()
