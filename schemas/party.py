"""Who agrees: parties, the partnerships they act for, and the people who sign."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, Strict

from schemas.fact import Fact
from schemas.place import Country
from schemas.text import Count, Email, Identifier, LegalDate, Model, Name


class Category(StrEnum):
    """What kind of organisation a party is."""

    CLUSTER = "cluster"
    CHAMBER = "chamber"
    CITY = "city"
    SME = "SME"
    RESEARCH = "research"


class Registration(Model):
    """Where an organisation is registered."""

    register_name: Name
    """The register, in its own language."""
    number: Name
    """The number in that register."""


class Membership(Model):
    """How many members an organisation has, and when that was counted."""

    member_count: Count
    """All members."""
    sme_count: Count
    """Those that are SMEs (Recommendation 2003/361/EC)."""
    as_of: LegalDate
    """The day of the count."""


class Member(Model):
    """One member of a represented partnership, and its mandate."""

    name: Fact[Name]
    """The member's name."""
    country: Fact[Country]
    """ISO 3166-1 alpha-2."""
    mandate: Fact[Name] | None = None
    """The document by which this member lets the party act for it; not needed from the party itself."""


NumberOfCountries = Annotated[int, "NumberOfCountries", Strict(), Field(ge=1, le=249, examples=[4])]


class Representation(Model):
    """A partnership without legal personality that a party acts for."""

    partnership: Name
    """The partnership's name."""
    members: Annotated[tuple[Member, ...], Field(min_length=1)]
    """Every member represented."""
    announced_countries: Fact[NumberOfCountries] | None = None
    """How many countries the partnership says it comes from."""


class Party(Model):
    """An organisation that agrees."""

    id: Identifier
    """Short name used inside this document."""
    legal_name: Fact[Name]
    """The registered name in its own script."""
    latin_name: Name | None = None
    """The name in Latin script, where the registered one is not."""
    short_name: Name
    """How the text calls the party after its first mention."""
    legal_form: Fact[Name] | None = None
    """Association, foundation, chamber and so on."""
    registration: Fact[Registration] | None = None
    """Register and number."""
    vat: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9A-Z]{2,12}$", examples=["CZ12345678"])] | None = None
    """VAT number; Greece is EL here."""
    pic: Annotated[str, Field(pattern=r"^[0-9]{9}$", examples=["123456789"])] | None = None
    """Participant Identification Code of the EU, nine digits."""
    country: Fact[Country]
    """Country of the seat, ISO 3166-1 alpha-2."""
    seat: Fact[Name] | None = None
    """Town or address of the seat."""
    category: Category
    """What kind of organisation it is."""
    membership: Fact[Membership] | None = None
    """Members and SMEs."""
    acts_for: Representation | None = None
    """The partnership it acts for, if it does not act on its own behalf only."""


class Authority(Model):
    """Why a person may sign for a party."""

    kind: Literal["statute", "board decision", "power of attorney", "register extract"]
    """The kind of document."""
    reference: Fact[Name]
    """Which document."""
    valid_from: LegalDate | None = None
    """First day on which it holds."""
    valid_to: LegalDate | None = None
    """Last day on which it holds."""

    def in_force(self, day: LegalDate) -> bool:
        """Whether it holds on ``day``, both ends included."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class Signatory(Model):
    """A person who signs for a party. The order of the list is the order of signing."""

    id: Identifier
    """Short name used inside this document."""
    party: Identifier
    """The id of the party signed for."""
    name: Fact[Name]
    """The person's name in their own script, or their role while the name is not known."""
    position: Fact[Name]
    """Position in the organisation."""
    email: Email
    """Where the invitation goes; the same address must stand in the certificate, where it names one."""
    capacity: Literal["own behalf", "for a partnership"] = "own behalf"
    """Whether the party is bound alone or for the partnership it acts for."""
    authority: Authority
    """Why this person may sign."""
    jointly_with: tuple[Identifier, ...] = ()
    """Signatories of the same party who must sign too; empty for sole power."""
