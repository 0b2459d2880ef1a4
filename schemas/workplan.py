"""What a work plan is made of: activities, events, deliverables, milestones, indicators, costs and risks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, Strict

from schemas.agreement import ObjectiveId
from schemas.fact import Fact, Status
from schemas.money import Money
from schemas.objectives import SpecificObjectiveId
from schemas.place import MarketCode
from schemas.prose import Heading, Prose
from schemas.text import Flag, Identifier, Model, MonthOrDay, Name


def _numbered(letter: str) -> Field:
    return Field(pattern=rf"^{letter}[1-9][0-9]{{0,2}}$", examples=[f"{letter}1"])


ActivityId = Annotated[str, _numbered("A")]
"""A1, A2 and so on."""
DeliverableId = Annotated[str, _numbered("D")]
"""D1, D2 and so on."""
MilestoneId = Annotated[str, _numbered("M")]
"""M1, M2 and so on."""
IndicatorId = Annotated[str, _numbered("K")]
"""K1, K2 and so on."""
RiskId = Annotated[str, _numbered("R")]
"""R1, R2 and so on."""
AnyObjectiveId = ObjectiveId | SpecificObjectiveId
"""O1 or SO1."""
Number = Annotated[int, "Number", Strict(), Field(ge=0, le=1_000_000_000, examples=[50])]
"""A whole number of things."""
MemberId = Annotated[Identifier, "Member"]
"""The id of a party."""
Level = Literal["low", "medium", "high"]


class Group(Model):
    """Some of those the plan is for or takes part in it, such as SMEs or cities."""

    title: Heading
    """Who they are."""
    number: Fact[Number]
    """How many."""
    names: Fact[Name] | None = None
    """Which they are, where somebody has named them."""


class Activity(Model):
    """Something the members do, from month to month."""

    id: ActivityId
    """A1, A2 and so on."""
    title: Heading
    """What is done."""
    description: Prose | None = None
    """How it is done."""
    objectives: Annotated[tuple[AnyObjectiveId, ...], Field(min_length=1)]
    """Ids of the objectives it serves, main or specific."""
    lead: Fact[MemberId]
    """Id of the member in charge."""
    partners: tuple[Identifier, ...] = ()
    """Ids of the members that take part; none named where all do."""
    start: Fact[MonthOrDay]
    """First month or day."""
    end: Fact[MonthOrDay]
    """Last month or day, included."""
    market: MarketCode | None = None
    """The target market it is about, if it is about one."""
    cost: Fact[Money] | None = None
    """What it costs, where that is planned by activity."""
    post_project: Flag = False
    """Whether it goes on after the project's end."""


class Step(Model):
    """An activity with the names of those who carry it out."""

    activity: Activity
    """The activity."""
    lead: Fact[Name]
    """Short name of the member in charge, as settled as the choice of it."""
    partners: tuple[Name, ...]
    """Short names of the members that take part; none where all do."""


class Event(Model):
    """An entry of the agenda."""

    activity: ActivityId
    """Id of the activity it belongs to."""
    title: Heading
    """What takes place."""
    start: Fact[MonthOrDay]
    """First month or day."""
    end: Fact[MonthOrDay] | None = None
    """Last month or day, included, where it is not the first."""
    place: Fact[Name] | None = None
    """Where; none for a meeting at a distance."""
    mode: Fact[Annotated[Literal["on site", "virtual", "hybrid"], "Mode"]]
    """How people meet."""
    audience: Heading | None = None
    """Whom it is for."""


class Deliverable(Model):
    """Something an activity produces."""

    id: DeliverableId
    """D1, D2 and so on."""
    title: Heading
    """What is delivered."""
    activity: ActivityId
    """Id of the activity it comes from."""
    due: Fact[MonthOrDay]
    """Month or day by which it is there."""
    form: Heading
    """In what form: a report, a catalogue, a website."""
    post_project: Flag = False
    """Whether it is due after the project's end."""


class Milestone(Model):
    """A point from which on something is so."""

    id: MilestoneId
    """M1, M2 and so on."""
    title: Heading
    """What is reached."""
    due: Fact[MonthOrDay]
    """Month or day by which it is reached."""
    shown_by: Heading
    """What shows that it is reached."""
    post_project: Flag = False
    """Whether it is due after the project's end."""


class Indicator(Model):
    """A key performance indicator (KPI)."""

    id: IndicatorId
    """K1, K2 and so on."""
    title: Heading
    """What is counted or measured."""
    objectives: Annotated[tuple[AnyObjectiveId, ...], Field(min_length=1)]
    """Ids of the objectives it measures, main or specific."""
    baseline: Fact[Number]
    """Value at the start."""
    target: Fact[Number]
    """Value to be reached."""
    sense: Literal["at least", "exactly", "at most"] = "at least"
    """How the target is meant."""
    unit: Heading
    """Unit, such as SMEs, events or %."""
    due: Fact[MonthOrDay]
    """Month or day by which the target is to be reached."""
    shown_by: Heading
    """Where the value comes from."""


class CostLine(Model):
    """A line of the cost plan."""

    title: Heading
    """What is paid for."""
    category: Literal["staff", "travel", "subcontracting", "events", "equipment", "other", "indirect", "rounding"]
    """Kind of cost; ``rounding`` states what is left when the others are rounded."""
    activity: ActivityId | None = None
    """Id of the activity it belongs to, where it belongs to one."""
    amount: Fact[Money]
    """Sum."""


class FundingLine(Model):
    """A source of money."""

    title: Heading
    """Where the money comes from."""
    kind: Literal["EU contribution", "own contribution", "public", "private"]
    """Kind of source."""
    amount: Fact[Money]
    """Sum."""


class Risk(Model):
    """Something that may go wrong, and what is done about it."""

    id: RiskId
    """R1, R2 and so on."""
    title: Heading
    """What may go wrong."""
    likelihood: Level
    """How likely it is."""
    impact: Level
    """How much harm it does."""
    response: Prose
    """What is done against it, or when it happens."""
    owner: Heading
    """Who watches it: a member, or a body of the partnership."""


class Responsibility(Model):
    """What one member answers for."""

    party: Identifier
    """Id of the member."""
    role: Fact[Name]
    """Its role in the plan."""
    tasks: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """What it answers for, one entry each."""


def total_of(sums: Iterable[Fact[Money]], of: str) -> Fact[Money]:
    """Return the total of ``sums`` as a fact: assumed where one of them is open, blank where one is not known.

    The sums are of one currency; without any the total is zero euro.
    """
    sums = tuple(sums)
    known = [fact.value for fact in sums if fact.value is not None]
    if len(known) < len(sums):
        return Fact[Money](status=Status.BLANK, source=f"Total of {of}, of which some are not known")
    amount = Money(
        amount=sum((money.amount for money in known), Decimal(0)), currency=known[0].currency if known else "EUR"
    )
    status = Status.ASSUMED if any(fact.is_open for fact in sums) else Status.DERIVED
    return Fact[Money](value=amount, status=status, source=f"Total of {of}")
