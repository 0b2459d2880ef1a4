from __future__ import annotations

import datetime

import pytest

from schemas.clause import Subject
from schemas.types.mou import Memorandum
from tests.schemas.types.rule_cases import (
    BLANK,
    FAILING,
    PASSING,
    SAFEGUARD,
    STATED,
    TRANSFERS,
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
    in_all_languages,
    more_signatories,
    nothing,
    passing,
    put,
)

TWO_LANGUAGES = "gssc/mou-czech-cape-verdean-chamber-en-pt.yaml"
SENDS_DATA = all_of(put("personal_data", value=True), add("binding_clauses", value="data protection"))
TO_CAPE_VERDE = put("parties", 1, "country", value="CV")
ANNOUNCED = ("parties", 0, "acts_for", "announced_countries")
MEMBERS = ("parties", 0, "acts_for", "members")


def with_second_language(data: Data) -> None:
    """Make the example the one in two languages."""
    data.clear()
    data.update(example(TWO_LANGUAGES))


def in_two(*changes: Change) -> Change:
    return all_of(with_second_language, *changes)


BREAKS: dict[str, list[Broken]] = {
    "every_party_signs": [
        Broken(put("signatories", 1, "party", value="gssc"), "parties[1]", "nobody signs for ccvcc"),
    ],
    "joint_signatories_all_sign": [
        *FAILING["joint_signatories_all_sign"],
        Broken(
            put("signatories", 0, "jointly_with", value=["for-chamber"]),
            "signatories[0].jointly_with[0]",
            "for-chamber signs for ccvcc, not for gssc",
        ),
    ],
    "acting_for_a_partnership_needs_mandates": [
        *FAILING["acting_for_a_partnership_needs_mandates"],
        Broken(drop(*MEMBERS, 1, "mandate"), "parties[0].acts_for.members[1].mandate", "gave no mandate"),
        Broken(
            put("signatories", 1, "capacity", value="for a partnership"),
            "signatories[1].capacity",
            "ccvcc acts for no partnership",
        ),
    ],
    "announced_countries_equal_the_members": [
        *FAILING["announced_countries_equal_the_members"],
        Broken(
            put(*ANNOUNCED, value={"value": 5, **STATED}),
            "parties[0].acts_for.announced_countries",
            "5 countries are announced (minutes of the board), 4 are listed: CZ, ES, IT and PL",
        ),
    ],
    "both_languages_are_complete": [
        Broken(put("second_language", value="en"), "second_language", "is the first language"),
        Broken(put("prevailing", value="en"), "prevailing", "there is one language only"),
        Broken(in_two(drop("prevailing")), "prevailing", "two languages need a rule for when they differ"),
        Broken(in_two(put("prevailing", value="it")), "prevailing", "two languages need a rule for when they differ"),
        Broken(in_two(drop("areas", 1, "title", "pt")), "areas[1].title", "stands in en only"),
        Broken(in_two(put("purpose", value="Together.")), "purpose", "stands in one language only"),
        Broken(in_two(put("undertakings", 1, "items", 0, value="help;")), "undertakings[1].items[0]", "one language"),
        Broken(
            in_two(add("clauses", value=clause(paragraphs=[{"en": "The Parties say so."}]))),
            "clauses[0].paragraphs[0]",
            "stands in en only",
        ),
    ],
    "objectives_exist": [
        Broken(
            put("areas", 0, "objectives", value=["O1", "O6"]),
            "areas[0].objectives[1]",
            "O6 is not defined; O1 to O5 are",
        ),
        Broken(
            put("project", "objectives", value=[{"id": "O1", "text": "x"}]),
            "areas[0].objectives[1]",
            "O2 is not defined; O1 is",
        ),
        Broken(put("project", "objectives", value=[]), "areas[2].objectives[0]", "O5 is not defined; none is"),
    ],
    "undertakings_and_contacts_name_parties": [
        Broken(put("undertakings", 0, "party", value="x"), "undertakings[0].party", "is no party"),
        Broken(put("contacts", 0, "party", value="x"), "contacts[0].party", "is no party"),
        Broken(put("contacts", 1, "party", value="gssc"), "parties[1]", "ccvcc has no contact"),
    ],
    "notice_fits_the_term": [
        Broken(
            all_of(put("term", "end", value="2021-05-26"), put("notice_days", value=30)),
            "notice_days",
            "as long as the term of 30 days",
        ),
        Broken(
            all_of(put("term", "end", value="2021-05-25"), put("notice_days", value=30)),
            "notice_days",
            "longer than the term of 29 days",
        ),
    ],
    "non_binding_text_has_no_obligations": [
        Broken(put("clauses", value=[clause("payment")]), "clauses[0].subject", "no payment clause"),
        Broken(put("clauses", value=[clause("exclusivity")]), "clauses[0].subject", "no exclusivity clause"),
        Broken(put("clauses", value=[clause("penalty")]), "clauses[0].subject", "no penalty clause"),
        Broken(put("own_costs", value=False), "own_costs", "nobody pay for another"),
    ],
    "personal_data_abroad_is_safeguarded": [
        Broken(all_of(SENDS_DATA, TO_CAPE_VERDE), "personal_data", "would go to CV, without an adequacy decision"),
        Broken(all_of(SENDS_DATA, put(*MEMBERS, 4, "country", value="RS")), "personal_data", "would go to RS"),
        Broken(all_of(SENDS_DATA, put("parties", 1, "country", value="IN")), "personal_data", "would go to IN"),
    ],
    "personal_data_clause_binds": [
        Broken(put("personal_data", value=True), "binding_clauses", "data protection must bind"),
    ],
}

