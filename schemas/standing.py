"""What the standing clauses of several document types name: contacts, the governing law."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

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
