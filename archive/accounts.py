"""Accounts, sessions and personal tokens: how people prove to the portal who they are. All of it can be erased.

Of passwords an argon2 hash is kept, of cookies and tokens a SHA-256: they are 32 random bytes, so nothing is guessed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select, update

from archive.account_tables import account_links, accounts, recovery_codes, sessions, tokens, tries
from archive.database import reading, writing
from schemas.evidence import Digest, Evidence, Instant
from schemas.installation_events import AccountAct

TOKEN_BYTES = 32


class Account(Evidence):
    """One account. ``password`` is an argon2 hash; ``second_factor`` an encrypted TOTP key (RFC 6238).

    ``last_step`` is the time step of the last one-time code taken, which is not taken again; ``subject`` who the
    person is at an OpenID provider (``issuer subject``). A closed account signs in no more.
    """

    email: str
    password: str | None = None
    second_factor: str | None = None
    last_step: int | None = None
    subject: str | None = None
    language: str | None = None
    made_at: Instant
    closed_at: Instant | None = None


class Session(Evidence):
    """One signed-in browser; ``proven`` once every factor asked for was given. Instants are in UTC."""

    token_hash: Digest
    email: str
    proven: bool
    begun_at: Instant
    seen_at: Instant
    ends_at: Instant


class PersonalToken(Evidence):
    """A token for the REST interface; it may do what its person may."""

    token_hash: Digest
    email: str
    label: str
    made_at: Instant
    ends_at: Instant
    used_at: Instant | None = None


def hash_of_token(token: str) -> Digest:
    """Return what is kept of a cookie or a token: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


