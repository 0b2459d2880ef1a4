from __future__ import annotations

import copy

import pytest

from schemas.clause import Subject
from schemas.types.amendment import Amendment
from tests.schemas.types.rule_cases import (
    BLANK,
    FAILING as SHARED_FAILING,
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

EXAMPLE = "gssc/amendment-mou-term.yaml"
DIGEST = "5f" * 32


def third_party(data):
    data["parties"].append(copy.deepcopy(data["parties"][1]) | {"id": "third", "short_name": "the Third"})


def majority(needed):
    return put("majority", value={"clause": "clause 14.2", "needed": needed})


FAILING = {
    "base_is_pinned": [Broken(put("base", "sha256", value="0" * 64), "base.sha256", "is no digest of a document")],
    "effective_after_the_base": [
        Broken(put("effective", value="2021-04-26"), "effective", "lies before the base, which is dated 2021-04-27"),
    ],
    "changes_say_old_and_new": [
        Broken(drop("amended_clauses", 1, "old"), "amended_clauses[1].old", "the old text is missing"),
        Broken(drop("amended_clauses", 0, "new"), "amended_clauses[0].new", "the new text is missing"),
        Broken(
            put("amended_clauses", 1, "act", value="delete"), "amended_clauses[1].new",
            "a clause to delete has no new text",
        ),
        Broken(
            put("amended_clauses", 1, "act", value="insert"), "amended_clauses[1].old",
            "a clause to insert has no old text",
        ),
        Broken(
            all_of(
                put("amended_clauses", 1, "old", value=["The same."]),
                put("amended_clauses", 1, "new", value=["The same."]),
            ),
            "amended_clauses[1].new", "clause 9.1 says the same as before",
        ),
    ],
    "a_clause_is_changed_once": [
        Broken(put("amended_clauses", 0, "clause", value="9.1"), "amended_clauses[1].clause", "is changed twice"),
    ],
    "all_parties_or_the_majority_sign": [
        *SHARED_FAILING["every_party_signs"],
        Broken(third_party, "parties[2]", "nobody signs for third"),
        Broken(all_of(third_party, majority(1)), "majority.needed", "1 of 3 parties are no majority"),
        Broken(majority(3), "majority.needed", "3 of 2 parties are no majority"),
        Broken(all_of(third_party, drop("signatories", 0), majority(2)), "signatories", "1 of 3 parties sign"),
    ],
}  # fmt: skip
PASSING = {
    "base_is_pinned": [put("base", "sha256", value=DIGEST), nothing],
    "effective_after_the_base": [put("effective", value="2021-04-27"), put("effective", value=BLANK)],
    "changes_say_old_and_new": [
        all_of(put("amended_clauses", 1, "act", value="delete"), drop("amended_clauses", 1, "new")),
    ],
    "a_clause_is_changed_once": [put("amended_clauses", 0, "clause", value="9.2")],
    "all_parties_or_the_majority_sign": [nothing, all_of(third_party, majority(2))],
}
failing_cases = failing(Amendment, FAILING)
passing_cases = passing(Amendment, PASSING)


@pytest.fixture
def data():
    return example(EXAMPLE)


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(Amendment, failing_cases)
    assert_complete(Amendment, passing_cases)


@pytest.mark.parametrize(("name", "case"), failing_cases, ids=lambda case: case if isinstance(case, str) else "")
def test_a_broken_rule_is_named_at_its_place(name, case, data, faults_of) -> None:
    assert_broken(Amendment, data, name, case, faults_of)


@pytest.mark.parametrize(("name", "change"), passing_cases, ids=lambda case: case if isinstance(case, str) else "")
def test_a_kept_rule_is_silent(name, change, data, faults_of) -> None:
    assert_kept(Amendment, data, name, change, faults_of)


@pytest.mark.parametrize("number", ["9", "9.1", "14A", "3.2(b)", "3(b)"])
def test_a_clause_is_named_as_the_base_numbers_it(number, data, parse) -> None:
    data["amended_clauses"][1]["clause"] = number
    assert parse(data).amended_clauses[1].clause == number


@pytest.mark.parametrize("number", ["", "clause 9", "9.", "9.1.1.1", "ix"])
def test_what_is_no_clause_number_is_refused(number, data, faults_of) -> None:
    data["amended_clauses"][1]["clause"] = number
    assert [fault.path for fault in faults_of(data)] == ["amended_clauses[1].clause"]


@pytest.mark.parametrize("digest", ["5F" * 32, "5f" * 31, "sha256:" + "5f" * 32])
def test_a_base_is_pinned_by_a_digest_and_nothing_like_it(digest, data, faults_of) -> None:
    data["base"]["sha256"] = digest
    assert [fault.path for fault in faults_of(data)] == ["base.sha256"]


def test_a_base_without_a_pin_is_no_base(data, faults_of) -> None:
    del data["base"]["sha256"]
    assert [(fault.path, fault.message) for fault in faults_of(data)] == [("base.sha256", "is missing")]


def test_it_changes_the_base_it_pins(data, parse) -> None:
    data["base"] |= {"agreement": "MOU-2026-0001", "sha256": DIGEST}
    amendment = parse(data)
    assert amendment.pins == amendment.changes == (("base", amendment.base),)
    assert amendment.base.sha256.value == DIGEST


def test_it_pins_what_changed_the_base_before_and_does_not_change_that(data, parse) -> None:
    data["earlier"] = [data["base"] | {"agreement": "AMD-2026-0001", "title": "First amendment", "sha256": DIGEST}]
    amendment = parse(data)
    assert amendment.pins == (("base", amendment.base), ("earlier[0]", amendment.earlier[0]))
    assert amendment.changes == amendment.alters == (("base", amendment.base),)


def test_it_takes_out_its_old_texts_and_puts_in_its_new_ones(data, parse) -> None:
    amendment = parse(data)
    (taken,) = amendment.takes_out
    assert taken == ("amended_clauses[1].old[0]", str(amendment.amended_clauses[1].old[0]))
    assert amendment.puts_in == tuple(str(change.new[0]) for change in amendment.amended_clauses)


def test_it_touches_what_its_clauses_touch(data, parse) -> None:
    assert parse(data).subjects == {Subject.GENERAL}
    put("amended_clauses", 1, "subject", value="payment")(data)
    add("clauses", value={"id": "cap", "subject": "liability", "heading": "Cap", "paragraphs": ["There is one."]})(data)
    assert parse(data).subjects == {Subject.GENERAL, Subject.PAYMENT, Subject.LIABILITY}
