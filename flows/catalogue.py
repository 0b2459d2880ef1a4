"""The catalogue: what people look for in agreements, written where a draft is made and made anew at any time."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from archive.awaited import Queue
from archive.catalogue import Line
from archive.layout import working_key
from flows.act import data_of
from flows.delegation import signatory_of, signer
from schemas.documents import Document
from schemas.errors import NotAuthorised
from schemas.people import Person, Role
from schemas.state import AgreementState, Stage
from templates.redlines.outline import clauses_of

if TYPE_CHECKING:
    from flows.wiring import Installation

BEFORE_APPROVAL = (Stage.REQUESTED, Stage.IN_REVIEW, Stage.RETURNED)
"""Stages in which signatories are not among the people yet: later, who is not was erased."""


def enter(house: Installation, state: AgreementState, document: Document, docx: bytes | None = None) -> None:
    """Enter an agreement in the catalogue: its parties, its project, who signs, and every word of ``docx``.

    What was entered of an older draft is replaced; entering again changes nothing. Who was erased is left out.
    """
    signatories = [one for one in document.signatories if _is_known(house, state, one.email)]
    gone = [one for one in document.signatories if one not in signatories]
    texts = [state.title, document.project.acronym, document.project.name]
    texts += [
        str(name) for party in document.parties for name in (party.short_name, party.legal_name, party.latin_name or "")
    ]
    texts += [text for one in signatories for text in (str(one.name), one.email)]
    if docx is not None:
        clauses = clauses_of(docx)
        texts += [text for clause in clauses for text in (clause.heading, *clause.paragraphs)]
    house.catalogue.enter(
        state.agreement,
        state.draft,
        parties=[party.short_name for party in document.parties],
        project=document.project.acronym,
        signatories={one.id: one.email for one in signatories},
        texts=texts,
        without=[text for one in gone for text in (str(one.name), one.email)],
    )


def _is_known(house: Installation, state: AgreementState, email: str) -> bool:
    return state.stage in BEFORE_APPROVAL or house.people.find(email) is not None


def enter_all(house: Installation) -> int:
    """Make the catalogue anew from the stored drafts and return how many agreements it holds.

    What was disposed of is not in it.
    """
    entered = 0
    for row in house.register.rows():
        if row.stage is Stage.DISPOSED:
            continue
        state = house.ledger.state(row.id)
        docx = None
        if state.content is not None:
            docx = house.store.get(working_key(row.id, state.content.docx, "docx"))
        enter(house, state, data_of(house, state.data), docx)
        entered += 1
    return entered


def signs(house: Installation, state: AgreementState, person: Person) -> bool:
    """Whether an agreement names a person as a signatory, or as the confirmed delegate of one."""
    if Role.SIGNATORY not in person.roles or state.stage is Stage.DISPOSED:
        return False
    if any(one.confirmed and one.delegate == person.commitment for one in state.delegations):
        return True
    return signatory_of(data_of(house, state.data), person) is not None


def to_sign(house: Installation, person: Person, *, limit: int) -> tuple[Line, ...]:
    """Return the agreements that wait for a person's signature, or for it as a delegate, the most urgent first."""
    if Role.SIGNATORY not in person.roles:
        return ()
    # a delegate stands in no data
    queue = Queue(address=person.email, waiters=(f"delegate:{person.commitment}",))
    return house.catalogue.awaiting(queue, limit=limit)


def urgency(line: Line) -> tuple[date, datetime, str]:
    """Return what orders lines by urgency: to be signed soonest, then waiting for longest."""
    return line.row.sign_by or date.max, line.row.since, line.row.id


def awaits(house: Installation, state: AgreementState, person: Person) -> bool:
    """Whether an agreement waits for a person's signature now, or for it as a delegate."""
    if Role.SIGNATORY not in person.roles or state.stage is not Stage.SIGNING:
        return False
    try:
        whom = signer(state, data_of(house, state.data), person)
    except NotAuthorised:
        return False
    return whom.signatory.id in state.awaited
