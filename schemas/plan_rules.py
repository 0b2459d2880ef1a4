"""The rules of a work plan: what its parts refer to exists, lies inside the project, and adds up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from schemas.adoption import Adoption
from schemas.agreement import Project
from schemas.errors import Fault
from schemas.fact import Fact
from schemas.money import Money, total
from schemas.objectives import SpecificObjective, undefined
from schemas.party import Party
from schemas.period import at, first_day, in_words, last_day, of_project
from schemas.place import Market
from schemas.rules import each, unknown_id
from schemas.text import MonthOrDay
from schemas.workplan import (
    Activity,
    CostLine,
    Deliverable,
    Event,
    FundingLine,
    Indicator,
    Milestone,
    Responsibility,
    Risk,
)


class Plan(Protocol):
    """A document with a work plan."""

    project: Project
    parties: tuple[Party, ...]
    adoption: Adoption
    markets: tuple[Market, ...]
    specific_objectives: tuple[SpecificObjective, ...]
    activities: tuple[Activity, ...]
    agenda: tuple[Event, ...]
    deliverables: tuple[Deliverable, ...]
    milestones: tuple[Milestone, ...]
    indicators: tuple[Indicator, ...]
    responsibilities: tuple[Responsibility, ...]
    costs: tuple[CostLine, ...]
    budget: Fact[Money] | None
    funding: tuple[FundingLine, ...]
    risks: tuple[Risk, ...]


def plan_ids_are_unique(plan: Plan) -> Iterator[Fault]:
    """Two activities, deliverables, milestones, indicators or risks never share an id."""
    for path, items in (
        ("activities", plan.activities),
        ("deliverables", plan.deliverables),
        ("milestones", plan.milestones),
        ("indicators", plan.indicators),
        ("risks", plan.risks),
    ):
        seen: set[str] = set()
        for index, item in each(items):
            if item.id in seen:
                yield Fault(f"{path}[{index}].id", "is used twice", read=item.id, expected="an id of its own")
            seen.add(item.id)


def objectives_exist(plan: Plan) -> Iterator[Fault]:
    """Rule 3: activities and indicators serve defined objectives."""
    main = [objective.id for _, objective in each(plan.project.objectives)]
    specific = [objective.id for _, objective in each(plan.specific_objectives)]
    for path, items in (("activities", plan.activities), ("indicators", plan.indicators)):
        for index, item in each(items):
            for number, read in each(item.objectives):
                known = specific if read.startswith("SO") else main
                yield from undefined(f"{path}[{index}].objectives[{number}]", read, known, "an objective")


def members_exist(plan: Plan) -> Iterator[Fault]:
    """Rule 4: whoever leads, takes part or answers for something is a member."""
    known = [party.id for _, party in each(plan.parties)]
    for index, activity in each(plan.activities):
        if activity.lead.value is not None:
            yield from unknown_id(f"activities[{index}].lead", activity.lead.value, known, "member")
    for index, activity in each(plan.activities):
        for number, partner in each(activity.partners):
            yield from unknown_id(f"activities[{index}].partners[{number}]", partner, known, "member")
    for index, responsibility in each(plan.responsibilities):
        yield from unknown_id(f"responsibilities[{index}].party", responsibility.party, known, "member")


def activities_exist(plan: Plan) -> Iterator[Fault]:
    """Events, deliverables and cost lines belong to defined activities."""
    known = [activity.id for _, activity in each(plan.activities)]
    for path, items in (("agenda", plan.agenda), ("deliverables", plan.deliverables), ("costs", plan.costs)):
        for index, item in each(items):
            if item.activity is not None:
                yield from undefined(f"{path}[{index}].activity", item.activity, known, "an activity")


def activity_markets_are_listed(plan: Plan) -> Iterator[Fault]:
    """Activities are about markets the document lists."""
    known = [market.code for _, market in each(plan.markets)]
    for index, activity in each(plan.activities):
        if activity.market is not None:
            yield from unknown_id(f"activities[{index}].market", activity.market, known, "market")


def days_are_in_order(plan: Plan) -> Iterator[Fault]:
    """Activities and events end after they start."""
    for path, items in (("activities", plan.activities), ("agenda", plan.agenda)):
        for index, item in each(items):
            start, end = item.start.value, item.end.value if item.end else None
            if start and end and last_day(end) < first_day(start):
                yield Fault(
                    f"{path}[{index}].end", "ends before it starts", read=end, expected=f"{start} or later"
                )  # fmt: skip


def plan_lies_inside_the_project(plan: Plan) -> Iterator[Fault]:
    """Rule 4: activities, events, deliverables and milestones lie inside the project, or are marked post-project."""
    later = {activity.id for _, activity in each(plan.activities) if activity.post_project}
    for index, activity in each(plan.activities):
        path = f"activities[{index}]"
        yield from _too_early(plan.project, f"{path}.start", f"{activity.id} starts", activity.start.value)
        if not activity.post_project:
            yield from _too_late(plan.project, f"{path}.end", f"{activity.id} ends", activity.end.value)
    for index, event in each(plan.agenda):
        ends, last = ("end", event.end.value) if event.end else ("start", event.start.value)
        yield from _too_early(plan.project, f"agenda[{index}].start", "takes place", event.start.value)
        if event.activity not in later:
            yield from _too_late(plan.project, f"agenda[{index}].{ends}", "takes place", last)
    for name, items in (("deliverables", plan.deliverables), ("milestones", plan.milestones)):
        for index, item in each(items):
            path = f"{name}[{index}].due"
            yield from _too_early(plan.project, path, f"{item.id} is due", item.due.value)
            if not item.post_project:
                yield from _too_late(plan.project, path, f"{item.id} is due", item.due.value)


def activity_costs_equal_their_lines(plan: Plan) -> Iterator[Fault]:
    """Rule 7: what an activity is said to cost equals its cost lines, where there are any."""
    for index, activity in each(plan.activities):
        lines = [line.amount.value for _, line in each(plan.costs) if line.activity == activity.id]
        if activity.cost is None or activity.cost.value is None or not lines or None in lines:
            continue
        sum_of_lines = total(money for money in lines if money is not None)
        if sum_of_lines is not None and sum_of_lines.amount != activity.cost.value.amount:
            yield Fault(
                f"activities[{index}].cost", f"{activity.id} costs {activity.cost.value}, its lines {sum_of_lines}",
                read=str(activity.cost.value.amount), expected=f"{sum_of_lines.amount}",
            )  # fmt: skip


def costs_equal_the_budget(plan: Plan) -> Iterator[Fault]:
    """Rule 5: cost lines equal the budget, and a remainder of rounding has its line."""
    planned = plan.budget.value if plan.budget else None
    sums = _costs(plan)
    lines = total(money for money in sums if money is not None)
    if planned is None or lines is None or lines.currency != planned.currency:
        return
    left = planned.amount - lines.amount
    if left < 0 or (left and None not in sums):
        remainder = f"; who takes {planned.currency} {left:,.2f}?" if 0 < left < 1 else ""
        yield Fault(
            "budget", f"the costs total {lines}, the budget is {planned}{remainder}", read=str(planned.amount),
            expected="cost lines that equal the budget; a line of category rounding for a remainder",
        )  # fmt: skip


def costs_stay_within_funding(plan: Plan) -> Iterator[Fault]:
    """Rule 5: what the plan costs is funded, and stays within the project's whole budget."""
    cost = total(money for money in _costs(plan) if money is not None)
    if cost is None:
        return
    sources = [line.amount.value for _, line in each(plan.funding)]
    funds = total(money for money in sources if money is not None)
    if funds is not None and None not in sources and _exceeds(cost, funds.currency, funds.amount):
        yield Fault(
            "funding", f"the plan costs {cost}, its funding is {funds}", read=str(funds.amount),
            expected=f"{cost.amount} or more",
        )  # fmt: skip
    whole = plan.project.budget.value if plan.project.budget else None
    if whole is not None and whole.kind == "total" and _exceeds(cost, whole.currency, whole.amount):
        yield Fault(
            "costs", f"the plan costs {cost}, the project has {whole.currency} {whole.amount:,.2f}",
            read=str(cost.amount), expected=f"{whole.amount} or less",
        )  # fmt: skip


