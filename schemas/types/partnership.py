"""The partnership agreement: how several organisations work together, decide, share and part."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from schemas import shared_rules as shared
from schemas.agreement import Months, Term
from schemas.clause import Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.objectives import (
    SpecificObjective,
    SpecificObjectiveId,
    specific_objectives_support_main_ones,
    undefined,
)
from schemas.party import NumberOfCountries, Party, Signatory
from schemas.pin import Pin
from schemas.place import Market
from schemas.prose import Heading, Language, Prose
from schemas.rules import Rule, each, in_words, unknown_id
from schemas.shares import Share, broken_shares, remainder
from schemas.standing import Contact, Law, every_party_has_a_contact, forum_is_named_once
from schemas.text import Count, Flag, Identifier, Model, Name

Votes = Annotated[int, Strict(), Field(ge=0, le=1000, examples=[1])]
PercentOfVotes = Annotated[int, Strict(), Field(ge=1, le=100, examples=[50])]


class MemberClass(Model):
    """A class of members, with the rights its members have."""

    id: Identifier
    """Short name used inside this document."""
    name: Heading
    """What the members of the class are called."""
    rights: Prose
    """Their rights and duties beside those of every party, as a whole sentence."""
    voting: Flag
    """Whether they vote in the Assembly."""


class Partner(Model):
    """What one party is in the partnership."""

    party: Identifier
    """Id of the party."""
    member_class: Identifier
    """Id of its class."""
    region: Fact[Name] | None = None
    """Region of the seat, NUTS or in its own words."""
    fields: Annotated[tuple[Heading, ...], Field(min_length=1)]
    """Fields of activity it stands for."""
    votes: Votes
    """Votes in the Assembly; none in a class that does not vote."""


class Totals(Model):
    """What the sources state of the partnership as a whole."""

    countries: Fact[NumberOfCountries] | None = None
    """Countries the parties come from."""
    members: Fact[Count] | None = None
    """Members of all parties together."""
    smes: Fact[Count] | None = None
    """SMEs among them."""


class Assembly(Model):
    """The body in which every party sits and which decides in the last resort."""

    chair: Identifier | None = None
    """Id of the party that chairs; without it the Assembly elects a chair."""
    meetings_per_year: Annotated[int, Strict(), Field(ge=2, le=12, examples=[2])]
    """Least number of ordinary meetings a year, 2 to 12."""
    invitation_days: Annotated[int, Strict(), Field(ge=5, le=60, examples=[14])]
    """Notice of an ordinary meeting, in calendar days, 5 to 60."""
    quorum: PercentOfVotes
    """Least share of all votes that is present or represented, in per cent."""
    majority: Annotated[PercentOfVotes, Field(ge=50)]
    """An ordinary decision needs more than this share of the votes cast, in per cent."""
    qualified_majority: Annotated[PercentOfVotes, Field(ge=50)]
    """A reserved decision needs at least this share of all votes, in per cent."""


class Body(Model):
    """A body beside the Assembly."""

    id: Identifier
    """Short name used inside this document."""
    name: Heading
    """What it is called."""
    composition: Prose
    """Who sits in it, as a whole sentence."""
    tasks: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What it does, one entry each, completing "The body shall ..."."""


class Service(Model):
    """A service the partnership offers to its members, above all SMEs."""

    title: Heading
    """What it is called."""
    description: Prose
    """What it consists of."""
    lead: Identifier | None = None
    """Id of the party in charge; without it the Assembly appoints one."""
    objectives: tuple[SpecificObjectiveId, ...] = ()
    """Ids of the specific objectives it serves."""


class WorkPackage(Model):
    """A part of the work plan."""

    id: Annotated[str, Field(pattern=r"^WP[1-9][0-9]?$", examples=["WP1"])]
    """WP1, WP2 and so on."""
    title: Heading
    """What it is called."""
    description: Prose
    """What is done and delivered."""
    lead: Identifier | None = None
    """Id of the party in charge; without it the Assembly appoints one."""
    objectives: tuple[SpecificObjectiveId, ...] = ()
    """Ids of the specific objectives it serves."""
    first_month: Months | None = None
    """Month of the project in which it begins; the first month is 1."""
    last_month: Months | None = None
    """Month of the project in which it ends, included."""


