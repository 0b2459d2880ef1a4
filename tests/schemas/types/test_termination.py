from __future__ import annotations

import copy
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from schemas.clause import Subject
from schemas.types.termination import TerminationNotice
from tests.schemas.types.rule_cases import (
    BLANK,
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

EXAMPLE = "gssc/termination-mou-notice.yaml"
REMEDY = {"days": 45, "demand": "deliver the report that clause 3.2 asks for."}


def received(day):
    return put("deliveries", 0, "received", value=day)


def breach(data):
    data |= {
        "termination_kind": "breach",
        "remedy": copy.deepcopy(REMEDY),
        "grounds": ["The report due on 1 June 2022 did not come."],
        "effective": "2022-08-31",
    }


def second_addressee(data):
    data["parties"].append(copy.deepcopy(data["parties"][1]) | {"id": "third", "short_name": "the Third"})
    data["deliveries"].append(copy.deepcopy(data["deliveries"][0]) | {"party": "third"})


def from_the_chamber(data):
    """Let the party that acts for nobody give notice to the one that acts for a partnership."""
    data["sender"] = "ccvcc"
    data["deliveries"][0]["party"] = "gssc"
    data["signatories"][0] |= {"party": "ccvcc", "capacity": "own behalf"}


FAILING = {
    "sender_alone_signs": [
        Broken(put("sender", value="gscc"), "sender", "is no party"),
        Broken(
            all_of(put("sender", value="ccvcc"), put("deliveries", 0, "party", value="gssc")),
            "signatories[0].party", "an addressee does not sign a notice",
        ),
    ],
    "every_addressee_gets_the_notice": [
        Broken(put("deliveries", 0, "party", value="chamber"), "deliveries[0].party", "is no party"),
        Broken(put("deliveries", 0, "party", value="gssc"), "deliveries[0].party", "sends nothing to itself"),
        Broken(all_of(second_addressee, drop("deliveries", 1)), "parties[2]", "nothing is delivered to third"),
        Broken(
            all_of(second_addressee, put("deliveries", 1, "party", value="ccvcc")), "deliveries[1].party",
            "gets the notice twice",
        ),
    ],
    "received_after_sent": [
        Broken(received("2022-06-23"), "deliveries[0].received", "lies before 2022-06-24"),
    ],
    "periods_have_run_before_the_end": [
        Broken(
            received("2022-07-02"), "effective",
            "received on 2022-07-02, plus 30 days: it cannot end before 2022-08-01",
        ),
        Broken(
            put("effective", value="2022-07-23"), "effective",
            "sent on 2022-06-24, plus 30 days: it cannot end before 2022-07-24",
        ),
        Broken(
            all_of(second_addressee, received("2022-06-25"), put("deliveries", 1, "received", value="2022-07-04")),
            "effective", "received on 2022-07-04",
        ),
        Broken(
            all_of(breach, received("2022-07-18")), "effective",
            "received on 2022-07-18, plus 45 days: it cannot end before 2022-09-01",
        ),
    ],
    "grounds_fit_the_kind": [
        Broken(all_of(breach, put("grounds", value=[])), "grounds", "a termination for breach states its grounds"),
        Broken(all_of(breach, drop("remedy")), "remedy", "gets time to put it right"),
        Broken(put("termination_kind", value="serious cause"), "grounds", "for serious cause states its grounds"),
        Broken(put("remedy", value=REMEDY), "remedy", "there is no breach to put right"),
        Broken(put("notice_days", value=0), "notice_days", "an ordinary termination has a period of notice"),
    ],
}  # fmt: skip
PASSING = {
    "sender_alone_signs": [nothing, from_the_chamber],
    "every_addressee_gets_the_notice": [second_addressee],
    "received_after_sent": [received("2022-06-24"), all_of(put("sent", value=BLANK), received("2022-06-20"))],
    "periods_have_run_before_the_end": [
        received("2022-07-01"),
        put("effective", value="2022-07-24"),
        put("effective", value=BLANK),
        all_of(put("sent", value=BLANK), put("effective", value="2022-06-24")),
        all_of(breach, received("2022-07-17")),
    ],
    "grounds_fit_the_kind": [
        breach,
        all_of(
            put("termination_kind", value="serious cause"),
            put("notice_days", value=0),
            put("grounds", value=["The base was obtained by false information."]),
        ),
    ],
}
failing_cases = failing(TerminationNotice, FAILING)
passing_cases = passing(TerminationNotice, PASSING)


@pytest.fixture
def data():
    return example(EXAMPLE)


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(TerminationNotice, failing_cases)
    assert_complete(TerminationNotice, passing_cases)


@pytest.mark.parametrize(("name", "case"), failing_cases, ids=lambda case: case if isinstance(case, str) else "")
def test_a_broken_rule_is_named_at_its_place(name, case, data, faults_of) -> None:
    assert_broken(TerminationNotice, data, name, case, faults_of)


@pytest.mark.parametrize(("name", "change"), passing_cases, ids=lambda case: case if isinstance(case, str) else "")
def test_a_kept_rule_is_silent(name, change, data, faults_of) -> None:
    assert_kept(TerminationNotice, data, name, change, faults_of)


def test_the_earliest_end_is_told(data, faults_of) -> None:
    received("2022-07-20")(data)
    (fault,) = faults_of(data)
    assert (fault.read, fault.expected) == ("2022-07-31", "2022-08-19 or later")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 730))
def test_the_first_possible_day_is_accepted_and_the_day_before_is_not(data, faults_of, day, notice) -> None:
    data |= {"sent": day.isoformat(), "notice_days": notice}
    received(day.isoformat())(data)
    for given_up, faults in ((0, []), (1, ["effective"])):
        data["effective"] = (day + timedelta(days=notice - given_up)).isoformat()
        assert [fault.path for fault in faults_of(data)] == faults


def test_the_end_is_open_until_every_receipt_is_known(data, parse) -> None:
    second_addressee(data)
    received("2022-07-01")(data)
    notice = parse(data)
    assert notice.earliest_end is None
    data["deliveries"][1]["received"] = "2022-06-30"
    notice = parse(data)
    assert notice.earliest_end == date(2022, 7, 31)
    assert [party.id for party in notice.addressees] == ["ccvcc", "third"]


def test_it_ends_the_document_it_pins(data, parse) -> None:
    notice = parse(data)
    assert notice.pins == notice.changes == (("base", notice.base),)


def test_its_sender_leaves_with_the_last_day(data, parse) -> None:
    notice = parse(data)
    assert ([party.id for party in notice.leaving], notice.last_day) == ([data["sender"]], notice.effective.value)
    assert notice.invoked == (("clause", data["clause"]),)


def test_only_a_termination_for_cause_touches_liability(data, parse) -> None:
    assert parse(data).subjects == set()
    breach(data)
    assert parse(data).subjects == {Subject.LIABILITY}


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (put("sent", "value", value="June 22"), "sent.value", "22 June, or June 2022?"),
        (put("effective", "value", value="31.07.2022"), "effective.value", "not an ISO date"),
        (put("clause", value="clause [number]"), "clause", "'[number]' at character 8 is a leftover"),
        (put("deliveries", 0, "means", value="fax"), "deliveries[0].means", "is not one of the choices"),
    ],
)
def test_a_bad_input_is_told_at_its_field(change, path, message, data, faults_of) -> None:
    change(data)
    assert [(fault.path, fault.message) for fault in faults_of(data)] == [(path, message)]