def plan_is_in_one_currency(plan: Plan) -> Iterator[Fault]:
    """Cost lines and funding are in one currency, else nothing adds up."""
    places = [("costs", index, line.amount.value) for index, line in each(plan.costs)]
    places += [("funding", index, line.amount.value) for index, line in each(plan.funding)]
    currencies = [money.currency for _, _, money in places if money is not None]
    for name, index, money in places:
        if money is not None and money.currency != currencies[0]:
            yield Fault(
                f"{name}[{index}].amount", f"is in {money.currency}, the first sum in {currencies[0]}",
                read=money.currency, expected=currencies[0],
            )  # fmt: skip


def _too_early(project: Project, path: str, what: str, read: MonthOrDay | None) -> Iterator[Fault]:
    inside = of_project(project)
    if read and inside.first and last_day(read) < first_day(inside.first):
        message = f"{what} {at(read)}, in a project starting {in_words(inside.first)}"
        yield Fault(path, message, read=read, expected=f"{inside.first} or later")


def _too_late(project: Project, path: str, what: str, read: MonthOrDay | None) -> Iterator[Fault]:
    inside = of_project(project)
    if read and inside.last and first_day(read) > last_day(inside.last):
        message = f"{what} {at(read)}, in a project ending {in_words(inside.last)}"
        yield Fault(path, message, read=read, expected=f"{inside.last} or earlier, or post_project: true")


def _costs(plan: Plan) -> list[Money | None]:
    """Return the sums of the cost lines, or those of the activities where there are no lines; ``None`` the unknown."""
    lines = [line.amount.value for _, line in each(plan.costs)]
    return lines or [activity.cost.value for _, activity in each(plan.activities) if activity.cost is not None]


def _exceeds(cost: Money, currency: str, limit: Decimal) -> bool:
    return cost.currency == currency and cost.amount > limit
