from __future__ import annotations

import copy

import pytest

from schemas.clause import Subject
from schemas.types.accession import Accession
from tests.schemas.types.rule_cases import (
    BLANK,
    SAFEGUARD,
    SENDS_TO_CAPE_VERDE,
    Broken,
    Change,
    Data,
    add,
    all_of,
    assert_broken,
    assert_complete,
    assert_kept,
    clause,
    drop,
    example,
    failing,
    nothing,
    passing,
    put,
)

EXAMPLE = "c2future/accession-four-clusters.yaml"
FIRST_APPLICANT = 6
"""Where the applicants begin among parties and standings."""


def resolved(party: int, resolution: object = "Minutes of the general meeting") -> Change:
    """Return the change by which one member consents by resolution and does not sign."""

    def change(data: Data) -> None:
        member = data["parties"][party]["id"]
        data["signatories"] = [entry for entry in data["signatories"] if entry["party"] != member]
        data["consents"][party] = {"party": member, "by": "resolution"}
        if resolution is not None:
            data["consents"][party]["resolution"] = resolution

    return change


def only(members: int, applicants: int, *percents: str) -> Change:
    """Return the change that leaves so many members and applicants, with these shares afterwards."""

    def change(data: Data) -> None:
        places = [*range(members), *range(FIRST_APPLICANT, FIRST_APPLICANT + applicants)]
        for path in ("parties", "standings"):
            data[path] = [data[path][place] for place in places]
        kept = {party["id"] for party in data["parties"]}
        for path in ("signatories", "consents", "applicants", "contacts"):
            data[path] = [entry for entry in data[path] if entry["party"] in kept]
        for standing, percent in zip(data["standings"], percents, strict=True):
            standing["percent"] = percent

    return change


def nobody_signs_for_the_first_applicant(data: Data) -> None:
    del data["signatories"][0]


FAILING: dict[str, list[Broken]] = {
    "applicants_join_existing_members": [
        Broken(put("applicants", 0, "party", value="new-5"), "applicants[0].party", "is no party of this document"),
        Broken(put("applicants", 1, "party", value="new-1"), "applicants[1].party", "applies already"),
        Broken(only(1, 2, "40", "30", "30"), "parties", "of the base agreement's parties, dti is listed"),
    ],
    "applicants_sign": [
        Broken(nobody_signs_for_the_first_applicant, "applicants[0]", "nobody signs for new-1"),
    ],
    "every_member_consents": [
        Broken(put("consents", 0, "party", value="dtu"), "consents[0].party", "is no party of this document"),
        Broken(put("consents", 1, "party", value="dti"), "consents[1].party", "consents already"),
        Broken(put("consents", 0, "party", value="new-1"), "consents[0].party", "is an applicant"),
        Broken(drop("consents", 5), "parties[5]", "lombard-mobility does not consent"),
        Broken(
            all_of(resolved(0), put("consents", 0, value={"party": "dti", "by": "signature"})),
            "consents[0].by",
            "nobody signs for dti",
        ),
        Broken(resolved(0, None), "consents[0].resolution", "is missing"),
    ],
    "shares_total_one_hundred": [
        Broken(only(2, 1, "33.33", "33.33", "33.33"), "standings", "shares total 99.99; who takes 0.01?"),
        Broken(put("standings", 0, "percent", value="20"), "standings", "shares total 110.00, more than rounding"),
        Broken(drop("standings", 9), "standings", "new-4 has no share"),
        Broken(put("remainder_to", value="dti"), "remainder_to", "nothing remains to be taken"),
    ],
    "applicants_had_nothing_before": [
        Broken(
            put("standings", FIRST_APPLICANT, "votes_before", value=1),
            "standings[6].votes_before",
            "new-1 is an applicant and had no vote",
        ),
        Broken(
            put("standings", FIRST_APPLICANT, "percent_before", value="1"),
            "standings[6].percent_before",
            "new-1 is an applicant and had no share",
        ),
    ],
    "applicants_have_contacts": [
        Broken(put("contacts", 0, "party", value="nobody"), "contacts[0].party", "is no party of this document"),
        Broken(drop("contacts", 0), "applicants[0]", "new-1 has no contact"),
    ],
    "accession_follows_its_base": [
        Broken(
            all_of(put("base", "dated", value="2021-05-01"), put("effective", value="2021-04-30")),
            "effective",
            "lies before the base agreement",
        ),
    ],
    "base_text_stays": [
        Broken(add("clauses", value=clause("liability")), "clauses[-1]", "leaves the terms of its base as they are"),
        Broken(
            add("clauses", value=clause("data transfer", replaces="accession-base")),
            "clauses[-1]",
            "leaves the terms of its base as they are",
        ),
    ],
}