KEEPS: dict[str, list[Change]] = {
    "every_party_signs": [more_signatories({})],
    "acting_for_a_partnership_needs_mandates": [
        put(*MEMBERS, 1, "mandate", value=BLANK),
        all_of(drop("parties", 0, "acts_for"), put("signatories", 0, "capacity", value="own behalf")),
    ],
    "announced_countries_equal_the_members": [
        *PASSING["announced_countries_equal_the_members"],
        put(*ANNOUNCED, value={"value": 4, **STATED}),
        drop(*ANNOUNCED),
        nothing,
    ],
    "both_languages_are_complete": [
        nothing,
        in_two(),
        in_two(put("prevailing", value="both")),
        in_two(put("prevailing", value="pt"), put("purpose", value=in_all_languages("Together."))),
    ],
    "term_ends_after_it_starts": [
        all_of(put("term", "end", value="2021-04-28"), put("notice_days", value=1)),
        put("term", "end", value=BLANK),
    ],
    "objectives_exist": [put("areas", 0, "objectives", value=["O5"]), put("areas", 0, "objectives", value=[])],
    "undertakings_and_contacts_name_parties": [nothing],
    "notice_fits_the_term": [
        all_of(put("term", "end", value="2021-05-27"), put("notice_days", value=30)),
        put("term", "end", value=BLANK),
    ],
    "non_binding_text_has_no_obligations": [
        all_of(
            put("legal_nature", value="binding"),
            put("own_costs", value=False),
            put("clauses", value=[clause("payment")]),
        ),
        put("clauses", value=[clause("liability")]),
    ],
    "personal_data_abroad_is_safeguarded": [
        all_of(SENDS_DATA, TO_CAPE_VERDE, add("clauses", value=SAFEGUARD)),
        all_of(SENDS_DATA, TO_CAPE_VERDE, add("choices", value=TRANSFERS)),
        SENDS_DATA,
        all_of(SENDS_DATA, put("parties", 1, "country", value="JP")),
        TO_CAPE_VERDE,
    ],
    "personal_data_clause_binds": [
        SENDS_DATA,
        all_of(put("personal_data", value=True), put("legal_nature", value="binding")),
    ],
}


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(Memorandum, failing(Memorandum, BREAKS))
    assert_complete(Memorandum, passing(Memorandum, KEEPS))


