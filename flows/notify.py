"""Notify: tell everybody whom an act concerns, each once, however often the stage runs."""

from __future__ import annotations

from collections.abc import Sequence

from flows.act import data_of
from flows.delegation import signatory_of
from flows.naming import naming_of
from flows.notice_words import Act, words
from flows.notices import PURPOSES, DelegationEvent, Reader, concerned, delegate_of
from flows.stage import Outcome, not_due
from flows.wiring import Installation
from schemas.documents import Document
from schemas.events import Entry, Remarked
from schemas.evidence import AgreementId, Digest, SignatoryId
from schemas.lifecycle import fold
from schemas.people import READERS, Office, Person, Role
from schemas.state import AgreementState, Stage


def notify(house: Installation, agreement: AgreementId, counter: int) -> Outcome:
    """Tell whom the entry with this ``counter`` concerns: one mail a person, named by purpose, entry and handle.

    Erased people are passed over. Raises :class:`Unavailable` where a mail cannot be written: repeating goes on with
    those who are missing.
    """
    entries = [recorded.entry for recorded in house.ledger.entries(agreement)]
    entry = entries[counter] if 0 < counter < len(entries) else None
    purpose = None if entry is None else PURPOSES.get(type(entry.event))
    if entry is None or purpose is None or _is_done(house, agreement, counter):
        return not_due(fold(entries), "notify")
    if (now_is := fold(entries)).stage is Stage.DISPOSED:
        # nobody can be named from data that was destroyed
        house.outbox.mark_done("notify", agreement, counter, house.clock())
        return not_due(now_is, "notify")
    before = fold(entries[:counter])
    document, now = data_of(house, before.data), house.clock()
    people = _people(house, before, entry, document)
    act = _act(house, entries[: counter + 1], before, document)
    messages = [(person, words(act, _reader(person, document))) for person in people]
    told = sum(
        house.mail.send(
            f"{agreement}-{purpose}-{counter}-{person.handle}",
            to=person.email,
            subject=message.subject,
            body=message.body,
            now=now,
        )
        for person, message in messages
    )
    house.outbox.mark_done("notify", agreement, counter, house.clock())
    return Outcome(
        agreement,
        "notify",
        acted=told > 0,
        summary=f"{told} of {len(people)} people were told: {agreement} {purpose}.",
        particulars={"entry": str(counter)},
    )


def _is_done(house: Installation, agreement: AgreementId, counter: int) -> bool:
    return any(row.done_at is not None for row in house.outbox.attempts("notify", agreement, counter))


def _people(house: Installation, before: AgreementState, entry: Entry, document: Document) -> list[Person]:
    """Return whom ``entry`` concerns, each once, by handle; those who were erased are left out."""
    whom = concerned(before, entry.actor, entry.event)
    everyone = house.people.everyone()
    chosen = {person.commitment: person for person in everyone if person.commitment in whom.people}
    addresses = {signatory.email.casefold() for signatory in document.signatories if signatory.id in whom.signatories}
    chosen |= {person.commitment: person for person in everyone if person.email.casefold() in addresses}
    if whom.legal_office:
        chosen |= {person.commitment: person for person in everyone if _is_of_legal_office(person)}
    return sorted(chosen.values(), key=lambda person: person.handle)


def _act(house: Installation, entries: Sequence[Entry], before: AgreementState, document: Document) -> Act:
    """Return the act that the last of ``entries`` records."""
    entry, event = entries[-1], entries[-1].event
    names = {one.id: str(one.name) for one in document.signatories}
    return Act(
        before,
        event,
        who="Convenio" if entry.actor.person is None else _name(house, entry.actor.person),
        reason=_reason(house, entry),
        name_of=lambda signatory: names.get(signatory, signatory),
        delegate=_name(house, delegate_of(before, event)) if isinstance(event, DelegationEvent) else "",
        named_as=naming_of(house, entries, event.signatory).named_as if isinstance(event, DelegationEvent) else None,
        portal=house.settings.portal_address,
    )


def _reader(person: Person, document: Document) -> Reader:
    own = signatory_of(document, person)
    return Reader(
        person.email,
        person.commitment,
        signs_as=None if own is None else SignatoryId(own.id),
        is_manager=Role.MANAGER in person.roles,
        of_legal_office=_is_of_legal_office(person),
        reads_all=any(role in READERS for role in person.roles),
    )


def _is_of_legal_office(person: Person) -> bool:
    return Role.REVIEWER in person.roles and Office.LEGAL in person.offices


def _name(house: Installation, commitment: Digest) -> str:
    person = house.people.behind(commitment)
    return "A person whose data was erased" if person is None else person.name


def _reason(house: Installation, entry: Entry) -> str:
    kept = house.remarks.get(entry.event.remark) if isinstance(entry.event, Remarked) else None
    return "(erased)" if kept is None else kept.text