class Finance(Model):
    """Who bears and receives what."""

    shares: Annotated[tuple[Share, ...], Field(min_length=2)]
    """Share of each party in joint costs that no grant covers, and in joint income; they total 100.00."""
    remainder_to: Identifier | None = None
    """Id of the party that takes what rounding leaves over or short."""
    payment_days: Annotated[int, Strict(), Field(ge=10, le=90, examples=[30])]
    """Within how many calendar days the coordinator passes on what it received, 10 to 90."""

    @property
    def remainder(self) -> Decimal | None:
        """What the shares leave of 100.00, in per cent; nothing while a share is not known."""
        return remainder(self.shares)


def partners_are_the_parties(agreement: Partnership) -> Iterator[Fault]:
    """Each party is a partner once, in a class that is defined."""
    parties = [party.id for _, party in each(agreement.parties)]
    classes = [member_class.id for _, member_class in each(agreement.classes)]
    seen: set[str] = set()
    for index, partner in each(agreement.partners):
        yield from unknown_id(f"partners[{index}].party", partner.party, parties, "party")
        yield from unknown_id(f"partners[{index}].member_class", partner.member_class, classes, "class")
        if partner.party in seen:
            yield Fault(f"partners[{index}].party", "is a partner already", read=partner.party, expected="one entry")
        seen.add(partner.party)
    for index, party in each(agreement.parties):
        if party.id not in seen and seen <= set(parties):
            yield Fault(f"parties[{index}]", f"{party.id} is in no class", expected="an entry in partners")


def votes_follow_the_classes(agreement: Partnership) -> Iterator[Fault]:
    """Votes exist exactly where a class votes, and one partner alone never has a qualified majority."""
    voting = {member_class.id: member_class.voting for _, member_class in each(agreement.classes)}
    total = sum(partner.votes for _, partner in each(agreement.partners))
    for index, partner in each(agreement.partners):
        votes = voting.get(partner.member_class)
        if votes is not None and votes != bool(partner.votes):
            yield Fault(
                f"partners[{index}].votes", f"{partner.party} has {partner.votes} votes in a class that "
                + ("votes" if votes else "does not vote"),
                read=str(partner.votes), expected="1 or more" if votes else "0",
            )  # fmt: skip
        if total and partner.votes * 100 >= agreement.assembly.qualified_majority * total:
            yield Fault(
                f"partners[{index}].votes", f"{partner.party} alone has {partner.votes} of {total} votes",
                read=str(partner.votes),
                expected=f"less than {agreement.assembly.qualified_majority} % of all votes",
            )  # fmt: skip


def majorities_are_in_order(agreement: Partnership) -> Iterator[Fault]:
    """Reserved decisions are never easier than ordinary ones."""
    assembly = agreement.assembly
    if assembly.qualified_majority < assembly.majority:
        yield Fault(
            "assembly.qualified_majority", "is less than the ordinary majority", read=str(assembly.qualified_majority),
            expected=f"{assembly.majority} or more",
        )  # fmt: skip


def those_in_charge_are_members(agreement: Partnership) -> Iterator[Fault]:
    """Rule 4: coordinator, chair and leads are parties."""
    parties = [party.id for _, party in each(agreement.parties)]
    named: list[tuple[str, str | None]] = [
        ("coordinator", agreement.coordinator.value),
        ("assembly.chair", agreement.assembly.chair),
        *((f"services[{index}].lead", service.lead) for index, service in each(agreement.services)),
        *((f"work_packages[{index}].lead", package.lead) for index, package in each(agreement.work_packages)),
    ]
    for path, party in named:
        if party is not None:
            yield from unknown_id(path, party, parties, "party")