@pytest.mark.parametrize("case", failing(Memorandum, BREAKS), ids=lambda case: case[0])
def test_a_broken_rule_is_named_at_its_place(case, data, faults_of) -> None:
    assert_broken(Memorandum, data, *case, faults_of)


@pytest.mark.parametrize("case", passing(Memorandum, KEEPS), ids=lambda case: case[0])
def test_a_kept_rule_is_silent(case, data, faults_of) -> None:
    assert_kept(Memorandum, data, *case, faults_of)


def test_a_faulty_field_silences_only_the_rules_that_need_it(data, faults_of) -> None:
    data["parties"][1]["country"] = "EL"
    data["term"]["end"] = "2021-04-26"
    data["signatories"][1]["party"] = "nobody"
    paths = [fault.path for fault in faults_of(data)]
    assert {"parties[1].country", "term.end", "signatories[1].party"} <= set(paths)


def test_a_party_of_which_nothing_is_known_raises_no_further_faults(data, faults_of) -> None:
    data["parties"][1] = "the chamber"
    assert "parties[1]" in {fault.path for fault in faults_of(data)}


def test_a_confirmed_conflict_is_no_conflict_any_more(data, parse) -> None:
    announced = data["parties"][0]["acts_for"]["announced_countries"]
    announced |= {"value": 5, "status": "confirmed", "confirmation": {"at": "2026-01-01T00:00:00Z", "basis": "asked"}}
    assert parse(data).parties[0].acts_for.announced_countries.value == 5


@pytest.mark.parametrize(
    ("change", "subjects"),
    [
        (nothing, set()),
        (put("clauses", value=[clause("intellectual property")]), {Subject.INTELLECTUAL_PROPERTY}),
        (put("legal_nature", value="binding"), {Subject.LIABILITY}),
        (
            all_of(put("legal_nature", value="binding"), put("own_costs", value=False)),
            {Subject.LIABILITY, Subject.PAYMENT},
        ),
    ],
)
def test_the_subjects_follow_what_the_text_touches(change, subjects, data, parse) -> None:
    change(data)
    assert parse(data).subjects == subjects


@pytest.mark.parametrize(
    ("day", "holds"), [("2021-04-30", False), ("2021-05-01", True), ("2021-05-31", True), ("2021-06-01", False)]
)
def test_an_authority_holds_from_its_first_to_its_last_day(day, holds, data, parse) -> None:
    data["signatories"][0]["authority"] |= {"valid_from": "2021-05-01", "valid_to": "2021-05-31"}
    authority = parse(data).signatories[0].authority
    assert authority.in_force(datetime.date.fromisoformat(day)) is holds


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (put("markets", value=[{"code": "Vision Zero"}]), "markets[0].code", "is not a place"),
        (put("markets", value=[{"code": "California"}]), "markets[0].code", "is not an ISO 3166 code"),
        (put("parties", 0, "country", value="EL"), "parties[0].country", "is not the ISO 3166-1 code"),
        (put("term", "start", value="October 21"), "term.start", "21 October, or October 2021?"),
        (
            put("project", "budget", value={"amount": "222.202, 62€", "kind": "unknown"}),
            "project.budget.amount",
            "read as EUR 222,202.62; total or contribution?",
        ),
        (put("purpose", value="The Parties [insert] wish."), "purpose", "'[insert]' at character 13 is a leftover"),
        (
            in_two(put("areas", 0, "description", "pt", value="Partilhar [...]")),
            "areas[0].description.pt",
            "leftover",
        ),
        (put("second_language", value="fr"), "second_language", "is not one of the choices"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_refused_by_field_and_with_what_was_expected(change, path, words, data, faults_of) -> None:
    change(data)
    assert [fault for fault in faults_of(data) if fault.path == path and words in fault.message], faults_of(data)
