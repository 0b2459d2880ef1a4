"""How a partnership pays for itself: sources and expenses, year by year."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal, Protocol

from pydantic import Field, Strict

from schemas.errors import Fault
from schemas.fact import Fact
from schemas.money import Money, total
from schemas.prose import Heading, Prose
from schemas.rules import each
from schemas.text import Model
from schemas.workplan import total_of

Year = Annotated[int, Strict(), Field(ge=1990, le=2100, examples=[2021])]


class YearlySums(Model):
    """A line of the funding plan: one sum for each of its years."""

    title: Heading
    """Where the money comes from, or what it is spent on."""
    kind: Literal["EU contribution", "own contribution", "public", "private", "income", "expense"]
    """Kind of source, or an expense."""
    sums: Annotated[tuple[Fact[Money], ...], Field(min_length=1)]
    """One for each year of the plan, in their order."""

    @property
    def total(self) -> Fact[Money]:
        """The total of all years, as settled as they are."""
        return total_of(self.sums, "the years")


class YearTotals(Model):
    """A year of the funding plan."""

    year: Year
    """The year."""
    funding: Fact[Money]
    """The total of its funding."""
    expenses: Fact[Money]
    """The total of its expenses."""


class FundingPlan(Model):
    """How the partnership pays for itself, year by year."""

    years: Annotated[tuple[Year, ...], Field(min_length=1, max_length=5)]
    """The years, in their order."""
    funding: Annotated[tuple[YearlySums, ...], Field(min_length=1)]
    """Sources."""
    expenses: tuple[YearlySums, ...] = ()
    """What the money is spent on."""
    budget: Fact[Money] | None = None
    """The whole of the expenses, where it is stated."""
    principles: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """How the partnership stays able to pay, one entry each."""

    @property
    def totals(self) -> tuple[YearTotals, ...]:
        """The totals of each year, as settled as their sums are."""
        return tuple(
            YearTotals(
                year=year,
                funding=total_of((line.sums[place] for line in self.funding), f"the funding of {year}"),
                expenses=total_of((line.sums[place] for line in self.expenses), f"the expenses of {year}"),
            )
            for place, year in enumerate(self.years)
        )

    @property
    def total_funding(self) -> Fact[Money]:
        """The total of the funding of all years."""
        return total_of((money for line in self.funding for money in line.sums), "the funding")

    @property
    def total_expenses(self) -> Fact[Money]:
        """The total of the expenses of all years."""
        return total_of((money for line in self.expenses for money in line.sums), "the expenses")


class WithFundingPlan(Protocol):
    """A document with a funding plan."""

    funding_plan: FundingPlan


def funding_plan_has_every_year(document: WithFundingPlan) -> Iterator[Fault]:
    """Rule 5: years follow each other, and each line has one sum for each of them."""
    plan = document.funding_plan
    years = [year for _, year in each(plan.years)]
    for index, (before, year) in enumerate(pairwise(years), start=1):
        if year != before + 1:
            yield Fault(f"funding_plan.years[{index}]", f"{year} does not follow {before}", read=str(year),
                        expected=str(before + 1))  # fmt: skip
    for name, lines in (("funding", plan.funding), ("expenses", plan.expenses)):
        for index, line in each(lines):
            if len(line.sums) != len(plan.years):
                yield Fault(
                    f"funding_plan.{name}[{index}].sums", f"{len(line.sums)} sums for {len(plan.years)} years",
                    read=str(len(line.sums)), expected=str(len(plan.years)),
                )  # fmt: skip


def expenses_stay_within_funding(document: WithFundingPlan) -> Iterator[Fault]:
    """Rule 5: what a year spends it has, or has left from the years before."""
    plan = document.funding_plan
    funding, expenses = ([line.sums for _, line in each(lines)] for lines in (plan.funding, plan.expenses))
    for place, (_, year) in enumerate(each(plan.years)):
        has = [sums[: place + 1] for sums in funding]
        spends = [sums[: place + 1] for sums in expenses]
        known = [[money.value for sums in lines for _, money in each(sums)] for lines in (has, spends)]
        if None in known[0]:
            return
        available, spent = (total(money for money in sums if money is not None) for sums in known)
        if available and spent and spent.currency == available.currency and spent.amount > available.amount:
            yield Fault(
                "funding_plan.expenses", f"{spent} are spent by the end of {year}, of {available}",
                read=str(spent.amount), expected=f"{available.amount} or less",
            )  # fmt: skip
            return


def expenses_equal_the_budget(document: WithFundingPlan) -> Iterator[Fault]:
    """Rules 5 and 7: the stated whole equals the expenses, else a conflict."""
    plan = document.funding_plan
    sums = [money.value for _, line in each(plan.expenses) for _, money in each(line.sums)]
    planned = plan.budget.value if plan.budget else None
    spent = total(money for money in sums if money is not None)
    if planned is None or spent is None or None in sums or spent.currency != planned.currency:
        return
    if spent.amount != planned.amount:
        yield Fault(
            "funding_plan.budget", f"the expenses total {spent}, the budget is {planned}", read=str(planned.amount),
            expected=f"{spent.amount}",
        )  # fmt: skip


def funding_plan_is_in_one_currency(document: WithFundingPlan) -> Iterator[Fault]:
    """All sums of the funding plan are in one currency, else nothing adds up."""
    plan = document.funding_plan
    first: str | None = None
    for name, lines in (("funding", plan.funding), ("expenses", plan.expenses)):
        for index, line in each(lines):
            for number, money in each(line.sums):
                if money.value is None:
                    continue
                first = first or money.value.currency
                if money.value.currency != first:
                    yield Fault(
                        f"funding_plan.{name}[{index}].sums[{number}]",
                        f"is in {money.value.currency}, the first sum in {first}",
                        read=money.value.currency, expected=first,
                    )  # fmt: skip
