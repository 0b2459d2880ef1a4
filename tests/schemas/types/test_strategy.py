from __future__ import annotations

import copy

import pytest

from schemas.clause import Subject
from schemas.fact import Status
from schemas.types.strategy import Strategy
from tests.schemas.types.rule_cases import (
    BLANK,
    Broken,
    add,
    all_of,
    assert_broken,
    assert_complete,
    assert_kept,
    drop,
    example,
    failing,
    nothing,
    passing,
    put,
)
from tests.schemas.types.unsigned_cases import FAILING as UNSIGNED_FAILING, PASSING as UNSIGNED_PASSING

EXAMPLE = "gssc/strategy-internationalisation.yaml"
PLAN = "funding_plan"


def money(amount, currency="EUR"):
    return {"amount": amount, "currency": currency}


def line(*amounts, kind="public", currency="EUR"):
    sums = [BLANK if amount is None else money(amount, currency) for amount in amounts]
    return {"title": "Line", "kind": kind, "sums": sums}


def plan(funding, expenses=(), **others):
    """Return the change of the funding plan to lines of 2022 to 2024."""
    lines = {"funding": list(funding), "expenses": [one | {"kind": "expense"} for one in expenses]}
    return lambda data: data[PLAN].update({**lines, **copy.deepcopy(others)})


def market(code):
    return put("markets", 0, "code", value=code)


FAILING = {
    **UNSIGNED_FAILING,
    "targets_lie_outside_the_programme": [Broken(market("RS"), "markets[0].code", "lies inside the programme's")],
    "both_parts_are_pinned": [
        Broken(drop("components", 0), "components", "pins no partnership agreement"),
        Broken(drop("components", 1), "components", "pins no implementation roadmap"),
        Broken(
            put("components", 1, "part", value="partnership agreement"), "components[1].part", "is pinned twice"
        ),
    ],
    "needs_serve_objectives": [
        Broken(
            put("needs", 0, "objectives", value=["O1", "O6"]),
            "needs[0].objectives[1]",
            "O6 is not defined; O1 to O5 are",
        ),
    ],
    "markets_are_analysed_once": [Broken(market("VN"), "markets[2].code", "is analysed twice")],
    "funding_plan_has_every_year": [
        Broken(put(PLAN, "years", value=[2022, 2024, 2025]), "funding_plan.years[1]", "2024 does not follow 2022"),
        Broken(plan([line("1.00", "2.00")]), "funding_plan.funding[0].sums", "2 sums for 3 years"),
        Broken(
            plan([line("1.00", "2.00", "3.00")], [line("1.00")]), "funding_plan.expenses[0].sums", "1 sums for 3 years"
        ),
    ],
    "expenses_stay_within_funding": [
        Broken(
            plan([line("10.00", "0.00", "90.00")], [line("10.00", "0.01", "0.00")]),
            "funding_plan.expenses",
            "EUR 10.01 are spent by the end of 2023, of EUR 10.00",
        ),
        Broken(
            plan([line("60.00", "0.00", "0.00"), line("40.00", "0.00", "0.00")], [line("0.00", "0.00", "100.01")]),
            "funding_plan.expenses",
            "by the end of 2024, of EUR 100.00",
        ),
    ],
    "expenses_equal_the_budget": [
        Broken(
            plan([line("9.00", "9.00", "9.00")], [line("3.33", "3.33", "3.33")], budget=money("10.00")),
            "funding_plan.budget",
            "the expenses total EUR 9.99, the budget is EUR 10.00",
        ),
    ],
    "funding_plan_is_in_one_currency": [
        Broken(
            plan([line("1.00", "1.00", "1.00")], [line("1.00", "1.00", "1.00", currency="CZK")]),
            "funding_plan.expenses[0].sums[0]",
            "is in CZK, the first sum in EUR",
        ),
    ],
}  # fmt: skip
PASSING = {
    **UNSIGNED_PASSING,
    "targets_lie_outside_the_programme": [
        market("US-CA"),
        all_of(market("RS"), put("project", "call_profile", value="none")),
    ],
    "both_parts_are_pinned": [
        lambda data: data["components"].reverse(),
        put("components", 0, "sha256", value="0" * 64),
    ],
    "needs_serve_objectives": [put("needs", 0, "objectives", value=["O5"]), put("needs", 0, "objectives", value=[])],
    "markets_are_analysed_once": [market("MX")],
    "funding_plan_has_every_year": [
        plan([line("1.00", None, "3.00")]),
        all_of(put(PLAN, "years", value=[2024]), plan([line("1.00")], [line("1.00")])),
    ],
    "expenses_stay_within_funding": [
        plan([line("10.00", "0.00", "0.00")], [line("0.00", "0.00", "10.00")]),
        plan([line(None, "0.00", "0.00")], [line("99.00", "0.00", "0.00")]),
        plan([line("1.00", "0.00", "0.00")]),
    ],
    "expenses_equal_the_budget": [
        plan([line("9.00", "9.00", "9.00")], [line("3.33", "3.33", "3.34")], budget=money("10.00")),
        plan([line("9.00", "9.00", "9.00")], [line("3.33", "3.33", None)], budget=money("10.00")),
        put(PLAN, "budget", value=BLANK),
    ],
    "funding_plan_is_in_one_currency": [
        plan([line("1.00", "1.00", "1.00", currency="CZK")], [line("1.00", "1.00", "1.00", currency="CZK")]),
        nothing,
    ],
}
failing_cases = failing(Strategy, FAILING)
passing_cases = passing(Strategy, PASSING)