PASSING: dict[str, list[Change]] = {
    # An accession takes up no clause but safeguards for personal data.
    "ids_are_unique": [add("clauses", value=SAFEGUARD)],
    "clauses_are_replaced_once": [nothing],
    "personal_data_abroad_is_safeguarded": [
        SENDS_TO_CAPE_VERDE,
        all_of(SENDS_TO_CAPE_VERDE, put("personal_data", value=False), drop("clauses")),
    ],
    "applicants_join_existing_members": [only(2, 1, "40", "30", "30")],
    "applicants_sign": [nothing],
    "every_member_consents": [
        resolved(0),
        all_of(resolved(0), put("consents", 0, "dated", value="2022-03-01")),
        resolved(0, BLANK),
    ],
    "shares_total_one_hundred": [
        all_of(only(2, 1, "33.33", "33.33", "33.33"), put("remainder_to", value="dti")),
        put("standings", 0, "percent", value=BLANK),
    ],
    "applicants_had_nothing_before": [put("standings", 0, "votes_before", value=2)],
    "applicants_have_contacts": [add("contacts", value={"party": "dti", "name": "Office", "email": "a@example.org"})],
    "accession_follows_its_base": [
        all_of(put("base", "dated", value="2021-05-01"), put("effective", value="2021-05-01")),
        all_of(put("base", "dated", value=BLANK), put("effective", value="2021-05-01")),
    ],
    "base_text_stays": [add("clauses", value=SAFEGUARD)],
}

failing_cases = failing(Accession, FAILING)
passing_cases = passing(Accession, PASSING)


@pytest.fixture(scope="module")
def content() -> Data:
    return example(EXAMPLE)


@pytest.fixture
def data(content: Data) -> Data:
    return copy.deepcopy(content)


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(Accession, failing_cases)
    assert_complete(Accession, passing_cases)


@pytest.mark.parametrize("case", failing_cases, ids=lambda case: case[0])
def test_a_broken_rule_is_named_at_its_place(case, data, faults_of) -> None:
    assert_broken(Accession, data, *case, faults_of)


@pytest.mark.parametrize("case", passing_cases, ids=lambda case: case[0])
def test_a_kept_rule_is_silent(case, data, faults_of) -> None:
    assert_kept(Accession, data, *case, faults_of)


@pytest.mark.parametrize("missing", ["base", "sha256"])
def test_the_base_agreement_is_pinned_by_digest(missing, data, faults_of) -> None:
    del (data if missing == "base" else data["base"])[missing]
    path = "base" if missing == "base" else "base.sha256"
    assert [(fault.path, fault.message) for fault in faults_of(data)] == [(path, "is missing")]


def test_what_is_no_digest_is_refused(data, faults_of) -> None:
    data["base"]["sha256"] = "ABC"
    assert [fault.path for fault in faults_of(data)] == ["base.sha256"]


def test_it_changes_the_base_it_pins(data, parse) -> None:
    data["base"]["sha256"] = "0" * 63 + "1"
    ((path, pin),) = parse(data).pins
    assert (path, pin.sha256.value) == ("base", "0" * 63 + "1")
    assert parse(data).changes == parse(data).pins


def test_members_are_the_parties_that_do_not_apply(data, parse) -> None:
    document = parse(data)
    assert [party.id for party in document.members] == [
        "dti", "aclima", "ict-net", "greenhome", "hamac", "lombard-mobility",
    ]  # fmt: skip
    assert document.total_votes == 10
    assert document.remainder == 0


def test_it_touches_money_and_liability(data, parse) -> None:
    del data["clauses"]
    data["personal_data"] = False
    assert parse(data).subjects == {Subject.PAYMENT, Subject.LIABILITY}


def test_both_spellings_of_an_organisation_are_kept_until_a_person_decides(data, parse) -> None:
    name = parse(data).parties[1].legal_name
    assert name.is_open
    assert [claim.value for claim in name.claims] == ["Acclima", "Aclima"]
