"""The memorandum of understanding: what it says, and what its fields ask of each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from schemas import shared_rules as shared
from schemas.agreement import ObjectiveId, Term
from schemas.clause import Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.party import Party, Signatory
from schemas.place import Market
from schemas.prose import Heading, Language, Prose
from schemas.rules import Rule, each, those, unknown_id
from schemas.standing import Contact, Law, forum_is_named_once
from schemas.text import Flag, Identifier, Model


class Area(Model):
    """An area of cooperation."""

    title: Heading
    """Heading."""
    description: Prose
    """What the parties do in it."""
    objectives: tuple[ObjectiveId, ...] = ()
    """Ids of the project's objectives it serves."""


class Undertaking(Model):
    """What one party sets out to do."""

    party: Identifier
    """Id of the party."""
    items: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """One undertaking each, completing "The party sets out to ..."."""


BindingClause = Literal["confidentiality", "data protection", "law and disputes"]
"""A clause that may bind where the rest does not; the headings of the clause library name it."""


def objectives_exist(mou: Memorandum) -> Iterator[Fault]:
    """Rule 3: an area refers to defined objectives."""
    known = [objective.id for _, objective in each(mou.project.objectives)]
    for index, area in each(mou.areas):
        for number, objective in each(area.objectives):
            if objective not in known:
                yield Fault(
                    f"areas[{index}].objectives[{number}]", f"{objective} is not defined; {those(known)}",
                    read=objective, expected="an objective of the project",
                )  # fmt: skip


def undertakings_and_contacts_name_parties(mou: Memorandum) -> Iterator[Fault]:
    """Roles and contacts belong to listed parties, and every party has a contact."""
    known = [party.id for _, party in each(mou.parties)]
    for index, undertaking in each(mou.undertakings):
        yield from unknown_id(f"undertakings[{index}].party", undertaking.party, known, "party")
    for index, contact in each(mou.contacts):
        yield from unknown_id(f"contacts[{index}].party", contact.party, known, "party")
    reached = {contact.party for _, contact in each(mou.contacts)}
    misspelt = reached - set(known)
    for index, party in each(mou.parties):
        if party.id not in reached and not misspelt:
            yield Fault(f"parties[{index}]", f"{party.id} has no contact", expected="an entry in contacts")


def notice_fits_the_term(mou: Memorandum) -> Iterator[Fault]:
    """Notice is shorter than the term, else nobody could ever leave."""
    days = mou.term.days
    if days and days.days > 0 and mou.notice_days >= days.days:
        yield Fault(
            "notice_days",
            f"notice is {'as long as' if mou.notice_days == days.days else 'longer than'} the term of {days.days} days",
            read=str(mou.notice_days), expected=f"fewer than {days.days}",
        )  # fmt: skip


def non_binding_text_has_no_obligations(mou: Memorandum) -> Iterator[Fault]:
    """Rule 10: a non-binding memorandum has no payment, exclusivity or penalty clause."""
    if mou.legal_nature != "non-binding":
        return
    for index, clause in each(mou.clauses):
        if clause.subject in {Subject.PAYMENT, Subject.EXCLUSIVITY, Subject.PENALTY}:
            yield Fault(
                f"clauses[{index}].subject", f"a non-binding memorandum has no {clause.subject} clause",
                read=str(clause.subject), expected="legal_nature binding, or no such clause",
            )  # fmt: skip
    if not mou.own_costs:
        yield Fault(
            "own_costs", "a non-binding memorandum makes nobody pay for another", read="false",
            expected="true, or legal_nature binding",
        )  # fmt: skip


def personal_data_clause_binds(mou: Memorandum) -> Iterator[Fault]:
    """Rule 15: where personal data passes, its protection binds although the rest does not."""
    if mou.personal_data and mou.legal_nature == "non-binding" and "data protection" not in mou.binding_clauses:
        yield Fault(
            "binding_clauses", "data protection must bind where personal data passes", expected="data protection"
        )


class Memorandum(Document):
    """A memorandum of understanding between two parties or more."""

    document_type: ClassVar[str] = "mou"
    id_prefix: ClassVar[str] = "MOU"
    kind: ClassVar[str] = "Memorandum of understanding"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        shared.every_party_signs,
        shared.both_languages_are_complete,
        shared.term_ends_after_it_starts,
        shared.targets_lie_outside_the_programme,
        objectives_exist,
        undertakings_and_contacts_name_parties,
        forum_is_named_once,
        notice_fits_the_term,
        non_binding_text_has_no_obligations,
        shared.personal_data_abroad_is_safeguarded,
        personal_data_clause_binds,
    )

    type: Literal["mou"]
    """Always ``mou``."""
    language: Language = "en"
    """Language of the text, ISO 639-1."""
    second_language: Language | None = None
    """The language of a second text beside it."""
    prevailing: Language | Literal["both"] | None = None
    """Which of two languages prevails, or that both are equally authentic."""
    parties: Annotated[tuple[Party, ...], Field(min_length=2, max_length=20)]
    """Who agrees."""
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=2, max_length=40)]
    """Who signs, in signing order."""
    background: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """Recitals, one entry each."""
    purpose: Prose
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

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: money where costs are shared, liability where it binds as a whole."""
        touched = set(super().subjects)
        if not self.own_costs:
            touched.add(Subject.PAYMENT)
        if self.legal_nature == "binding":
            touched.add(Subject.LIABILITY)
        return frozenset(touched)
