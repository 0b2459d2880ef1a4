from __future__ import annotations

import copy
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from schemas.clause import Subject
from schemas.money import Money, total
from schemas.types.exchange import Exchange, last_day_of_a_month_from, weekdays
from tests.schemas.types.rule_cases import (
    BLANK,
    FAILING as SHARED_FAILING,
    Broken,
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

EXAMPLE = "smartctclusters/exchange-catalonia-leipzig.yaml"


def money(amount, currency="EUR"):
    return {"amount": amount, "currency": currency}


def lasting(days):
    """Return the change to an exchange of ``days`` working days, its agenda with them."""

    def change(data):
        data["working_days"] = days
        data["agenda"] = [{"day": day, "title": "Work", "programme": "Work together."} for day in range(1, days + 1)]

    return change


def paid(amount):
    return put("lump_sum", value=money(amount))


def virtual(data):
    data["mode"] = "virtual"
    for name in ("km", "full_lump_sum", "lump_sum", "payer"):
        del data[name]


def one_party_twice(data):
    data["parties"][3] = copy.deepcopy(data["parties"][0])


FAILING = {
    "ids_are_unique": [Broken(one_party_twice, "parties[3].id", "used twice"), *SHARED_FAILING["ids_are_unique"][1:]],
    "every_party_has_a_contact": [
        Broken(put("contacts", 3, "party", value="host"), "parties[3]", "neu has no contact"),
    ],
    "four_parties_have_one_role_each": [
        Broken(put("host", "party", value="hosts"), "host.party", "is no party"),
        Broken(put("host", "cluster", value="cdc"), "host.cluster", "is visitor.cluster already"),
        Broken(put("parties", 1, "category", value="chamber"), "visitor.cluster", "cdc is no cluster organisation"),
    ],
    "countries_differ": [
        Broken(put("parties", 2, "country", value="ES"), "host.party", "visitor and host are both in ES"),
    ],
    "stay_is_three_days_to_one_month": [
        Broken(lasting(2), "working_days", "2 working days are too short"),
        Broken(lasting(1), "working_days", "1 working day is too short"),
        Broken(put("end", value="2020-11-15"), "end", "ends before it starts"),
        Broken(put("end", value="2020-12-16"), "end", "at most one month"),
        Broken(put("end", value="2020-11-19"), "working_days", "there are 4 weekdays from 2020-11-16 to 2020-11-19"),
    ],
    "agenda_fills_the_working_days": [
        Broken(drop("agenda", 4), "agenda", "ends with working day 4 of 5"),
        Broken(drop("agenda", 1), "agenda[1].day", "out of order"),
        Broken(put("agenda", 4, "day", value=6), "agenda[4].day", "the exchange has 5 working days"),
    ],
    "lump_sum_follows_days_and_distance": [
        Broken(
            all_of(lasting(4), paid("600.00")), "lump_sum",
            "half of EUR 600.00 is due for 4 working days and 1300 km",
        ),
        Broken(put("km", value=199), "lump_sum", "half of EUR 600.00 is due for 5 working days and 199 km"),
        Broken(paid("300.00"), "lump_sum", "the whole of EUR 600.00 is due for 5 working days and 1300 km"),
        Broken(put("lump_sum", value=money("600.00", "CZK")), "lump_sum", "the whole of EUR 600.00 is due"),
    ],
    "travel_is_paid_where_somebody_travels": [
        Broken(drop("lump_sum"), "lump_sum", "missing for a physical exchange"),
        Broken(put("mode", value="virtual"), "km", "nobody travels to a virtual exchange"),
    ],
}  # fmt: skip
PASSING = {
    "every_party_has_a_contact": [nothing],
    "four_parties_have_one_role_each": [nothing],
    "countries_differ": [put("parties", 2, "country", value="IT"), put("parties", 2, "country", value=BLANK)],
    "stay_is_three_days_to_one_month": [
        all_of(lasting(3), paid("300.00")),
        put("end", value="2020-12-15"),
        put("start", value=BLANK),
    ],
    "agenda_fills_the_working_days": [all_of(lasting(22), put("end", value="2020-12-15"))],
    "lump_sum_follows_days_and_distance": [
        put("km", value=200),
        all_of(put("km", value=199), paid("300.00")),
        all_of(lasting(4), paid("300.00")),
        all_of(lasting(4), put("full_lump_sum", value=money("333.33")), paid("166.67")),
        put("km", value=BLANK),
        put("lump_sum", value=BLANK),
        put("working_days", value=BLANK),
        put("full_lump_sum", value=BLANK),
    ],
    "travel_is_paid_where_somebody_travels": [virtual],
}
failing_cases = failing(Exchange, FAILING)
passing_cases = passing(Exchange, PASSING)


@pytest.fixture
def data():
    return example(EXAMPLE)


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(Exchange, failing_cases)
    assert_complete(Exchange, passing_cases)


@pytest.mark.parametrize(("name", "case"), failing_cases, ids=lambda case: case if isinstance(case, str) else "")
def test_a_broken_rule_is_named_at_its_place(name, case, data, faults_of) -> None:
    assert_broken(Exchange, data, name, case, faults_of)


@pytest.mark.parametrize(("name", "change"), passing_cases, ids=lambda case: case if isinstance(case, str) else "")
def test_a_kept_rule_is_silent(name, change, data, faults_of) -> None:
    assert_kept(Exchange, data, name, change, faults_of)


def test_the_amount_expected_is_told(data, faults_of) -> None:
    data["km"] = 150
    (fault,) = faults_of(data)
    assert (fault.read, fault.expected) == ("EUR 600.00", "EUR 300.00")


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (
            put("lump_sum", "value", "amount", value="1.200,00 €"), "lump_sum.value.amount",
            "read as EUR 1,200.00; total or contribution?",
        ),
        (put("start", "value", value="November 20"), "start.value", "20 November, or November 2020?"),
        (put("working_days", value="five"), "working_days", "is not a whole number"),
        (put("mode", value="hybrid"), "mode", "is not one of the choices"),
        (drop("parties", 3), "parties", "has 3 entries"),
    ],
)  # fmt: skip
def test_a_bad_input_is_told_at_its_field(change, path, message, data, faults_of) -> None:
    change(data)
    assert (path, message) in [(fault.path, fault.message) for fault in faults_of(data)]


