from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.clause import Subject
from schemas.types.ppp import PublicPrivatePartnership
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

EXAMPLE = "sme4smartcities/ppp-city-and-sme.yaml"


def money(amount, currency="EUR"):
    return {"amount": amount, "currency": currency}


def price(number, amount, currency="EUR"):
    return put("phases", number, "price", value=money(amount, currency))


def procedure(name, **others):
    return put("procurement", value={"procedure": name, "notice_ref": "2022-1", "awarded": "2022-01-03", **others})


def one_phase(data):
    data["phases"] = data["phases"][2:]
    data["phases"][0] |= {"id": "P1"}
    data["acceptance_tests"] = data["acceptance_tests"][:1]
    data["value"] = money("60000.00")


FAILING = {
    "every_party_has_a_contact": [
        Broken(put("contacts", 0, "party", value="town"), "contacts[0].party", "is no party"),
        Broken(put("contacts", 1, "party", value="city"), "parties[1]", "sme has no contact"),
    ],
    "one_city_works_with_smes": [
        Broken(put("parties", 0, "category", value="chamber"), "parties", "0 of 2 parties with category city"),
        Broken(put("parties", 1, "category", value="city"), "parties", "2 of 2 parties with category city"),
        Broken(put("parties", 1, "category", value="research"), "parties", "0 of 2 parties with category SME"),
    ],
    "parties_named_are_listed": [
        Broken(put("ip_owner", value="smes"), "ip_owner", "is no party"),
        Broken(put("licences", 0, "party", value="town"), "licences[0].party", "is no party"),
        Broken(put("risks", 3, "borne_by", value=["city", "state"]), "risks[3].borne_by[1]", "is no party"),
    ],
    "city_may_use_the_results": [
        Broken(put("licences", value=[]), "licences", "city pays for results it may not use"),
    ],
    "procedure_is_explained": [
        Broken(procedure("below threshold"), "procurement.reason", "no notice is published beforehand"),
        Broken(
            procedure("negotiated procedure without prior publication"), "procurement.reason", "nothing says why"
        ),
    ],
    "contract_is_announced_in_time": [
        Broken(
            all_of(procedure("open procedure"), put("publication", "within_days", value=31)),
            "publication.within_days", "31 days are too long",
        ),
    ],
    "council_decides_before_the_start": [
        Broken(put("council_decision", "day", value="2022-01-11"), "council_decision.day", "after the agreement has"),
    ],
    "phases_follow_each_other_in_the_term": [
        Broken(put("phases", 0, "end", value="2022-01-09"), "phases[0].end", "ends before it starts"),
        Broken(put("phases", 0, "start", value="2022-01-09"), "phases[0].start", "starts before the term"),
        Broken(put("phases", 2, "end", value="2024-01-01"), "phases[2].end", "ends after the term, on 2023-12-31"),
        Broken(put("phases", 1, "start", value="2022-03-31"), "phases[1].start", "before it has ended on 2022-03-31"),
    ],
    "phases_are_numbered_and_gated": [
        Broken(put("phases", 2, "id", value="P4"), "phases[2].id", "out of order"),
        Broken(drop("phases", 0, "go_if"), "phases[0].go_if", "nothing says when the work goes on after P1"),
        Broken(put("phases", 2, "go_if", value="all is well"), "phases[2].go_if", "no phase follows"),
    ],
    "every_phase_is_accepted": [
        Broken(
            put("acceptance_tests", 0, "phase", value="P4"), "acceptance_tests[0].phase",
            "P4 is not defined; P1 to P3 are",
        ),
        Broken(drop("acceptance_tests", 0), "phases[0]", "P1 has no acceptance test"),
    ],
    "value_equals_the_prices": [
        Broken(price(0, "18000.01"), "value", "the prices of P1, P2 and P3 add up to EUR 120,000.01"),
        Broken(price(0, "18000.00", "CZK"), "value", "sums in CZK and EUR"),
        Broken(put("liability_cap", value=money("120000.00", "CZK")), "value", "sums in CZK and EUR"),
    ],
}  # fmt: skip
PASSING = {
    "every_party_has_a_contact": [nothing],
    "one_city_works_with_smes": [nothing],
    "parties_named_are_listed": [put("risks", 0, "borne_by", value=["sme"])],
    "city_may_use_the_results": [all_of(put("ip_owner", value="city"), put("licences", value=[])), nothing],
    "procedure_is_explained": [
        procedure("below threshold", reason="The value is below the threshold, and national law asks for no notice."),
        procedure("open procedure"),
        procedure(BLANK),
    ],
    "contract_is_announced_in_time": [
        put("publication", "within_days", value=30),
        all_of(procedure("below threshold", reason="Its value."), put("publication", "within_days", value=60)),
    ],
    "council_decides_before_the_start": [
        put("council_decision", "day", value="2022-01-10"),
        put("term", "start", value=BLANK),
    ],
    "phases_follow_each_other_in_the_term": [
        put("phases", 1, "start", value="2022-04-01"),
        put("phases", 1, "end", value=BLANK),
        put("phases", 2, "end", value="2023-12-31"),
    ],
    "phases_are_numbered_and_gated": [one_phase],
    "every_phase_is_accepted": [one_phase, drop("acceptance_tests", 1)],
    "value_equals_the_prices": [
        all_of(price(0, "18000.10"), price(1, "42000.20"), put("value", value=money("120000.30"))),
        put("phases", 0, "price", value=BLANK),
        put("value", value=BLANK),
    ],
}
failing_cases = failing(PublicPrivatePartnership, FAILING)
passing_cases = passing(PublicPrivatePartnership, PASSING)


