"""What the standing clauses of several document types name: contacts, the governing law."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from schemas.clause import Choice
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.party import Party
from schemas.place import Country
from schemas.prose import Prose
from schemas.rules import each, unknown_id
from schemas.text import Email, Identifier, Model, Name


class Contact(Model):
    """Where notices to a party go."""

    party: Identifier
    """Id of the party."""
    name: Fact[Name]
    """A person, or the office by its role."""
    email: Fact[Email]
    """Address for notices."""


class Law(Model):
    """Governing law and how disputes are settled."""

    country: Fact[Country]
    """Whose law governs, ISO 3166-1 alpha-2."""
    settlement: Prose
    """How disputes are settled."""
    seat: Fact[Name] | None = None
    """The city that is the seat of arbitration, where that is chosen."""


ARBITRATION = "law-and-disputes-arbitration"
FORUMS = {ARBITRATION: "arbitration", "law-and-disputes-defendant": "the courts at the defendant's seat"}
"""The library's clauses that name a forum, and which."""
COURTS = {
    "en": re.compile(r"\b(?:courts?(?! of arbitration)|(?<!arbitral )(?<!arbitration )tribunals?)\b", re.IGNORECASE),
    "es": re.compile(r"\b(?:juzgados?|tribunal(?:es)?(?! arbitral))\b", re.IGNORECASE),
    "it": re.compile(r"\b(?:tribunal[ei](?! arbitral)|giudic[ei]|for[oi])\b", re.IGNORECASE),
    "pt": re.compile(r"\b(?:tribuna(?:l|is)(?! arbitra)|juízos?|foros?)\b", re.IGNORECASE),
}
"""Words for courts of law, by language; a tribunal of arbitrators is none."""


class WithLaw(Protocol):
    """A document that says which law governs."""

    language: str
    choices: tuple[Choice, ...]
    law: Law


def forum_is_named_once(document: WithLaw) -> Iterator[Fault]:
    """Give arbitration its seat; where the chosen clause names a forum, the settlement before it names no courts."""
    chosen = next((choice.use for _, choice in each(document.choices) if choice.use in FORUMS), None)
    if chosen == ARBITRATION and document.law.seat is None:
        yield Fault("law.seat", "arbitration has a seat", expected="a city, or status blank")
    if chosen != ARBITRATION and document.law.seat is not None:
        yield Fault(
            "law.seat", "no arbitration is agreed", read=str(document.law.seat),
            expected=f"no seat, or the choice of {ARBITRATION}",
        )  # fmt: skip
    if chosen is None:
        return
    settlement = document.law.settlement
    for language, text in (settlement.translations or {document.language: str(settlement)}).items():
        if found := COURTS[language].search(text):
            yield Fault(
                "law.settlement", f"names a forum beside {FORUMS[chosen]}, which is chosen", read=found[0],
                expected=f"no courts, or the clause law-and-disputes instead of {chosen}",
            )  # fmt: skip


class WithContacts(Protocol):
    """A document that says where notices go."""

    parties: tuple[Party, ...]
    contacts: tuple[Contact, ...]


def every_party_has_a_contact(document: WithContacts) -> Iterator[Fault]:
    """Contacts belong to listed parties, and every party has one."""
    known = [party.id for _, party in each(document.parties)]
    for index, contact in each(document.contacts):
        yield from unknown_id(f"contacts[{index}].party", contact.party, known, "party")
    reached = {contact.party for _, contact in each(document.contacts)}
    misspelt = reached - set(known)
    for index, party in each(document.parties):
        if party.id not in reached and not misspelt:
            yield Fault(f"parties[{index}]", f"{party.id} has no contact", expected="an entry in contacts")
