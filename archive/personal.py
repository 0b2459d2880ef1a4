"""Everything the database knows of persons beside the ledger: erased for good, kept in backups, brought back from them.

What comes back from a backup is never somebody the ledger says was erased since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, delete, insert, select

from archive import accounts, entries, form_drafts, tables
from archive.catalogue import forget_agreement, forget_person
from archive.database import reading, writing
from archive.people import get
from schemas import events as ev
from schemas.errors import Invalid
from schemas.evidence import Digest, canonical_json
from schemas.installation import INSTALLATION
from schemas.people import Person

PERSONAL: tuple[Table, ...] = (tables.people, tables.remarks, tables.openings, tables.review_comments)
"""The tables whose rows open commitments of the ledger, and what reviewers said of drafts."""

SINCE_REVIEWS = frozenset({tables.review_comments.name})
"""What backups made before there were reviews in the portal do not hold."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What the ledger commits to of one person: their remarks, the agreements they acted in, the fields they signed."""

    remarks: frozenset[Digest]
    agreements: tuple[str, ...]
    signed: frozenset[tuple[str, str]]


def traces_of(connection: Connection, persons: frozenset[Digest]) -> Traces:
    """Return the traces of ``persons`` (commitments); looks through the whole ledger."""
    remarks, agreements, signed = set[Digest](), dict[str, None](), set[tuple[str, str]]()
    for recorded in entries.every(connection):
        entry = recorded.entry
        if entry.actor.person not in persons:
            continue
        if entry.agreement != INSTALLATION:
            agreements[entry.agreement] = None
        if (remark := getattr(entry.event, "remark", None)) is not None:
            remarks.add(remark)
        if isinstance(entry.event, ev.Signed):
            signed.add((entry.agreement, entry.event.signatory))
    return Traces(frozenset(remarks), tuple(agreements), frozenset(signed))


def erase_person(connection: Connection, email: str) -> Person:
    """Delete the rows that open the ledger's commitments to one person, and return whom they stood for.

    Their address, name and salt; the remarks they made; the openings of their click records and as whom they were named
    a delegate; links sent to them; what they said and uploaded in reviews; forms they began; their account with its
    sessions and tokens. Raises :class:`Refused` for an unknown address.
    """
    person = get(connection, email)
    traces = traces_of(connection, frozenset({person.commitment}))
    connection.execute(delete(tables.people).where(tables.people.c.email == person.email))
    accounts.erase(connection, person.email)
    for table in (tables.openings, tables.sign_links, tables.review_comments, tables.uploaded_edits):
        connection.execute(delete(table).where(table.c.person == person.commitment))
    for remark in traces.remarks:
        connection.execute(delete(tables.remarks).where(tables.remarks.c.commitment == remark))
    form_drafts.erase(connection, person.commitment)
    forget_person(connection, person.email, person.name)
    return person


def erase_agreement(connection: Connection, agreement: str) -> None:
    """Delete the rows that open the commitments of a disposed agreement, and the links sent to sign it.

    Whoever acted stays, as other agreements may speak of them, and so does the reason of the disposal itself.
    """
    for remark in _remarks_disposed_of(connection, frozenset({agreement})):
        connection.execute(delete(tables.remarks).where(tables.remarks.c.commitment == remark))
    for table in (tables.openings, tables.sign_links, tables.review_comments, tables.uploaded_edits):
        connection.execute(delete(table).where(table.c.agreement == agreement))
    forget_agreement(connection, agreement)


def erased_persons(connection: Connection) -> frozenset[Digest]:
    """Return the commitments of everybody the ledger says was erased."""
    events = (recorded.entry.event for recorded in entries.of_agreement(connection, INSTALLATION))
    return frozenset(event.person for event in events if isinstance(event, ev.PersonErased))


def dump_personal(engine: Engine) -> bytes:
    """Return the rows of the personal tables as RFC 8785 JSON, for an encrypted backup."""
    with reading(engine) as connection:
        rows = {table.name: [dict(row) for row in connection.execute(select(table)).mappings()] for table in PERSONAL}
    return canonical_json(rows)


def restore_personal(engine: Engine, dumped: bytes) -> int:
    """Put rows back that are not there, and return how many came back.

    Nobody comes back who was erased, and nothing of agreements that were disposed of.

    Raises :class:`Invalid` where ``dumped`` holds anything else than :func:`dump_personal` writes.
    """
    held = _read(dumped)
    with writing(engine) as connection:
        erased = erased_persons(connection)
        disposed = _disposed_agreements(connection)
        gone = traces_of(connection, erased).remarks | _remarks_disposed_of(connection, disposed)
        restored = 0
        for table in PERSONAL:
            key = next(iter(table.primary_key.columns))
            there = set(connection.execute(select(key)).scalars())
            rows = [
                row
                for row in held.get(table.name, ())
                if row[key.name] not in there
                and not {row.get("commitment"), row.get("person")} & erased
                and row.get("commitment") not in gone
                and row.get("agreement") not in disposed
            ]
            if rows:
                connection.execute(insert(table), rows)
            restored += len(rows)
    return restored


def _disposed_agreements(connection: Connection) -> frozenset[str]:
    entered = (recorded.entry for recorded in entries.every(connection))
    return frozenset(entry.agreement for entry in entered if isinstance(entry.event, ev.Disposed))


def _remarks_disposed_of(connection: Connection, disposed: frozenset[str]) -> frozenset[Digest]:
    """Return the remarks of disposed agreements; why they were disposed of is none: the certificate says it."""
    histories = [entries.of_agreement(connection, agreement) for agreement in sorted(disposed)]
    events = [recorded.entry.event for history in histories for recorded in history]
    remarks = (getattr(event, "remark", None) for event in events if not isinstance(event, ev.Disposed))
    return frozenset(remark for remark in remarks if remark is not None)


def _read(dumped: bytes) -> Mapping[str, list[dict[str, str | int | None]]]:
    try:
        held = json.loads(dumped)
        expected = {table.name: {column.name for column in table.columns} for table in PERSONAL}
        known = held.keys() in (expected.keys(), expected.keys() - SINCE_REVIEWS)
        if known and all(set(row) == expected[name] for name in held for row in held[name]):
            return held
    except (ValueError, AttributeError, TypeError) as cause:
        raise Invalid("the personal data of a backup cannot be read", got=type(cause).__name__) from cause
    raise Invalid(
        "the personal data of a backup is of another version",
        got=", ".join(sorted(held)),
        expected=", ".join(sorted(expected)),
    )
