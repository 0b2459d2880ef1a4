"""The joint internationalisation strategy: a compound of partnership agreement and roadmap, each pinned exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict

from schemas import funding_plan, shared_rules as shared
from schemas.adoption import Adoption
from schemas.clause import Subject
from schemas.document import Document
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.funding_plan import FundingPlan
from schemas.objectives import undefined
from schemas.party import Party
from schemas.pin import Pin
from schemas.place import Market
from schemas.prose import Heading, Prose
from schemas.rules import Rule, each
from schemas.text import Model, Name
from schemas.workplan import AnyObjectiveId, Number

Part = Literal["partnership agreement", "implementation roadmap"]
PARTS: tuple[Part, ...] = ("partnership agreement", "implementation roadmap")
"""What a joint internationalisation strategy is composed of."""


class Component(Pin):
    """A document the strategy is composed of, pinned to one version."""

    part: Part
    """Which of its parts it is."""
    contribution: Prose
    """What the strategy takes from it."""


class Survey(Model):
    """How the needs were found out."""

    method: Prose
    """What was asked, of whom, and how."""
    answers: Fact[Number] | None = None
    """How many answered."""


class Need(Model):
    """A need of the members' SMEs, and what is offered."""

    title: Heading
    """The need."""
    description: Prose
    """What SMEs say about it."""
    services: tuple[Heading, ...] = ()
    """What the partnership offers for it."""
    objectives: tuple[AnyObjectiveId, ...] = ()
    """Ids of the project's main objectives it belongs to."""


class MarketAnalysis(Market):
    """A target market as the partnership sees it."""

    demand: Prose
    """What is needed there."""
    opportunities: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What speaks for it, one entry each."""
    barriers: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What stands in the way, one entry each."""
    entry: Prose
    """How the partnership enters it."""
    local_partners: tuple[Fact[Name], ...] = ()
    """Partners there."""


class Swot(Model):
    """Strengths and weaknesses of the partnership, opportunities and threats around it."""

    strengths: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What it is good at, one entry each."""
    weaknesses: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What it lacks."""
    opportunities: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What helps from outside."""
    threats: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What harms from outside."""


class Audience(Model):
    """Whom the partnership speaks to, and how."""

    group: Heading
    """Who they are."""
    message: Prose
    """What they are told."""
    channels: Annotated[tuple[Heading, ...], Field(min_length=1)]
    """Through what."""
    responsible: Heading
    """Who does it: members, or a body of the partnership."""


def both_parts_are_pinned(strategy: Strategy) -> Iterator[Fault]:
    """Rule 13: it is composed of one partnership agreement and one implementation roadmap, each pinned once."""
    seen: set[str] = set()
    for index, component in each(strategy.components):
        if component.part in seen:
            yield Fault(f"components[{index}].part", "is pinned twice", read=component.part,
                        expected="one pin for each part")  # fmt: skip
        seen.add(component.part)
    for part in PARTS:
        if part not in seen:
            yield Fault("components", f"pins no {part}", expected=f"a component whose part is {part}")


def needs_serve_objectives(strategy: Strategy) -> Iterator[Fault]:
    """Rule 3: needs belong to defined objectives."""
    known = [objective.id for _, objective in each(strategy.project.objectives)]
    for index, need in each(strategy.needs):
        for number, read in each(need.objectives):
            yield from undefined(f"needs[{index}].objectives[{number}]", read, known, "an objective")


def markets_are_analysed_once(strategy: Strategy) -> Iterator[Fault]:
    """Analyse each target market once."""
    seen: set[str] = set()
    for index, market in each(strategy.markets):
        if market.code in seen:
            yield Fault(f"markets[{index}].code", "is analysed twice", read=market.code, expected="one entry a market")
        seen.add(market.code)


class Strategy(Document):
    """A joint internationalisation strategy; a body adopts it, and nobody has to sign it."""

    document_type: ClassVar[str] = "strategy"
    id_prefix: ClassVar[str] = "JIS"
    kind: ClassVar[str] = "Joint internationalisation strategy"
    rules: ClassVar[tuple[Rule[Any], ...]] = (
        *shared.SHARED,
        shared.consortium_is_large_enough,
        shared.targets_lie_outside_the_programme,
        both_parts_are_pinned,
        needs_serve_objectives,
        markets_are_analysed_once,
        funding_plan.funding_plan_has_every_year,
        funding_plan.expenses_stay_within_funding,
        funding_plan.expenses_equal_the_budget,
        funding_plan.funding_plan_is_in_one_currency,
    )

    type: Literal["strategy"]
    """Always ``strategy``."""
    parties: Annotated[tuple[Party, ...], Field(min_length=1, max_length=60)]
    """The members whose strategy it is."""
    adoption: Adoption
    """Who adopts it, by which decision, and when."""
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    """The documents it is composed of, each pinned to one version."""
    summary: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """The strategy on one page, one entry for each paragraph."""
    survey: Survey
    """How the needs were found out."""
    needs: Annotated[tuple[Need, ...], Field(min_length=1)]
    """What the members' SMEs need to go abroad."""
    markets: Annotated[tuple[MarketAnalysis, ...], Field(min_length=1)]
    """Target markets."""
    swot: Swot
    """Strengths, weaknesses, opportunities and threats."""
    funding_plan: FundingPlan
    """Financial sustainability."""
    communication: Annotated[tuple[Audience, ...], Field(min_length=1)]
    """Whom the partnership speaks to, and how."""
    review_months: Annotated[int, Strict(), Field(ge=1, le=60, examples=[12])]
    """How often it is reviewed, in months."""

    @property
    def subjects(self) -> frozenset[Subject]:
        """What it touches: money, by its funding plan."""
        return super().subjects | {Subject.PAYMENT}

    @property
    def pins(self) -> tuple[tuple[str, Pin], ...]:
        """What it takes the place of, and its components."""
        components = ((f"components[{index}]", component) for index, component in enumerate(self.components))
        return (*super().pins, *components)
