"""The memorandum of understanding: what it says, and whose approval it needs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, Strict, model_validator

from schemas.agreement import ObjectiveId, Project, Term
from schemas.clause import Clause, Subject
from schemas.events import Office
from schemas.fact import Fact
from schemas.mou_rules import RULES
from schemas.party import Party, Signatory
from schemas.place import Country, Market
from schemas.rules import broken_rules
from schemas.text import Email, Flag, Identifier, Model, Name, Paragraph, fault


class Area(Model):
    """An area of cooperation."""

    title: Name
    """Heading."""
    description: Paragraph
    """What the parties do in it."""
    objectives: tuple[ObjectiveId, ...] = ()
    """Ids of the project's objectives it serves."""


class Undertaking(Model):
    """What one party sets out to do."""

    party: Identifier
    """Id of the party."""
    items: Annotated[tuple[Paragraph, ...], Field(min_length=1)]
    """One undertaking each, completing "The party will ..."."""


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
    settlement: Paragraph
    """How disputes are settled."""


BindingClause = Literal["confidentiality", "data protection", "law and disputes"]


class Memorandum(Model):
    """A memorandum of understanding between two parties or more."""

    document_type: ClassVar[str] = "mou"
    id_prefix: ClassVar[str] = "MOU"

    type: Literal["mou"]
    """Always ``mou``."""
    language: Literal["en"] = "en"
    """Language of the text, ISO 639-1."""
    title: Name
    """Title on the cover."""
    project: Project
    """The funded project it belongs to."""
    parties: Annotated[tuple[Party, ...], Field(min_length=2, max_length=20)]
    """Who agrees."""
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=2, max_length=40)]
    """Who signs, in signing order."""
    background: Annotated[tuple[Paragraph, ...], Field(min_length=1)]
    """Recitals, one entry each."""
    purpose: Paragraph
    """What the parties want to reach together."""
    markets: tuple[Market, ...] = ()
    """Target markets."""
    areas: Annotated[tuple[Area, ...], Field(min_length=1)]
    """Areas of cooperation, one or more."""
    undertakings: Annotated[tuple[Undertaking, ...], Field(min_length=1)]
    """Roles: what each party sets out to do."""
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]
    """Where notices go, one for each party."""
    own_costs: Flag
    """Whether each party bears its own costs."""
    confidentiality_years: Annotated[int, Strict(), Field(ge=0, le=20)]
    """How long confidentiality lasts after the end, in years."""
    term: Term
    """How long it is in force."""
    notice_days: Annotated[int, Strict(), Field(ge=1, le=365)]
    """Notice for termination, in calendar days."""
    legal_nature: Literal["non-binding", "binding"]
    """Whether it creates legal obligations as a whole."""
    binding_clauses: tuple[BindingClause, ...] = ()
    """Clauses that bind although the rest does not."""
    personal_data: Flag
    """Whether personal data passes between the parties."""
    law: Law
    """Governing law and disputes."""
    clauses: tuple[Clause, ...] = ()
    """Clauses added beyond the template's own."""

    @model_validator(mode="after")
    def _rules_hold(self) -> Memorandum:
        if broken := broken_rules(RULES, self):
            raise fault("; ".join(str(problem) for problem in broken))
        return self

    @property
    def offices(self) -> tuple[Office, ...]:
        """Whose approval it needs: legal; finance on money, IP or liability; the director on a deviation."""
        needed = [Office.LEGAL]
        touchy = {Subject.PAYMENT, Subject.PENALTY, Subject.LIABILITY, Subject.INTELLECTUAL_PROPERTY}
        if self.legal_nature == "binding" or not self.own_costs or any(c.subject in touchy for c in self.clauses):
            needed.append(Office.FINANCE)
        if any(clause.position == "deviation" for clause in self.clauses):
            needed.append(Office.DIRECTOR)
        return tuple(needed)
