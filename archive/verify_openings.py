"""The names and comments in a dossier against the commitments in its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from archive.dossier import PEOPLE, REMARKS, entry_name
from archive.exact import read_exact
from archive.examination import Examination
from archive.history import History
from archive.record import People, PersonOpening, RemarkOpening, Remarks, StatedDocument
from archive.verify_ledger import member
from schemas.errors import Invalid
from schemas.evidence import Digest

Opening = TypeVar("Opening", PersonOpening, RemarkOpening)


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings of a dossier that fit its entries, by commitment."""

    people: dict[Digest, PersonOpening]
    remarks: dict[Digest, RemarkOpening]


def verify_openings(
    examination: Examination, members: Mapping[str, bytes], history: History, document: StatedDocument | None
) -> Openings | None:
    """Examine that names and comments fit the commitments, and that those signed whom the document names."""
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
    for entry in history.entries:
        opening = people.get(entry.actor.person or "")
        if opening is None or entry.event.type != "signed":
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


def _fitting(openings: dict[Digest, Opening], commitments: tuple[Digest, ...], where: str) -> dict[Digest, Opening]:
    for said, opening in openings.items():
        if opening.commitment != said:
            raise Invalid("an opening does not fit its commitment", where=where, got=opening.commitment, expected=said)
        if said not in commitments:
            raise Invalid("an opening belongs to no entry", where=where, got=said)
    return openings
