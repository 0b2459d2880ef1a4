"""Links sent to signatories and the one-time codes asked for with them: only hashes are kept.

::

    issued ──code──> code sent ──right code──> (the signature) ──> used
                         │ wrong code, or another code: one attempt gone; after five a new link is needed
    replaced by a newer one, or for a draft that is no more: it signs nothing
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Engine, insert, select, update

from archive.database import reading, writing
from archive.tables import sign_links
from schemas.evidence import Digest, Evidence, Instant, SignatoryId

MAXIMUM_ATTEMPTS = 5
"""With six digits, the chance to guess a code is at most one in 200,000."""


class SignLink(Evidence):
    """One link: to whom it was sent (``person``, a commitment), for which field and prepared file (``base``).

    And what became of it. Instants are in UTC.
    """

    link_hash: Digest
    agreement: str
    signatory: SignatoryId
    person: Digest
    base: Digest
    expires_at: Instant
    code_hash: Digest | None = None
    code_expires_at: Instant | None = None
    attempts: int = 0
    used_at: Instant | None = None
    replaced: bool = False
    shown: Digest | None = None
    """The newest file whose pages the person went through."""

    @property
    def exhausted(self) -> bool:
        """Whether no attempt is left."""
        return self.attempts_left <= 0

    @property
    def attempts_left(self) -> int:
        """How often a code may still be tried, or another one asked for."""
        return MAXIMUM_ATTEMPTS - self.attempts


class Tried(StrEnum):
    """What came of entering a code."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    NONE_SENT = "none sent"
    EXHAUSTED = "exhausted"


def hash_of_link(link: str) -> Digest:
    """Return what is kept of a link: its SHA-256."""
    return hashlib.sha256(link.encode()).hexdigest()


def hash_of_code(link: str, code: str) -> Digest:
    """Return what is kept of a code: HMAC-SHA-256 under its link, as six digits alone would be found by trying."""
    return hmac.new(link.encode(), code.encode(), "sha256").hexdigest()


class SignLinks:
    """The links in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def issue(self, link: SignLink, *, void_others: bool = False) -> None:
        """Keep a link; with ``void_others`` those sent before to the same person for this field work no longer."""
        with writing(self._engine) as connection:
            shown = _shown(connection, link.agreement, link.signatory, link.person)
            if void_others:
                void(connection, link.agreement, link.signatory, person=link.person)
            connection.execute(insert(sign_links), link.model_copy(update={"shown": shown}).model_dump())

    def replace(self, link: SignLink) -> None:
        """Have a link work no longer, as another was sent in its place; a used one stays as it is."""
        links = sign_links.c
        unused = (links.link_hash == link.link_hash, links.used_at.is_(None))
        with writing(self._engine) as connection:
            connection.execute(update(sign_links).where(*unused).values(replaced=True, code_hash=None))

    def holds_good_one(
        self, agreement: str, signatory: SignatoryId, person: Digest, *, base: Digest, now: datetime
    ) -> bool:
        """Whether a person holds a link for a field and file that was not replaced and has not expired."""
        links = sign_links.c
        good = (links.base == base, links.replaced.is_(False), links.expires_at >= now)
        statement = select(links.link_hash).where(*_of(agreement, signatory, person), *good).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(statement).first() is not None

    def find(self, link: str) -> SignLink | None:
        """Return what is known of a link, if it was ever issued."""
        with reading(self._engine) as connection:
            return _find(connection, hash_of_link(link))

    def shown(self, agreement: str, signatory: SignatoryId, person: Digest) -> Digest | None:
        """Return the newest file whose pages a person went through before signing in a field, if there is one."""
        with reading(self._engine) as connection:
            return _shown(connection, agreement, signatory, person)

    def note_shown(self, agreement: str, signatory: SignatoryId, person: Digest, pdf: Digest) -> None:
        """Remember that a person went through the pages of a file."""
        with writing(self._engine) as connection:
            connection.execute(update(sign_links).where(*_of(agreement, signatory, person)).values(shown=pdf))

    def set_code(self, link: str, code: str, until: datetime) -> SignLink | None:
        """Keep a code for a link, in place of the one before, and return the link; another code costs an attempt.

        ``None`` where no attempt is left.
        """
        with writing(self._engine) as connection:
            kept = _find(connection, hash_of_link(link))
            if kept is None or kept.replaced or kept.exhausted:
                return None
            attempts = kept.attempts + (kept.code_hash is not None)
            if attempts >= MAXIMUM_ATTEMPTS:
                _change(connection, kept, attempts=attempts)
                return None
            return _change(
                connection, kept, attempts=attempts, code_hash=hash_of_code(link, code), code_expires_at=until
            )

    def try_code(self, link: str, code: str, now: datetime) -> Tried:
        """Return whether ``code`` is the one sent; a wrong one is counted before the answer is given."""
        with writing(self._engine) as connection:
            kept = _find(connection, hash_of_link(link))
            if kept is None or kept.replaced or kept.code_hash is None or kept.code_expires_at is None:
                return Tried.NONE_SENT
            if kept.exhausted:
                return Tried.EXHAUSTED
            if now > kept.code_expires_at:
                return Tried.EXPIRED
            if hmac.compare_digest(hash_of_code(link, code), kept.code_hash):
                return Tried.RIGHT
            tried = _change(connection, kept, attempts=kept.attempts + 1)
            return Tried.EXHAUSTED if tried.exhausted else Tried.WRONG


def use(connection: Connection, link: str, now: datetime) -> bool:
    """Note that a link was used, and return whether this call did it.

    Its code stays, so that who repeats the right one is told apart from who tries another.
    """
    links = sign_links.c
    unused = (links.link_hash == hash_of_link(link), links.used_at.is_(None), links.replaced.is_(False))
    statement = update(sign_links).where(*unused).values(used_at=now)
    return connection.execute(statement).rowcount == 1


def void(connection: Connection, agreement: str, signatory: SignatoryId, *, person: Digest | None = None) -> None:
    """Make every unused link to sign in the field of ``signatory`` good for nothing: all, or those of one person."""
    links = sign_links.c
    statement = update(sign_links).where(
        links.agreement == agreement, links.signatory == signatory, links.used_at.is_(None)
    )
    if person is not None:
        statement = statement.where(links.person == person)
    connection.execute(statement.values(replaced=True, code_hash=None))


def _find(connection: Connection, link_hash: Digest) -> SignLink | None:
    row = connection.execute(select(sign_links).where(sign_links.c.link_hash == link_hash)).mappings().one_or_none()
    return None if row is None else SignLink.model_validate(dict(row))


def _of(agreement: str, signatory: SignatoryId, person: Digest) -> tuple[ColumnElement[bool], ...]:
    links = sign_links.c
    return (links.agreement == agreement, links.signatory == signatory, links.person == person)


def _shown(connection: Connection, agreement: str, signatory: SignatoryId, person: Digest) -> Digest | None:
    links = sign_links.c
    statement = select(links.shown).where(*_of(agreement, signatory, person), links.shown.is_not(None)).limit(1)
    return connection.execute(statement).scalar_one_or_none()


def _change(connection: Connection, link: SignLink, **values: object) -> SignLink:
    connection.execute(update(sign_links).where(sign_links.c.link_hash == link.link_hash).values(**values))
    return link.model_copy(update=values)