@pytest.fixture(scope="module")
def content():
    return example(EXAMPLE)


@pytest.fixture
def data(content):
    return copy.deepcopy(content)


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(Strategy, failing_cases)
    assert_complete(Strategy, passing_cases)


@pytest.mark.parametrize(("name", "case"), failing_cases, ids=lambda value: value if isinstance(value, str) else "")
def test_a_broken_rule_is_named_at_its_place(name, case, data, faults_of) -> None:
    assert_broken(Strategy, data, name, case, faults_of)


@pytest.mark.parametrize(("name", "change"), passing_cases, ids=lambda value: value if isinstance(value, str) else "")
def test_a_kept_rule_is_silent(name, change, data, faults_of) -> None:
    assert_kept(Strategy, data, name, change, faults_of)


def test_its_pins_are_its_components(data, parse) -> None:
    assert [(path, pin.title) for path, pin in parse(data).pins] == [
        ("components[0]", "Partnership agreement of Green Small Smart Cities"),
        ("components[1]", "Implementation Roadmap of Green Small Smart Cities 2020 to 2022"),
    ]


def test_a_digest_is_64_hex_digits(data, faults_of) -> None:
    data["components"][0]["sha256"] = "abc"
    assert [fault.path for fault in faults_of(data)] == ["components[0].sha256"]


def test_a_market_that_is_no_place_is_refused(data, faults_of) -> None:
    market("Vision Zero")(data)
    assert ("markets[0].code", "is not a place") in {(fault.path, fault.message) for fault in faults_of(data)}


def test_a_leftover_is_refused_with_its_place(data, faults_of) -> None:
    data["swot"]["threats"][0] = "Competitors such as [insert]"
    (fault,) = faults_of(data)
    assert (fault.path, fault.message) == ("swot.threats[0]", "'[insert]' at character 21 is a leftover")


@pytest.mark.parametrize("part", ["strengths", "weaknesses", "opportunities", "threats"])
def test_each_list_of_the_swot_says_something(part, data, faults_of) -> None:
    data["swot"][part] = []
    assert f"swot.{part}" in [fault.path for fault in faults_of(data)]


def test_totals_by_year_are_as_settled_as_their_sums(data, parse) -> None:
    assumed = {"value": money("5.00"), "status": "assumed", "source": "x"}
    plan([line("1.10", "2.20", None), line("0.01", "0.02", "0.03")], [line("1.00", "1.00", "1.00")])(data)
    data[PLAN]["funding"][0]["sums"][1] = assumed
    funding_plan = parse(data).funding_plan
    assert [(str(year.funding.value), year.funding.status) for year in funding_plan.totals] == [
        ("EUR 1.11", Status.DERIVED),
        ("EUR 5.02", Status.ASSUMED),
        ("None", Status.BLANK),
    ]
    assert str(funding_plan.total_expenses.value) == "EUR 3.00"
    assert funding_plan.funding[1].total.value.amount * 100 == 6
    assert funding_plan.total_funding.value is None


def test_a_funding_plan_concerns_finance(data, parse) -> None:
    assert parse(data).subjects == {Subject.PAYMENT}
    add("clauses", value={"id": "x", "subject": "liability", "heading": "X", "paragraphs": ["Y."]})(data)
    assert parse(data).subjects == {Subject.PAYMENT, Subject.LIABILITY}