def work_serves_defined_objectives(agreement: Partnership) -> Iterator[Fault]:
    """Rule 3: services and work packages name specific objectives that are defined; a work package has its own id."""
    known = [objective.id for _, objective in each(agreement.specific_objectives)]
    for path, items in (("services", agreement.services), ("work_packages", agreement.work_packages)):
        for index, item in each(items):
            for number, read in each(item.objectives):
                yield from undefined(f"{path}[{index}].objectives[{number}]", read, known, "a specific objective")
    seen: set[str] = set()
    for index, package in each(agreement.work_packages):
        if package.id in seen:
            yield Fault(f"work_packages[{index}].id", "is used twice", read=package.id, expected="an id of its own")
        seen.add(package.id)


def work_lies_inside_the_project(agreement: Partnership) -> Iterator[Fault]:
    """Rule 4: a work package begins before it ends, and ends within the project's months."""
    months = agreement.project.duration_months.value
    for index, package in each(agreement.work_packages):
        first, last = package.first_month, package.last_month
        if first and last and last < first:
            yield Fault(
                f"work_packages[{index}].last_month", f"{package.id} ends in month {last}, before it begins",
                read=str(last), expected=f"{first} or later",
            )  # fmt: skip
        if months and (latest := max(first or 0, last or 0)) > months:
            name = "last_month" if last == latest else "first_month"
            yield Fault(
                f"work_packages[{index}].{name}", f"month {latest} lies beyond the project's {months} months",
                read=str(latest), expected=f"{months} or earlier",
            )  # fmt: skip


def shares_total_one_hundred(agreement: Partnership) -> Iterator[Fault]:
    """Rule 5: shares of all parties total 100.00, and what rounding leaves has a taker."""
    parties = [party.id for _, party in each(agreement.parties)]
    yield from broken_shares("finance.shares", agreement.finance.shares, agreement.finance.remainder_to, parties)


def totals_equal_the_rows(agreement: Partnership) -> Iterator[Fault]:
    """Rule 7: a stated total equals what the parties add up to, else both are named as a conflict."""
    if agreement.totals is None:
        return
    counts = [party.membership.value if party.membership else None for _, party in each(agreement.parties)]
    countries = [party.country.value for _, party in each(agreement.parties)]
    known = [count for count in counts if count is not None]
    for name, rows, what in (
        ("members", [count.member_count for count in known] if len(known) == len(counts) else None, "members"),
        ("smes", [count.sme_count for count in known] if len(known) == len(counts) else None, "SMEs"),
    ):
        fact: Fact[int] | None = getattr(agreement.totals, name)
        if _is_relied_on(fact) and rows is not None and fact.value != sum(rows):
            yield Fault(
                f"totals.{name}",
                f"{fact.value} {what} are stated ({fact.source or 'no source'}), the parties add up to {sum(rows)}",
                read=str(fact.value), expected="the same number, or status conflicting with what each source says",
            )  # fmt: skip
    announced = agreement.totals.countries
    listed = {country for country in countries if country}
    if _is_relied_on(announced) and None not in countries and announced.value != len(listed):
        yield Fault(
            "totals.countries",
            f"{announced.value} countries are announced ({announced.source or 'no source'}), "
            f"{len(listed)} are listed: {in_words(sorted(listed))}",
            read=str(announced.value), expected="the same number, or status conflicting with what each source says",
        )  # fmt: skip


def _is_relied_on(fact: Fact[int] | None) -> bool:
    """Whether a total counts: it is known, and no person has yet to decide or has decided about it."""
    return fact is not None and fact.value is not None and not fact.is_open and fact.confirmation is None


