"""The names, comments and mail addresses in a dossier against the commitments in its entries and records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from archive.dossier import OPENINGS, PEOPLE, REMARKS, entry_name
from archive.enclosed import click_records
from archive.exact import read_exact
from archive.examination import Examination
from archive.history import History
from archive.record import (
    Addresses,
    AddressOpening,
    People,
    PersonOpening,
    RemarkOpening,
    Remarks,
    StatedDocument,
)
from archive.verify_ledger import member
from schemas.errors import Invalid
from schemas.events import Signed
from schemas.evidence import Digest
from schemas.signature import SigningWay

Opening = TypeVar("Opening", PersonOpening, RemarkOpening, AddressOpening)


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings of a dossier that fit its entries, by commitment."""

    people: dict[Digest, PersonOpening]
    remarks: dict[Digest, RemarkOpening]


def verify_openings(
    examination: Examination, members: Mapping[str, bytes], history: History, document: StatedDocument | None
) -> Openings | None:
    """Examine that all openings fit their commitments, and that those signed, and got the links, who should."""
    people = examination.check(
        "people",
        lambda: _people(members, history, document),
        lambda opened: _opened_told(len(opened), len(history.people), "people who acted"),
        place=PEOPLE,
    )
    remarks = examination.check(
        "remarks",
        lambda: _fitting(read_exact(Remarks, member(members, REMARKS), where=REMARKS).root, history.remarks, REMARKS),
        lambda opened: _opened_told(len(opened), len(history.remarks), "comments"),
        place=REMARKS,
    )
    examination.check(
        "openings",
        lambda: _addresses(members, history, document, people or {}),
        lambda told: _opened_told(*told, "addresses that links to sign were sent to"),
        place=OPENINGS,
    )
    return None if people is None or remarks is None else Openings(people, remarks)


def _opened_told(opened: int, committed: int, what: str) -> str:
    if opened == committed:
        return f"all {committed} {what} are the ones the entries commit to"
    return f"{opened} of {committed} {what} are opened; the others were erased or left out, which changes no proof"


def _people(
    members: Mapping[str, bytes], history: History, document: StatedDocument | None
) -> dict[Digest, PersonOpening]:
    people = _fitting(read_exact(People, member(members, PEOPLE), where=PEOPLE).root, history.people, PEOPLE)
    invited = {person.id: person.email for person in document.signatories} if document else {}
    counting = set(history.signed)
    for entry in history.entries:
        opening = people.get(entry.actor.person or "")
        # Who records a paper original, or signs as a confirmed delegate, is not who the document names.
        delegated = isinstance(entry.event, Signed) and history.state.delegation_of(entry.event.signatory)
        if (
            opening is None
            or not isinstance(entry.event, Signed)
            or entry.event not in counting
            or entry.event.way is SigningWay.PAPER
            or (delegated and delegated.confirmed)
        ):
            continue
        expected = invited.get(entry.event.signatory)
        if expected is None or opening.email.lower() != expected.lower():
            raise Invalid(
                "another person signed than the document names",
                where=entry_name(entry.counter),
                got=opening.email,
                expected=expected,
            )
    return people


def _addresses(
    members: Mapping[str, bytes],
    history: History,
    document: StatedDocument | None,
    people: Mapping[Digest, PersonOpening],
) -> tuple[int, int]:
    """Return how many addresses are opened, and how many records commit to one."""
    clicks = click_records(history, lambda name: member(members, name))
    committed = tuple(record.address for _, record in clicks)
    openings = read_exact(Addresses, member(members, OPENINGS), where=OPENINGS).root
    _fitting(openings, committed, OPENINGS)
    invited = {person.id: person.email for person in document.signatories} if document else {}
    for entry, record in clicks:
        opening, delegation = openings.get(record.address), history.state.delegation_of(record.signatory)
        if opening is None or entry.event not in history.signed:
            continue
        if delegation is not None and delegation.confirmed:
            person = people.get(record.person)
            expected = person.email if person else opening.mail
        else:
            expected = invited.get(record.signatory, "")
        if opening.mail.lower() != expected.lower():
            raise Invalid(
                "the link was sent to another address than that of whom it was for",
                where=OPENINGS,
                got=opening.mail,
                expected=expected,
            )
    return len(openings), len(committed)


def _fitting(openings: dict[Digest, Opening], commitments: tuple[Digest, ...], where: str) -> dict[Digest, Opening]:
    for said, opening in openings.items():
        if opening.commitment != said:
            raise Invalid("an opening does not fit its commitment", where=where, got=opening.commitment, expected=said)
        if said not in commitments:
            raise Invalid("an opening belongs to no entry", where=where, got=said)
    return openings
