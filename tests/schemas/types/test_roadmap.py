from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal

import pytest

from schemas.clause import Subject
from schemas.fact import Status
from schemas.types.roadmap import Roadmap
from tests.schemas.types.rule_cases import (
    BLANK,
    TRANSFERS,
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

EXAMPLE = "gssc/roadmap-2020-2022.yaml"
SAFE = drop("clauses")


def money(amount, currency="EUR"):
    return {"amount": amount, "currency": currency}


def costs(*amounts, currency="EUR", **particulars):
    lines = [{"title": "Work", "category": "staff", "amount": money(sum_, currency)} for sum_ in amounts]
    return put("costs", value=[line | particulars for line in lines])


def funding(*amounts, currency="EUR"):
    lines = [{"title": "Grant", "kind": "EU contribution", "amount": money(sum_, currency)} for sum_ in amounts]
    return put("funding", value=lines)


def budget(amount, currency="EUR"):
    return put("budget", value=money(amount, currency))


def whole(amount, kind="total"):
    return put("project", "budget", value={"amount": amount, "kind": kind})


def deliverable(**particulars):
    usual = {"id": "D9", "title": "Report", "activity": "A1", "due": "2021-01", "form": "Report"}
    return add("deliverables", value=usual | particulars)


def again(path):
    return lambda data: data[path].append(data[path][0])


FAILING = {
    **UNSIGNED_FAILING,
    "specific_objectives_support_main_ones": [
        Broken(
            put("specific_objectives", 2, "supports", value=["O3", "O6"]),
            "specific_objectives[2].supports[1]",
            "O6 is not defined; O1 to O5 are",
        ),
        Broken(
            add("project", "objectives", value={"id": "O6", "text": "Another"}),
            "project.objectives[5]",
            "no specific objective supports O6",
        ),
        Broken(again("specific_objectives"), "specific_objectives[-1].id", "used twice"),
    ],
    "plan_ids_are_unique": [
        Broken(put("activities", 1, "id", value="A1"), "activities[1].id", "used twice"),
        Broken(again("deliverables"), "deliverables[-1].id", "used twice"),
        Broken(again("milestones"), "milestones[-1].id", "used twice"),
        Broken(again("indicators"), "indicators[-1].id", "used twice"),
        Broken(again("risks"), "risks[-1].id", "used twice"),
    ],
    "objectives_exist": [
        Broken(
            put("activities", 0, "objectives", value=["O6"]),
            "activities[0].objectives[0]",
            "O6 is not defined; O1 to O5 are",
        ),
        Broken(
            put("indicators", 0, "objectives", value=["O5", "SO10"]),
            "indicators[0].objectives[1]",
            "SO10 is not defined; SO1 to SO9 are",
        ),
    ],
    "members_exist": [
        Broken(put("activities", 0, "lead", value="solarty"), "activities[0].lead", "is no member of this document"),
        Broken(
            put("activities", 0, "partners", value=["mcict", "nobody"]),
            "activities[0].partners[1]",
            "is no member of this document",
        ),
        Broken(
            put("responsibilities", 0, "party", value="nobody"), "responsibilities[0].party", "is no member of this"
        ),
    ],
    "activities_exist": [
        Broken(put("agenda", 0, "activity", value="A13"), "agenda[0].activity", "A13 is not defined; A1 to A12 are"),
        Broken(deliverable(activity="A99"), "deliverables[-1].activity", "A99 is not defined"),
        Broken(put("costs", 1, "activity", value="A13"), "costs[1].activity", "A13 is not defined"),
    ],
    "activity_markets_are_listed": [
        Broken(put("activities", 8, "market", value="MX"), "activities[8].market", "is no market of this document"),
    ],
    "days_are_in_order": [
        Broken(put("activities", 0, "end", value="2020-08"), "activities[0].end", "ends before it starts"),
        Broken(put("agenda", 4, "end", value="2021-08-31"), "agenda[4].end", "ends before it starts"),
    ],
    "plan_lies_inside_the_project": [
        Broken(
            put("activities", 8, "end", value="2022-10"),
            "activities[8].end",
            "A9 ends in October 2022, in a project ending August 2022",
        ),
        Broken(
            put("activities", 0, "start", value="2020-08"),
            "activities[0].start",
            "A1 starts in August 2020, in a project starting September 2020",
        ),
        Broken(put("agenda", 9, "start", value="2022-09-01"), "agenda[9].start", "takes place on 1 September 2022"),
        Broken(put("agenda", 4, "end", value="2022-09"), "agenda[4].end", "takes place in September 2022"),
        Broken(deliverable(due="2022-09"), "deliverables[-1].due", "D9 is due in September 2022"),
        Broken(put("milestones", 3, "due", value="2022-10-01"), "milestones[3].due", "M4 is due on 1 October 2022"),
        Broken(
            all_of(put("project", "start", value="2020-02-03"), put("activities", 9, "end", value="2022-02-03")),
            "activities[9].end",
            "in a project ending 2 February 2022",
        ),
    ],
    "activity_costs_equal_their_lines": [
        Broken(
            all_of(costs("10.00", "20.00", activity="A1"), put("activities", 0, "cost", value=money("30.01"))),
            "activities[0].cost",
            "A1 costs EUR 30.01, its lines EUR 30.00",
        ),
    ],
    "costs_equal_the_budget": [
        Broken(
            all_of(costs("33.33", "33.33", "33.33"), budget("100.00")),
            "budget",
            "the costs total EUR 99.99, the budget is EUR 100.00; who takes EUR 0.01?",
        ),
        Broken(all_of(costs("90.00"), budget("100.00")), "budget", "total EUR 90.00, the budget is EUR 100.00"),
        Broken(
            all_of(costs("60.00", "60.00"), put("costs", 0, "amount", value=money("100.01")), budget("100.00")),
            "budget",
            "total EUR 160.01",
        ),
    ],
    "costs_stay_within_funding": [
        Broken(
            all_of(put("costs", value=[]), put("activities", 0, "cost", value=money("9.01")), funding("9.00")),
            "funding",
            "the plan costs EUR 9.01, its funding is EUR 9.00",
        ),
        Broken(all_of(costs("100.01"), funding("60.00", "40.00")), "funding", "costs EUR 100.01, its funding is"),
        Broken(
            all_of(costs("222202.63"), whole("222202.62"), funding("300000.00")),
            "costs",
            "the plan costs EUR 222,202.63, the project has EUR 222,202.62",
        ),
    ],
    "plan_is_in_one_currency": [
        Broken(
            all_of(costs("1.00"), funding("2.00", currency="CZK")),
            "funding[0].amount",
            "is in CZK, the first sum in EUR",
        ),
    ],
    "personal_data_of_markets_is_safeguarded": [
        Broken(SAFE, "personal_data", "would go to the markets CL, CV and VN, without an adequacy decision"),
    ],
}
PASSING = {
    **UNSIGNED_PASSING,
    "ids_are_unique": [
        all_of(
            add("project", "objectives", value={"id": "O6", "text": "Another"}),
            put("specific_objectives", 0, "supports", value=["O6", "O1"]),
        ),
    ],
    "specific_objectives_support_main_ones": [
        put("specific_objectives", 0, "supports", value=["O1", "O5"]),
        all_of(
            put("specific_objectives", value=[]),
            lambda data: [item.update(objectives=["O1"]) for item in data["activities"] + data["indicators"]],
        ),
    ],
    "plan_ids_are_unique": [deliverable()],
    "objectives_exist": [put("activities", 0, "objectives", value=["SO9", "O1"])],
    "members_exist": [put("activities", 0, "lead", value=BLANK), put("activities", 0, "partners", value=["mcict"])],
    "activities_exist": [put("costs", 1, "activity", value="A12")],
    "activity_markets_are_listed": [put("activities", 8, "market", value="CV")],
    "days_are_in_order": [
        put("activities", 0, "end", value="2020-09"),
        put("activities", 0, "start", value="2021-01-31"),
        put("agenda", 4, "end", value=BLANK),
    ],
    "plan_lies_inside_the_project": [
        put("activities", 8, "end", value="2022-08-31"),
        all_of(put("activities", 8, "end", value="2022-10"), put("activities", 8, "post_project", value=True)),
        all_of(put("activities", 0, "start", value="2020-09-01"), put("activities", 0, "end", value="2020-09-01")),
        deliverable(due="2024-01", post_project=True),
        put("milestones", 0, "due", value=BLANK),
        all_of(put("project", "duration_months", value=BLANK), put("activities", 8, "end", value="2030-01")),
        all_of(put("agenda", 0, "activity", value="A12"), put("agenda", 0, "start", value="2023-01")),
    ],
    "activity_costs_equal_their_lines": [
        all_of(costs("10.00", "20.00", activity="A1"), put("activities", 0, "cost", value=money("30.00"))),
        put("activities", 8, "cost", value=money("30.00")),
    ],
    "costs_equal_the_budget": [
        all_of(
            costs("33.33", "33.33", "33.33"),
            add("costs", value={"title": "Remainder", "category": "rounding", "amount": money("0.01")}),
            budget("100.00"),
        ),
        all_of(costs("60.00"), add("costs", value={"title": "x", "category": "other", "amount": BLANK}), budget("70")),
        budget("100.00"),
    ],
    "costs_stay_within_funding": [
        all_of(put("costs", value=[]), put("activities", 0, "cost", value=money("9.00")), funding("9.00")),
        all_of(costs("100.00"), funding("60.00", "40.00")),
        all_of(costs("222202.62"), whole("222202.62"), funding("222202.62")),
        all_of(costs("300000.00"), whole("222202.62", "EU contribution"), put("funding", value=[])),
    ],
    "plan_is_in_one_currency": [all_of(costs("1.00", currency="CZK"), funding("2.00", currency="CZK"))],
    "personal_data_of_markets_is_safeguarded": [
        nothing,
        all_of(SAFE, add("choices", value=TRANSFERS)),
        all_of(SAFE, put("personal_data", value=False)),
        all_of(SAFE, put("markets", value=[{"code": "JP"}, {"code": "NZ"}])),
    ],
    "personal_data_abroad_is_safeguarded": [
        nothing,
        all_of(put("parties", 0, "country", value="CV"), put("personal_data", value=False)),
    ],
}
failing_cases = failing(Roadmap, FAILING)
passing_cases = passing(Roadmap, PASSING)


@pytest.fixture(scope="module")
def content():
    return example(EXAMPLE)


@pytest.fixture
def data(content):
    return copy.deepcopy(content)


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(Roadmap, failing_cases)
    assert_complete(Roadmap, passing_cases)


@pytest.mark.parametrize(("name", "case"), failing_cases, ids=lambda value: value if isinstance(value, str) else "")
def test_a_broken_rule_is_named_at_its_place(name, case, data, faults_of) -> None:
    assert_broken(Roadmap, data, name, case, faults_of)


@pytest.mark.parametrize(("name", "change"), passing_cases, ids=lambda value: value if isinstance(value, str) else "")
def test_a_kept_rule_is_silent(name, change, data, faults_of) -> None:
    assert_kept(Roadmap, data, name, change, faults_of)


def test_an_adopted_roadmap_needs_no_signature(data, parse) -> None:
    assert parse(data).signatories == ()


def test_three_countries_are_too_few_where_only_two_take_part(data, faults_of) -> None:
    for party in data["parties"]:
        party["country"] = "CZ"
    data["parties"][1]["country"] = "ES"
    (fault,) = faults_of(data)
    assert fault.message == "5 entities in 2 countries (CZ and ES)"


def test_a_market_that_is_no_place_is_refused(data, faults_of) -> None:
    data["markets"][0]["code"] = "Vision Zero"
    assert ("markets[0].code", "is not a place") in {(fault.path, fault.message) for fault in faults_of(data)}


def test_a_sum_as_the_project_page_writes_it_asks_which_it_is(data, faults_of) -> None:
    data["funding"][0]["amount"]["value"]["amount"] = "222.202, 62€"
    (fault,) = faults_of(data)
    assert fault.message == "read as EUR 222,202.62; total or contribution?"


def test_a_day_without_its_year_asks_for_it(data, faults_of) -> None:
    data["agenda"][5]["start"] = "October 21"
    (fault,) = faults_of(data)
    assert fault.message == "21 October, or October 2021?"


def test_months_last_to_their_last_day_in_the_schedule(data, parse) -> None:
    bars = {bar.id: bar for bar in parse(data).schedule}
    assert (bars["A1"].start, bars["A1"].end, bars["A1"].lead) == (date(2020, 9, 1), date(2021, 1, 31), "Solartys")
    assert (bars["D7"].start, bars["D7"].end, bars["D7"].kind) == (date(2021, 7, 14), date(2021, 7, 14), "deliverable")
    assert (bars["M4"].end, bars["M4"].kind, bars["M4"].lead) == (date(2022, 8, 31), "milestone", "")


def test_deliverables_follow_their_activity_in_the_schedule(data, parse) -> None:
    ids = [bar.id for bar in parse(data).schedule]
    assert ids[:4] == ["A1", "D1", "A2", "D2"]
    assert ids[-4:] == ["M1", "M2", "M3", "M4"]


def test_what_has_no_dates_is_named_and_not_drawn(data, parse) -> None:
    data["activities"][0]["start"] = BLANK
    data["milestones"][0]["due"] = BLANK
    roadmap = parse(data)
    assert roadmap.unscheduled == ("A1", "M1")
    assert not {"A1", "M1"} & {bar.id for bar in roadmap.schedule}


def test_who_leads_is_as_open_as_the_choice_of_them(data, parse) -> None:
    data["activities"][1]["lead"] = BLANK
    data["activities"][2]["lead"] = "mcict"
    assumed, blank, stated = parse(data).steps[:3]
    assert (assumed.lead.value, assumed.lead.status) == ("Solartys", Status.ASSUMED)
    assert (blank.lead.value, blank.lead.status) == (None, Status.BLANK)
    assert (stated.lead.value, stated.lead.status) == ("MCICT", Status.STATED)


@pytest.mark.parametrize(
    ("second", "status", "amount"),
    [
        (money("0.20"), Status.DERIVED, Decimal("0.30")),
        ({"value": money("0.20"), "status": "assumed", "source": "x"}, Status.ASSUMED, Decimal("0.30")),
        (BLANK, Status.BLANK, None),
    ],
)
def test_a_total_is_as_settled_as_its_lines(second, status, amount, data, parse) -> None:
    costs("0.10", "0.20")(data)
    data["costs"][1]["amount"] = second
    total = parse(data).total_cost
    assert total.status is status
    assert (total.value.amount if total.value else None) == amount


def test_planned_money_concerns_finance(data, parse) -> None:
    assert parse(data).subjects == {Subject.PAYMENT, Subject.DATA_TRANSFER}
    del data["costs"], data["funding"]
    assert parse(data).subjects == {Subject.DATA_TRANSFER}


def test_it_pins_the_agreement_it_carries_out(data, parse) -> None:
    ((path, pin),) = parse(data).pins
    assert (path, pin.title) == ("partnership_agreement", "Partnership agreement of Green Small Smart Cities")
    del data["partnership_agreement"]
    assert parse(data).pins == ()


@pytest.mark.parametrize(
    "name", ["smartctclusters/roadmap-clusterxchange", "sme4smartcities/roadmap-training-programme"]
)
def test_the_other_examples_are_roadmaps(name, parse) -> None:
    assert isinstance(parse(example(f"{name}.yaml")), Roadmap)