class Accounts:
    """The accounts in one database; addresses are compared in lower case."""

    def __init__(self, engine: Engine, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._engine = engine
        self._random_bytes = random_bytes

    def find(self, email: str) -> Account | None:
        """Return the account with this address, if there is one."""
        with reading(self._engine) as connection:
            return find(connection, email)

    def find_subject(self, subject: str) -> Account | None:
        """Return the account of who is ``subject`` at an OpenID provider, if there is one."""
        with reading(self._engine) as connection:
            return _one(connection, accounts.c.subject == subject)

    def everyone(self) -> tuple[Account, ...]:
        """Return all accounts, by address."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.email)).mappings()
            return tuple(Account.model_validate(row) for row in rows)

    def keep(self, account: Account) -> None:
        """Insert an account, or put it in place of the one with its address."""
        with writing(self._engine) as connection:
            connection.execute(delete(accounts).where(accounts.c.email == account.email))
            connection.execute(insert(accounts), account.model_dump())

    def change(self, email: str, **values: object) -> None:
        """Set columns of an account and leave the others as they are."""
        with writing(self._engine) as connection:
            connection.execute(update(accounts).where(accounts.c.email == email).values(**values))

    def take_step(self, email: str, step: int) -> bool:
        """Note that the one-time code of ``step`` was used; ``False`` where it, or a later one, was used before."""
        unused = (accounts.c.last_step.is_(None)) | (accounts.c.last_step < step)
        with writing(self._engine) as connection:
            statement = update(accounts).where(accounts.c.email == email, unused)
            return bool(connection.execute(statement, {"last_step": step}).rowcount)

    def begin_session(self, email: str, *, proven: bool, now: datetime, lasts: timedelta) -> str:
        """Keep a new session of ``email`` and return its token, which is kept nowhere."""
        token = self._random_bytes(TOKEN_BYTES).hex()
        session = Session(
            token_hash=hash_of_token(token), email=email, proven=proven, begun_at=now, seen_at=now, ends_at=now + lasts
        )
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.ends_at <= now))
            connection.execute(insert(sessions), session.model_dump())
        return token

    def session(self, token: str, *, now: datetime, idle: timedelta) -> Session | None:
        """Return the session of a token, unless it has ended or nobody was seen for longer than ``idle``."""
        with reading(self._engine) as connection:
            statement = select(sessions).where(sessions.c.token_hash == hash_of_token(token))
            row = connection.execute(statement).mappings().one_or_none()
        if row is None:
            return None
        session = Session.model_validate(row)
        return session if now < session.ends_at and now - session.seen_at < idle else None

    def seen(self, session: Session, *, now: datetime) -> None:
        """Note that somebody was seen in a session."""
        with writing(self._engine) as connection:
            statement = update(sessions).where(sessions.c.token_hash == session.token_hash)
            connection.execute(statement, {"seen_at": now})

    def sessions_of(self, email: str, *, now: datetime) -> tuple[Session, ...]:
        """Return the sessions of an address that have not ended, the newest first."""
        with reading(self._engine) as connection:
            statement = select(sessions).where(sessions.c.email == email, sessions.c.ends_at > now)
            rows = connection.execute(statement.order_by(sessions.c.begun_at.desc())).mappings()
            return tuple(Session.model_validate(row) for row in rows)

    def end_session(self, token: str) -> None:
        """End one session."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == hash_of_token(token)))

    def end_session_of(self, email: str, token_hash: Digest) -> None:
        """End one session of an address by the hash of its token."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.email == email, sessions.c.token_hash == token_hash))

    def end_sessions(self, email: str, *, but: Digest | None = None) -> None:
        """End all sessions of an address, or all but the one whose token has the hash ``but``."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.email == email, sessions.c.token_hash != (but or "")))

    def make_token(self, email: str, label: str, *, now: datetime, lasts: timedelta) -> str:
        """Keep a new personal token and return it; it is kept nowhere."""
        token = self._random_bytes(TOKEN_BYTES).hex()
        kept = PersonalToken(
            token_hash=hash_of_token(token), email=email, label=label, made_at=now, ends_at=now + lasts
        )
        with writing(self._engine) as connection:
            connection.execute(insert(tokens), kept.model_dump())
        return token

    def token(self, token: str, *, now: datetime) -> PersonalToken | None:
        """Return what is known of a personal token that has not ended."""
        with reading(self._engine) as connection:
            statement = select(tokens).where(tokens.c.token_hash == hash_of_token(token), tokens.c.ends_at > now)
            row = connection.execute(statement).mappings().one_or_none()
        return None if row is None else PersonalToken.model_validate(row)

    def token_used(self, token: PersonalToken, *, now: datetime) -> None:
        """Note that a personal token was used."""
        with writing(self._engine) as connection:
            statement = update(tokens).where(tokens.c.token_hash == token.token_hash)
            connection.execute(statement, {"used_at": now})

    def tokens_of(self, email: str) -> tuple[PersonalToken, ...]:
        """Return the personal tokens of an address, the oldest first."""
        with reading(self._engine) as connection:
            statement = select(tokens).where(tokens.c.email == email).order_by(tokens.c.made_at)
            return tuple(PersonalToken.model_validate(row) for row in connection.execute(statement).mappings())

    def end_tokens(self, email: str) -> None:
        """End all personal tokens of an address."""
        with writing(self._engine) as connection:
            connection.execute(delete(tokens).where(tokens.c.email == email))

    def end_token(self, email: str, token_hash: Digest) -> None:
        """End a personal token of an address."""
        with writing(self._engine) as connection:
            connection.execute(delete(tokens).where(tokens.c.email == email, tokens.c.token_hash == token_hash))

    def tried(self, subject: Digest, *, now: datetime, window: timedelta) -> int:
        """Count one more try of ``subject`` in the present window and return how many there were, this one included."""
        begin = datetime.fromtimestamp(now.timestamp() // window.total_seconds() * window.total_seconds(), now.tzinfo)
        same = (tries.c.subject == subject) & (tries.c.window == begin)
        with writing(self._engine) as connection:
            connection.execute(delete(tries).where(tries.c.window < now - timedelta(days=1)))
            if not connection.execute(update(tries).where(same).values(count=tries.c.count + 1)).rowcount:
                connection.execute(insert(tries), {"subject": subject, "window": begin, "count": 1})
            return connection.execute(select(tries.c.count).where(same)).scalar_one()

    def forget_tries(self, subject: Digest) -> None:
        """Begin counting anew for ``subject``."""
        with writing(self._engine) as connection:
            connection.execute(delete(tries).where(tries.c.subject == subject))


def find(connection: Connection, email: str) -> Account | None:
    """Return the account with this address, if there is one."""
    return _one(connection, accounts.c.email == email.strip().lower())


def administer(connection: Connection, email: str, act: AccountAct, now: datetime) -> None:
    """Do to an account what an administrator does; who is invited has one from then on."""
    if act is AccountAct.INVITED:
        known = connection.execute(select(accounts.c.email).where(accounts.c.email == email)).scalar_one_or_none()
        if known is None:
            connection.execute(insert(accounts), Account(email=email, made_at=now).model_dump())
        return
    changes = {
        AccountAct.CLOSED: {"closed_at": now},
        AccountAct.REOPENED: {"closed_at": None},
        AccountAct.SECOND_FACTOR_RESET: {"second_factor": None, "last_step": None},
    }
    if act in changes:
        connection.execute(update(accounts).where(accounts.c.email == email).values(**changes[act]))
    if act is not AccountAct.REOPENED:
        connection.execute(delete(sessions).where(sessions.c.email == email))
    if act is AccountAct.SECOND_FACTOR_RESET:
        connection.execute(delete(recovery_codes).where(recovery_codes.c.email == email))
    if act is AccountAct.CLOSED:
        for table in (tokens, account_links):
            connection.execute(delete(table).where(table.c.email == email))


def erase(connection: Connection, email: str) -> int:
    """Delete account, sessions, tokens, links and codes of an address, and return how many rows that were."""
    return sum(
        connection.execute(delete(table).where(func.lower(table.c.email) == email.lower())).rowcount
        for table in (accounts, sessions, tokens, account_links, recovery_codes)
    )


def _one(connection: Connection, which: ColumnElement[bool]) -> Account | None:
    row = connection.execute(select(accounts).where(which)).mappings().one_or_none()
    return None if row is None else Account.model_validate(row)
