"""Which agreements a list shows, as a database is asked for them.

Full text is searched by what the database brings along, FTS5 in SQLite and ``tsvector`` in PostgreSQL. Words are folded
here, before either sees them, so that both find the same: letters and digits only, in lower case, without accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, literal_column, or_, select, text

from archive.tables import agreements, catalogue, catalogue_people, named_digests
from schemas.evidence import Digest, Evidence
from schemas.state import Stage

AT_AN_END = (Stage.ARCHIVED, Stage.ENDED, Stage.DISPOSED)
LONGEST_WORD = 60
MANY = 1000
"""From so many agreements on, words are held by many."""
MOST_WORDS = 12
"""So many words of a question count; the rest is passed over."""
ID_START = re.compile(r"[A-Z][A-Z0-9-]*", re.IGNORECASE)
DIGEST_START = re.compile(r"[0-9a-f]{8,64}")


class Named(Evidence):
    """People as the register and the catalogue know them: commitments to owners, addresses of signatories."""

    owners: tuple[Digest, ...] = ()
    emails: tuple[str, ...] = ()


class Wanted(Evidence):
    """Which agreements are listed; what is ``None`` or empty does not matter.

    ``overdue_on`` lists those still to be signed whose last day to sign is before that day; ``signatory`` is an
    address. ``owners`` and ``emails`` are whom ``asked`` names as well: commitments to owners, addresses of
    signatories. ``person`` lists what one of these people requested or signs; ``year`` is that of the request,
    ``digest`` the beginning of a digest; ``archived_from`` and ``archived_before`` are instants.
    """

    stages: tuple[Stage, ...] = ()
    document_type: str | None = None
    owner: Digest | None = None
    overdue_on: date | None = None
    signatory: str | None = None
    asked: str = ""
    owners: tuple[Digest, ...] = ()
    emails: tuple[str, ...] = ()
    party: str = ""
    person: Named | None = None
    year: int | None = None
    digest: str = ""
    level: str | None = None
    way: str | None = None
    archived_from: datetime | None = None
    archived_before: datetime | None = None


def folded(text_: str) -> list[str]:
    """Return the words of a text as they are compared: letters and digits, in lower case, without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text_.casefold()) if not unicodedata.combining(c))
    return [word[:LONGEST_WORD] for word in "".join(c if c.isalnum() else " " for c in plain).split()]


def conditions(connection: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what is true of the agreements that are wanted."""
    found: list[ColumnElement[bool]] = []
    if wanted.stages:
        found.append(in_stage(wanted.stages))
    if wanted.document_type is not None:
        found.append(agreements.c.document_type == wanted.document_type)
    if wanted.owner is not None:
        found.append(agreements.c.owner == wanted.owner)
    if wanted.overdue_on is not None:
        found.append(agreements.c.sign_by < wanted.overdue_on.isoformat())
        found.append(agreements.c.stage.not_in([stage.value for stage in AT_AN_END]))
    if wanted.signatory is not None:
        found.append(agreements.c.id.in_(_naming([wanted.signatory])))
    if wanted.asked.strip():
        found.append(or_(*_meant(connection, wanted)))
    return [*found, *_audited(wanted)]


def _meant(connection: Connection, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what a question may mean: an id, a digest, words, an owner, a signatory."""
    asked, its_id = wanted.asked.strip(), agreements.c.id
    meant: list[ColumnElement[bool]] = [false()]
    if ID_START.fullmatch(asked):
        meant.append(its_id.between(asked.upper(), asked.upper() + "~"))
    if DIGEST_START.fullmatch(asked.lower()):
        meant.append(its_id.in_(_naming_digest(asked)))
    if wanted.owners:
        meant.append(agreements.c.owner.in_(wanted.owners))
    if wanted.emails:
        meant.append(its_id.in_(_naming(wanted.emails)))
    if words := folded(asked)[:MOST_WORDS]:
        meant.append(_holding(connection, words))
    return meant


def _holding(connection: Connection, words: Sequence[str]) -> ColumnElement[bool]:
    """Return what is true of agreements that hold every word, or one that begins with it.

    Few are found by the index. Words that many hold are looked for in one agreement after the other, which comes
    to a page's end soon: the index would name all of them first.
    """
    few = connection.execute(_indexed(connection, words).limit(MANY)).scalars().all()
    if len(few) < MANY:
        return agreements.c.id.in_(few)
    if connection.dialect.name == "postgresql":
        return _matching(words)
    spaced = " " + catalogue.c.words
    return and_(*(spaced.contains(f" {word}", autoescape=True) for word in words))


def _indexed(connection: Connection, words: Sequence[str]) -> Select[tuple[str]]:
    if connection.dialect.name == "sqlite":
        query = " AND ".join(f'"{word}"*' for word in words)
        found = text("SELECT rowid FROM catalogue_words WHERE catalogue_words MATCH :words").bindparams(words=query)
        return select(catalogue.c.agreement).where(catalogue.c.number.in_(found.columns(catalogue.c.number)))
    return select(catalogue.c.agreement).where(_matching(words))


def in_stage(stages: Sequence[Stage]) -> ColumnElement[bool]:
    """Return what is true of agreements in one of these stages."""
    values = [stage.value for stage in stages]
    # of one, the database reads an index in its order
    return agreements.c.stage == values[0] if len(values) == 1 else agreements.c.stage.in_(values)


def _audited(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """Yield what only auditors ask for."""
    columns = agreements.c
    if wanted.party:
        named = catalogue.c.parties.icontains(wanted.party, autoescape=True)
        yield columns.id.in_(select(catalogue.c.agreement).where(named))
    if wanted.person is not None:
        yield or_(columns.owner.in_(wanted.person.owners), columns.id.in_(_naming(wanted.person.emails)))
    if wanted.year is not None:
        yield columns.id.contains(f"-{wanted.year:04d}-", autoescape=True)
    if wanted.digest:
        yield columns.id.in_(_naming_digest(wanted.digest)) if DIGEST_START.fullmatch(wanted.digest) else false()
    if wanted.level is not None:
        yield columns.level == wanted.level
    if wanted.way is not None:
        yield (" " + columns.ways + " ").contains(f" {wanted.way} ", autoescape=True)
    if wanted.archived_from is not None or wanted.archived_before is not None:
        yield columns.stage == Stage.ARCHIVED.value
    if wanted.archived_from is not None:
        yield columns.since >= wanted.archived_from
    if wanted.archived_before is not None:
        yield columns.since < wanted.archived_before


def _naming_digest(start: str) -> Select[tuple[str]]:
    between = named_digests.c.digest.between(start.lower(), start.lower() + "g")
    return select(named_digests.c.agreement).where(between)


def _matching(words: Sequence[str]) -> ColumnElement[bool]:
    """Return what PostgreSQL asks of an agreement that holds every word."""
    query = func.to_tsquery(literal_column("'simple'"), " & ".join(f"{word}:*" for word in words))
    return literal_column("catalogue.vector").bool_op("@@")(query)


def _naming(emails: Iterable[str]) -> Select[tuple[str]]:
    people = catalogue_people.c
    return select(people.agreement).where(people.email.in_([email.strip().lower() for email in emails]))
