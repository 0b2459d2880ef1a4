"""The implementation roadmap: what a partnership does, when, by whom, with which money, and how that is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from schemas import plan_rules, shared_rules as shared
from schemas.adoption import Adoption
from schemas.clause import Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.money import Money
from schemas.objectives import SpecificObjective, specific_objectives_support_main_ones
from schemas.party import Party
from schemas.period import first_day, last_day
from schemas.pin import Pin
from schemas.place import Market
from schemas.prose import Heading, Prose
from schemas.rules import Rule, each
from schemas.schedule import Bar
from schemas.text import Flag, Model, Name
from schemas.workplan import (
    Activity,
    CostLine,
    Deliverable,
    Event,
    FundingLine,
    Group,
    Indicator,
    Milestone,
    Responsibility,
    Risk,
    Step,
    total_of,
)


class Monitoring(Model):
    """How the members see whether the plan works."""

    body: Heading
    """Who looks at the indicators, completing "examined by ...": ``the steering committee``."""
    report_months: Annotated[int, Strict(), Field(ge=1, le=24, examples=[6])]
    """How often the members report, in months."""
    methods: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What they do, one entry each, completing "The members ...": ``collect the indicators every quarter``."""


def personal_data_of_markets_is_safeguarded(roadmap: Roadmap) -> Iterator[Fault]:
    """Rule 15: data going to a target market without an adequacy decision needs a safeguard clause (GDPR Art. 46)."""
    markets = [market.country for _, market in each(roadmap.markets)]
    yield from shared.unsafe_transfers(roadmap, markets, to="the markets ")


class Roadmap(Document):
    """An implementation roadmap; a body adopts it, and nobody has to sign it."""

    document_type: ClassVar[str] = "roadmap"
    id_prefix: ClassVar[str] = "RDM"
    kind: ClassVar[str] = "Implementation roadmap"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        shared.personal_data_abroad_is_safeguarded,
        shared.consortium_is_large_enough,
        shared.targets_lie_outside_the_programme,
        specific_objectives_support_main_ones,
        plan_rules.plan_ids_are_unique,
        plan_rules.objectives_exist,
        plan_rules.members_exist,
        plan_rules.activities_exist,
        plan_rules.activity_markets_are_listed,
        plan_rules.days_are_in_order,
        plan_rules.plan_lies_inside_the_project,
        plan_rules.activity_costs_equal_their_lines,
        plan_rules.costs_equal_the_budget,
        plan_rules.costs_stay_within_funding,
        plan_rules.plan_is_in_one_currency,
        personal_data_of_markets_is_safeguarded,
    )

    type: Literal["roadmap"]
    """Always ``roadmap``."""
    parties: Annotated[tuple[Party, ...], Field(min_length=1, max_length=60)]
    """The members that carry it out."""
    adoption: Adoption
    """Who adopts it, by which decision, and when."""
    partnership_agreement: Pin | None = None
    """The partnership agreement it carries out, pinned by digest."""
    summary: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What the plan wants to reach, and how, one entry for each paragraph."""
    groups: tuple[Group, ...] = ()
    """Those it is for or who take part beside the members."""
    specific_objectives: tuple[SpecificObjective, ...] = ()
    """Specific objectives and the main objectives of the project they support."""
    markets: tuple[Market, ...] = ()
    """Target markets."""
    activities: Annotated[tuple[Activity, ...], Field(min_length=1, max_length=200)]
    """What is done."""
    agenda: tuple[Event, ...] = ()
    """Events and meetings in their order."""
    deliverables: tuple[Deliverable, ...] = ()
    """What the activities produce."""
    milestones: tuple[Milestone, ...] = ()
    """From when on what is so."""
    responsibilities: Annotated[tuple[Responsibility, ...], Field(min_length=1)]
    """What each member answers for."""
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]
    """Key performance indicators (KPI)."""
    costs: tuple[CostLine, ...] = ()
    """Cost lines."""
    budget: Fact[Money] | None = None
    """What carrying it out may cost, where that is set."""
    funding: tuple[FundingLine, ...] = ()
    """Where the money comes from."""
    risks: Annotated[tuple[Risk, ...], Field(min_length=1)]
    """What may go wrong."""
    personal_data: Flag
    """Whether personal data passes between the members or to the target markets."""
    monitoring: Monitoring
    """How the members see whether the plan works."""

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: money where it plans costs or funding."""
        return super().subjects | ({Subject.PAYMENT} if self.costs or self.funding else frozenset())

    @property
    def pins(self) -> tuple[tuple[str, Pin], ...]:
        """What it takes the place of, and the partnership agreement it carries out."""
        agreement = self.partnership_agreement
        return super().pins if agreement is None else (*super().pins, ("partnership_agreement", agreement))

    @property
    def total_cost(self) -> Fact[Money]:
        """The total of the cost lines, as settled as they are."""
        return total_of((line.amount for line in self.costs), "the cost lines")

    @property
    def total_funding(self) -> Fact[Money]:
        """The total of the funding, as settled as its lines are."""
        return total_of((line.amount for line in self.funding), "the funding")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The activities with the names of those who carry them out."""
        names: dict[str | None, str] = {party.id: party.short_name for party in self.parties}
        return tuple(
            Step(
                activity=activity,
                lead=Fact[Name].model_validate(activity.lead.model_dump() | {"value": names.get(activity.lead.value)}),
                partners=tuple(names[partner] for partner in activity.partners),
            )
            for activity in self.activities
        )

    @property
    def schedule(self) -> tuple[Bar, ...]:
        """Activities, each with its deliverables, then milestones; those with known dates."""
        return tuple(self._bars())

    @property
    def unscheduled(self) -> tuple[str, ...]:
        """Ids of activities, deliverables and milestones that have no dates yet."""
        drawn = {bar.id for bar in self.schedule}
        everything = (*self.activities, *self.deliverables, *self.milestones)
        return tuple(item.id for item in everything if item.id not in drawn)

    def _bars(self) -> Iterator[Bar]:
        leads = {step.activity.id: step.lead.value or "" for step in self.steps}
        for activity in self.activities:
            if activity.start.value and activity.end.value:
                yield Bar(
                    id=activity.id, label=activity.title.in_language(self.language), lead=leads[activity.id],
                    start=first_day(activity.start.value), end=last_day(activity.end.value),
                )  # fmt: skip
            for deliverable in self.deliverables:
                if deliverable.activity == activity.id and deliverable.due.value:
                    due, label = last_day(deliverable.due.value), deliverable.title.in_language(self.language)
                    lead = leads[activity.id]
                    yield Bar(id=deliverable.id, label=label, lead=lead, start=due, end=due, kind="deliverable")
        for milestone in self.milestones:
            if milestone.due.value:
                due, label = last_day(milestone.due.value), milestone.title.in_language(self.language)
                yield Bar(id=milestone.id, label=label, start=due, end=due, kind="milestone")