@pytest.fixture
def data():
    return example(EXAMPLE)


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(PublicPrivatePartnership, failing_cases)
    assert_complete(PublicPrivatePartnership, passing_cases)


@pytest.mark.parametrize(("name", "case"), failing_cases, ids=lambda case: case if isinstance(case, str) else "")
def test_a_broken_rule_is_named_at_its_place(name, case, data, faults_of) -> None:
    assert_broken(PublicPrivatePartnership, data, name, case, faults_of)


@pytest.mark.parametrize(("name", "change"), passing_cases, ids=lambda case: case if isinstance(case, str) else "")
def test_a_kept_rule_is_silent(name, change, data, faults_of) -> None:
    assert_kept(PublicPrivatePartnership, data, name, change, faults_of)


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (
            put("phases", 0, "price", "value", "amount", value="18.000, 00€"), "phases[0].price.value.amount",
            "read as EUR 18,000.00; total or contribution?",
        ),
        (
            put("phases", 1, "start", "value", value="October 22"), "phases[1].start.value",
            "22 October, or October 2022?",
        ),
        (put("payment_days", value=31), "payment_days", "is too large"),
        (put("challenge", value="To be [insert]"), "challenge", "'[insert]' at character 7 is a leftover"),
        (
            put("procurement", "procedure", value="inovation partnership"), "procurement.procedure",
            "is not one of the choices",
        ),
        (put("parties", 0, "country", "value", value="EL"), "parties[0].country.value",
         "is not the ISO 3166-1 code of this country"),
    ],
)  # fmt: skip
def test_a_bad_input_is_told_at_its_field(change, path, message, data, faults_of) -> None:
    change(data)
    assert [(fault.path, fault.message) for fault in faults_of(data)] == [(path, message)]


def test_it_always_touches_money_results_and_liability(data, parse) -> None:
    add("clauses", value={
        "id": "data-abroad", "subject": "data transfer", "heading": "Data abroad", "paragraphs": ["They stay here."],
    })(data)  # fmt: skip
    assert parse(data).subjects == {
        Subject.PAYMENT, Subject.INTELLECTUAL_PROPERTY, Subject.LIABILITY, Subject.DATA_TRANSFER,
    }  # fmt: skip


def test_the_city_and_the_smes_are_found_by_category(data, parse) -> None:
    data["parties"].reverse()
    ppp = parse(data)
    assert ppp.city.id == "city"
    assert [party.id for party in ppp.smes] == ["sme"]


def test_the_calendar_of_the_example_leaves_the_days_for_acceptance_and_decision(data, parse) -> None:
    ppp = parse(data)
    ends = [phase.end.value for phase in ppp.phases]
    goes_on = [*(phase.start.value for phase in ppp.phases[1:]), ppp.term.end.value]
    acceptance_and_decision = timedelta(days=2 * ppp.acceptance_days)
    assert [end for end, after in zip(ends, goes_on, strict=True) if after <= end + acceptance_and_decision] == []
