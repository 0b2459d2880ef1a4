"""The catalogue: agreements found by what people remember of them, and listed page by page.

Full text is searched by what the database brings along, FTS5 in SQLite and ``tsvector`` in PostgreSQL. Words are folded
here, before either sees them, so that both find the same: letters and digits only, in lower case, without accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, NotRequired, TypedDict, Unpack

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    update,
)

from archive import tables
from archive.database import reading, writing
from archive.register import RegisterRow, row_from
from schemas.evidence import Digest, Evidence
from schemas.state import Stage

AT_AN_END = (Stage.ARCHIVED, Stage.ENDED, Stage.DISPOSED)
LONGEST_WORD = 60
MANY = 1000
"""From so many agreements on, words are held by many."""
MOST_COUNTED = 1000
MOST_WORDS = 12
"""So many words of a question count; the rest is passed over."""
ID_START = re.compile(r"[A-Z][A-Z0-9-]*", re.IGNORECASE)
DIGEST_START = re.compile(r"[0-9a-f]{8,64}")

agreements, catalogue, named_digests = tables.agreements, tables.catalogue, tables.named_digests
WAITS, DELEGATES = (" " + column + " " for column in (agreements.c.waits_for, agreements.c.delegates))
"""Lists of the register, with a space on each side of every word."""


class Line(Evidence):
    """One line of a list: what the register and the catalogue say of an agreement."""

    row: RegisterRow
    parties: tuple[str, ...] = ()
    project: str = ""


class Key(NamedTuple):
    """Where a page of a list ends: the next one begins after it."""

    updated_at: datetime
    id: str


class Named(Evidence):
    """People as the register and the catalogue know them: commitments to owners, addresses of signatories."""

    owners: tuple[Digest, ...] = ()
    emails: tuple[str, ...] = ()


class Entered(TypedDict):
    """What is entered of an agreement: its words are those of ``texts``, and those of ``without`` are left out.

    ``signatories`` are their addresses by their ids.
    """

    parties: Sequence[str]
    project: str
    signatories: Mapping[str, str]
    texts: Iterable[str]
    without: NotRequired[Iterable[str]]


class Wanted(Evidence):
    """Which agreements are listed; what is ``None`` or empty does not matter.

    ``waits_for`` lists those that wait for one of these; ``overdue_on`` those still to be signed whose last day to sign
    is before that day; ``not_owner`` those that somebody else requested. ``signatory`` is an address: ``in_turn`` of
    those it signs lists only what waits for it now; ``delegate`` what waits for a confirmed delegate, by the commitment
    to them. ``owners`` and ``emails`` are whom ``asked`` names as well: commitments to owners, addresses of
    signatories. ``person`` lists what one of these people requested or signs; ``year`` is that of the request,
    ``digest`` the beginning of a digest; ``archived_from`` and ``archived_before`` are instants.
    """

    stages: tuple[Stage, ...] = ()
    document_type: str | None = None
    owner: Digest | None = None
    not_owner: Digest | None = None
    waits_for: tuple[str, ...] = ()
    overdue_on: date | None = None
    signatory: str | None = None
    in_turn: bool = False
    delegate: Digest | None = None
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


class Catalogue:
    """The catalogue in one database; safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enter(self, agreement: str, draft: int, **what: Unpack[Entered]) -> None:
        """Enter an agreement in place of what stood there of it; see :func:`enter`."""
        with writing(self._engine) as connection:
            enter(connection, agreement, draft, **what)

    def page(self, wanted: Wanted, *, after: Key | None = None, limit: int = 25) -> tuple[Line, ...]:
        """Return at most ``limit`` lines after ``after``, those that changed last first."""
        order = (agreements.c.updated_at.desc(), agreements.c.id.desc())
        statement = self._listed(wanted).order_by(*order).limit(limit)
        if after is not None:
            before = tuple_(agreements.c.updated_at, agreements.c.id) < tuple_(
                literal(after.updated_at, tables.InstantText), after.id
            )
            statement = statement.where(before)
        return self._lines(statement)

    def urgent(self, wanted: Wanted, *, limit: int = 25) -> tuple[Line, ...]:
        """Return at most ``limit`` lines, those to be signed soonest first, then the longest-waiting."""
        undated = case((agreements.c.sign_by.is_(None), 1), else_=0)
        order = (undated, agreements.c.sign_by, agreements.c.since, agreements.c.id)
        # chosen by their ids alone: all that wait would be sorted whole, beside their words
        first = self._listed(wanted, agreements.c.id).order_by(*order).limit(limit)
        return self._lines(self._listed(Wanted()).where(agreements.c.id.in_(first)).order_by(*order))

    def in_stage(self, wanted: Wanted, stages: Sequence[Stage], *, limit: int) -> tuple[tuple[Line, ...], int]:
        """Return the longest-waiting lines of some stages, at most ``limit``, and how many there are in all.

        Of a search at most :data:`MOST_COUNTED` are counted.
        """
        there = wanted.model_copy(update={"stages": tuple(stages)})
        order = (agreements.c.since, agreements.c.id)
        # each stage by its index, in its order: sorting several would read all of them
        alone = (wanted.model_copy(update={"stages": (stage,)}) for stage in stages)
        found = [line for one in alone for line in self._lines(self._listed(one).order_by(*order).limit(limit))]
        lines = tuple(sorted(found, key=lambda line: (line.row.since, line.row.id))[:limit])
        if there.asked.strip() or there.party:
            matching = self._listed(there, agreements.c.id).limit(MOST_COUNTED)
        else:
            matching = select(agreements.c.id).where(*self._conditions(there))
        with reading(self._engine) as connection:
            return lines, connection.execute(select(func.count()).select_from(matching.subquery())).scalar_one()

    def document_types(self) -> tuple[str, ...]:
        """Return the types of which there are agreements, by name."""
        # from one type to the next in the index: a DISTINCT would read all of it
        found: list[str] = []
        with reading(self._engine) as connection:
            kind = agreements.c.document_type
            while (
                following := connection.execute(select(func.min(kind)).where(kind > _last(found))).scalar()
            ) is not None:
                found.append(following)
        return tuple(found)

    def _lines(self, statement: Select[tuple[object, ...]]) -> tuple[Line, ...]:
        with reading(self._engine) as connection:
            return tuple(_line(row) for row in connection.execute(statement).mappings())

    def _listed(self, wanted: Wanted, *columns: ColumnElement[str]) -> Select[tuple[object, ...]]:
        chosen = columns or (agreements, catalogue.c.parties, catalogue.c.project)
        entered = agreements.outerjoin(catalogue, catalogue.c.agreement == agreements.c.id)
        return select(*chosen).select_from(entered).where(*self._conditions(wanted))

    def _conditions(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if wanted.stages:
            values = [stage.value for stage in wanted.stages]
            conditions.append(agreements.c.stage.in_(values) if len(values) > 1 else agreements.c.stage == values[0])
        if wanted.document_type is not None:
            conditions.append(agreements.c.document_type == wanted.document_type)
        if wanted.owner is not None:
            conditions.append(agreements.c.owner == wanted.owner)
        if wanted.not_owner is not None:
            conditions.append(agreements.c.owner.is_distinct_from(wanted.not_owner))
        if wanted.waits_for:
            conditions.append(or_(*(WAITS.contains(f" {one} ", autoescape=True) for one in wanted.waits_for)))
        if wanted.overdue_on is not None:
            conditions.append(agreements.c.sign_by < wanted.overdue_on.isoformat())
            conditions.append(agreements.c.stage.not_in([stage.value for stage in AT_AN_END]))
        if wanted.signatory is not None:
            conditions.append(agreements.c.id.in_(_naming([wanted.signatory])))
            if wanted.in_turn:
                conditions.append(_in_turn(wanted.signatory))
        if wanted.delegate is not None:
            conditions.append(DELEGATES.contains(f":{wanted.delegate} ", autoescape=True))
        if wanted.asked.strip():
            conditions.append(or_(*self._meant(wanted)))
        return [*conditions, *_audited(wanted)]

    def _meant(self, wanted: Wanted) -> list[ColumnElement[bool]]:
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
            meant.append(self._holding(words))
        return meant

    def _holding(self, words: Sequence[str]) -> ColumnElement[bool]:
        """Return what is true of agreements that hold every word, or one that begins with it.

        Few are found by the index. Words that many hold are looked for in one agreement after the other, which comes
        to a page's end soon: the index would name all of them first.
        """
        with reading(self._engine) as connection:
            few = connection.execute(self._indexed(words).limit(MANY)).scalars().all()
        if len(few) < MANY:
            return agreements.c.id.in_(few)
        if self._engine.dialect.name == "postgresql":
            return _matching(words)
        spaced = " " + catalogue.c.words
        return and_(*(spaced.contains(f" {word}", autoescape=True) for word in words))

    def _indexed(self, words: Sequence[str]) -> Select[tuple[str]]:
        if self._engine.dialect.name == "sqlite":
            query = " AND ".join(f'"{word}"*' for word in words)
            found = text("SELECT rowid FROM catalogue_words WHERE catalogue_words MATCH :words").bindparams(words=query)
            return select(catalogue.c.agreement).where(catalogue.c.number.in_(found.columns(catalogue.c.number)))
        return select(catalogue.c.agreement).where(_matching(words))


def enter(connection: Connection, agreement: str, draft: int, **what: Unpack[Entered]) -> None:
    """Enter an agreement in place of what stood there of it; an older draft changes nothing."""
    gone = {word for one in what.get("without", ()) for word in folded(one)}
    words = dict.fromkeys(word for one in what["texts"] for word in folded(one) if word not in gone)
    values = {
        "draft": draft,
        "parties": "\n".join(what["parties"]),
        "project": what["project"],
        "words": " ".join(words),
    }
    same = catalogue.c.agreement == agreement
    known = connection.execute(select(catalogue.c.draft).where(same)).scalar_one_or_none()
    if known is not None and known > draft:
        return
    if known is None:
        connection.execute(insert(catalogue), {"agreement": agreement, **values})
    else:
        connection.execute(update(catalogue).where(same), values)
    people = tables.catalogue_people
    connection.execute(delete(people).where(people.c.agreement == agreement))
    if named := what["signatories"]:
        rows = [
            {"agreement": agreement, "signatory": its_id, "email": email.strip().lower()}
            for its_id, email in named.items()
        ]
        connection.execute(insert(people), rows)


def forget_agreement(connection: Connection, agreement: str) -> None:
    """Delete what the catalogue holds of an agreement."""
    for table in (catalogue, tables.catalogue_people):
        connection.execute(delete(table).where(table.c.agreement == agreement))
    _overwrite(connection)


def forget_person(connection: Connection, email: str, name: str) -> None:
    """Delete a person's address from the catalogue, and the words of their name from the agreements they sign."""
    people, address = tables.catalogue_people, email.strip().lower()
    named = connection.execute(select(people.c.agreement).where(people.c.email == address)).scalars().all()
    gone = {*folded(name), *folded(address)}
    for agreement in named:
        same = catalogue.c.agreement == agreement
        words = connection.execute(select(catalogue.c.words).where(same)).scalar_one_or_none() or ""
        kept = " ".join(word for word in words.split() if word not in gone)
        connection.execute(update(catalogue).where(same), {"words": kept})
    connection.execute(delete(people).where(people.c.email == address))
    _overwrite(connection)


def _overwrite(connection: Connection) -> None:
    """Have SQLite's index drop what was deleted from it, which it otherwise keeps until it tidies up by itself."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO catalogue_words (catalogue_words) VALUES ('optimize')"))


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
    people = tables.catalogue_people
    return select(people.c.agreement).where(people.c.email.in_([email.strip().lower() for email in emails]))


def _in_turn(email: str) -> ColumnElement[bool]:
    """Return what is true of agreements that wait for a signatory who signs in person; ids hold no wildcards."""
    people = tables.catalogue_people.c
    own = (people.agreement == agreements.c.id) & (people.email == email.strip().lower())
    awaited = WAITS.like("% signatory:" + people.signatory + " %")
    return exists().where(own, awaited, DELEGATES.not_like("% " + people.signatory + ":%"))


def _last(found: Sequence[str]) -> str:
    return found[-1] if found else ""


def _line(row: RowMapping) -> Line:
    return Line(
        row=row_from(row),
        parties=tuple((row["parties"] or "").splitlines()),
        project=row["project"] or "",
    )