def test_money_is_touched_only_where_somebody_travels(data, parse) -> None:
    assert parse(data).subjects == {Subject.PAYMENT}
    virtual(data)
    assert parse(data).subjects == set()


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("2020-03-05", "2020-04-04"), ("2020-03-01", "2020-03-31"), ("2020-12-10", "2021-01-09"),
        ("2020-01-31", "2020-02-29"), ("2021-01-31", "2021-02-28"), ("2021-01-29", "2021-02-28"),
    ],
)  # fmt: skip
def test_a_month_ends_where_the_calendar_says(start, last) -> None:
    assert last_day_of_a_month_from(date.fromisoformat(start)) == date.fromisoformat(last)


@given(st.dates(date(2000, 1, 1), date(2099, 1, 1)))
def test_a_month_has_28_to_31_days_and_20_to_23_weekdays(start) -> None:
    last = last_day_of_a_month_from(start)
    assert 28 <= (last - start).days + 1 <= 31
    assert 19 <= weekdays(start, last) <= 23
    assert weekdays(start, start + timedelta(days=6)) == 5


@given(st.decimals(0, 10**9, places=2))
def test_two_halves_miss_the_whole_by_a_cent_at_most(amount) -> None:
    half = Money(amount=amount).half()
    assert half.amount == half.amount.quantize(Decimal("0.01"))
    assert 0 <= 2 * half.amount - amount <= Decimal("0.01")


def test_sums_of_two_currencies_have_no_total() -> None:
    assert total([]) is None
    assert total([Money(amount=Decimal(1)), Money(amount=Decimal(1), currency="CZK")]) is None
    assert total([Money(amount=Decimal("0.10")), Money(amount=Decimal("0.20"))]) == Money(amount=Decimal("0.30"))