class Partnership(Document):
    """An agreement of several organisations that make up a partnership."""

    document_type: ClassVar[str] = "partnership"
    id_prefix: ClassVar[str] = "PAR"
    kind: ClassVar[str] = "Partnership agreement"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        shared.every_party_signs,
        shared.term_ends_after_it_starts,
        shared.personal_data_abroad_is_safeguarded,
        shared.consortium_is_large_enough,
        shared.targets_lie_outside_the_programme,
        every_party_has_a_contact,
        forum_is_named_once,
        specific_objectives_support_main_ones,
        partners_are_the_parties,
        votes_follow_the_classes,
        majorities_are_in_order,
        those_in_charge_are_members,
        work_serves_defined_objectives,
        work_lies_inside_the_project,
        shares_total_one_hundred,
        totals_equal_the_rows,
    )

    type: Literal["partnership"]
    """Always ``partnership``."""
    language: Language = "en"
    """Language of the text, ISO 639-1."""
    parties: Annotated[tuple[Party, ...], Field(min_length=2, max_length=60)]
    """Who agrees."""
    signatories: Annotated[tuple[Signatory, ...], Field(min_length=2, max_length=120)]
    """Who signs, in signing order."""
    background: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """Recitals, one entry each."""
    vision: Prose
    """What the partnership wants to see, as a whole sentence."""
    mission: Prose
    """What the partnership does for it, as a whole sentence."""
    markets: tuple[Market, ...] = ()
    """Target markets."""
    specific_objectives: Annotated[tuple[SpecificObjective, ...], Field(min_length=1)]
    """Specific objectives with the project's main objectives they support."""
    classes: Annotated[tuple[MemberClass, ...], Field(min_length=1)]
    """Classes of members."""
    partners: Annotated[tuple[Partner, ...], Field(min_length=2)]
    """What each party is in the partnership."""
    totals: Totals | None = None
    """What the sources state of the partnership as a whole."""
    assembly: Assembly
    """How the parties decide together."""
    bodies: tuple[Body, ...] = ()
    """Bodies beside the Assembly."""
    coordinator: Fact[Identifier]
    """Id of the party that coordinates."""
    services: Annotated[tuple[Service, ...], Field(min_length=1)]
    """Services the partnership offers."""
    work_packages: tuple[WorkPackage, ...] = ()
    """Work plan."""
    finance: Finance
    """Shares and payments."""
    confidentiality_years: Annotated[int, Strict(), Field(ge=2, le=20, examples=[5])]
    """How long confidentiality lasts after the end, in years, 2 to 20."""
    personal_data: Flag
    """Whether personal data passes between the parties beside the contacts of their staff."""
    remedy_days: Annotated[int, Strict(), Field(ge=7, le=180, examples=[30])]
    """How long a party in breach has to remedy it, in calendar days, 7 to 180."""
    notice_days: Annotated[int, Strict(), Field(ge=30, le=365, examples=[90])]
    """Notice for leaving, in calendar days, 30 to 365."""
    term: Term
    """How long it is in force."""
    agenda: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """Long-term agenda: what the partnership sets out to do after the project, completing "to ..."."""
    annexes: tuple[Pin, ...] = ()
    """Documents that belong to the agreement as annexes, pinned by digest."""
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]
    """Where notices go, one for each party."""
    law: Law
    """Governing law and disputes."""

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: by its nature money, liability and intellectual property."""
        return super().subjects | {Subject.PAYMENT, Subject.LIABILITY, Subject.INTELLECTUAL_PROPERTY}

    @property
    def pins(self) -> tuple[tuple[str, Pin], ...]:
        """What it takes the place of, and its annexes."""
        annexes = ((f"annexes[{index}]", annex) for index, annex in enumerate(self.annexes))
        return (*super().pins, *annexes)

    @property
    def coordinator_name(self) -> Fact[Name]:
        """How the text calls the coordinator; as open as the fact who it is."""
        names = {party.id: party.short_name for party in self.parties}
        return self.coordinator.model_copy(update={"value": names.get(self.coordinator.value or "")})

    @property
    def total_votes(self) -> int:
        """All votes in the Assembly."""
        return sum(partner.votes for partner in self.partners)
