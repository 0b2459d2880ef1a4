from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.errors import Fault
from schemas.events import Office
from schemas.mou import Memorandum
from schemas.mou_rules import RULES
from schemas.rules import partial

Data = dict[str, Any]
Change = Callable[[Data], object]

STATED = {"status": "stated", "source": "minutes of the board"}
SAFEGUARD = {
    "id": "data-abroad",
    "subject": "data transfer",
    "heading": "Data abroad",
    "paragraphs": ["Standard clauses apply."],
}


def put(*steps: str | int, value: object) -> Change:
    """Return the change that sets one field."""

    def change(data: Data) -> None:
        place: Any = data
        for step in steps[:-1]:
            place = place[step]
        place[steps[-1]] = value

    return change


def add(*steps: str | int, value: object) -> Change:
    """Return the change that appends to one list."""

    def change(data: Data) -> None:
        place: Any = data
        for step in steps:
            place = place.setdefault(step, []) if isinstance(place, dict) else place[step]
        place.append(value)

    return change


def all_of(*changes: Change) -> Change:
    """Return several changes as one."""
    return lambda data: [change(data) for change in changes]


def third_signatory(**particulars: object) -> dict[str, object]:
    return {
        "id": "second-for-gssc",
        "party": "gssc",
        "name": "Second signatory",
        "position": "Treasurer",
        "email": "second.gssc@example.org",
        "capacity": "for a partnership",
        "authority": {"kind": "statute", "reference": "Statutes"},
        **particulars,
    }


def clause(subject: str) -> dict[str, object]:
    return {"id": "extra", "subject": subject, "heading": "Extra", "paragraphs": ["The parties say so."]}


def nothing(data: Data) -> None:
    """Leave the example as it is."""


SENDS_DATA = all_of(put("personal_data", value=True), add("binding_clauses", value="data protection"))
TO_CAPE_VERDE = put("parties", 1, "country", value="CV")
ANNOUNCED = ("parties", 0, "acts_for", "announced_countries")
MEMBERS = ("parties", 0, "acts_for", "members")

FAILING: dict[str, list[tuple[Change, str, str]]] = {
    "ids_are_unique": [
        (put("parties", 1, "id", value="gssc"), "parties[1].id", "used twice"),
        (put("signatories", 1, "id", value="for-gssc"), "signatories[1].id", "used twice"),
        (add("project", "objectives", value={"id": "O2", "text": "x"}), "project.objectives[5].id", "used twice"),
        (put("clauses", value=[clause("general"), clause("general")]), "clauses[1].id", "used twice"),
    ],
    "signatories_belong_to_listed_parties": [
        (put("signatories", 0, "party", value="gscc"), "signatories[0].party", "is no party of this document"),
    ],
    "every_party_signs": [
        (put("signatories", 1, "party", value="gssc"), "parties[1]", "nobody signs for ccvcc"),
    ],
    "signatories_are_different_people": [
        (
            put("signatories", 1, "email", value="Signatory.GSSC@example.org"),
            "signatories[1].email",
            "for-gssc's address already",
        ),
    ],
    "authority_has_its_days_in_order": [
        (
            put(
                "signatories",
                0,
                "authority",
                value={
                    "kind": "power of attorney",
                    "reference": "Mandates",
                    "valid_from": "2021-05-01",
                    "valid_to": "2021-04-30",
                },
            ),
            "signatories[0].authority.valid_to",
            "power of attorney ends before it begins",
        ),
    ],
    "joint_signatories_all_sign": [
        (
            put("signatories", 0, "jointly_with", value=["deputy"]),
            "signatories[0].jointly_with[0]",
            "is no signatory of this document",
        ),
        (
            put("signatories", 0, "jointly_with", value=["for-chamber"]),
            "signatories[0].jointly_with[0]",
            "for-chamber signs for ccvcc, not for gssc",
        ),
        (
            put("signatories", 0, "jointly_with", value=["for-gssc"]),
            "signatories[0].jointly_with[0]",
            "for-gssc cannot sign jointly with themselves",
        ),
    ],
    "acting_for_a_partnership_needs_mandates": [
        (
            lambda data: data["parties"][0]["acts_for"]["members"][1].pop("mandate"),
            "parties[0].acts_for.members[1].mandate",
            "gave no mandate",
        ),
        (
            put("signatories", 1, "capacity", value="for a partnership"),
            "signatories[1].capacity",
            "ccvcc acts for no partnership",
        ),
        (put("signatories", 0, "capacity", value="own behalf"), "parties[0].acts_for", "nobody signs for Green Small"),
    ],
    "announced_countries_equal_the_members": [
        (
            put(*ANNOUNCED, value={"value": 5, **STATED}),
            ".".join(["parties[0]", "acts_for", "announced_countries"]),
            "5 countries are announced (minutes of the board), 4 are listed: CZ, ES, IT and PL",
        ),
        (
            all_of(
                put(*ANNOUNCED, value={"value": 2, **STATED}),
                put(*MEMBERS, 4, "country", value={"status": "blank"}),
            ),
            "parties[0].acts_for.announced_countries",
            "2 countries are announced",
        ),
    ],
    "smes_are_members": [
        (
            put("parties", 1, "membership", value={"member_count": 56, "sme_count": 65, "as_of": "2020-01-01"}),
            "parties[1].membership.sme_count",
            "65 SMEs of 56 members",
        ),
    ],
    "objectives_exist": [
        (
            put("areas", 0, "objectives", value=["O1", "O6"]),
            "areas[0].objectives[1]",
            "O6 is not defined; O1 to O5 are",
        ),
        (
            put("project", "objectives", value=[{"id": "O1", "text": "x"}]),
            "areas[0].objectives[1]",
            "O2 is not defined; O1 is",
        ),
        (put("project", "objectives", value=[]), "areas[2].objectives[0]", "O5 is not defined; none is"),
    ],
    "undertakings_and_contacts_name_parties": [
        (put("undertakings", 0, "party", value="x"), "undertakings[0].party", "is no party"),
        (put("contacts", 0, "party", value="x"), "contacts[0].party", "is no party"),
        (put("contacts", 1, "party", value="gssc"), "parties[1]", "ccvcc has no contact"),
    ],
    "term_ends_after_it_starts": [
        (put("term", "end", value="2021-04-26"), "term.end", "ends before it starts"),
    ],
    "notice_fits_the_term": [
        (
            all_of(put("term", "end", value="2021-05-26"), put("notice_days", value=30)),
            "notice_days",
            "as long as the term of 30 days",
        ),
        (
            all_of(put("term", "end", value="2021-05-25"), put("notice_days", value=30)),
            "notice_days",
            "longer than the term of 29 days",
        ),
    ],
    "non_binding_text_has_no_obligations": [
        (put("clauses", value=[clause("payment")]), "clauses[0].subject", "no payment clause"),
        (put("clauses", value=[clause("exclusivity")]), "clauses[0].subject", "no exclusivity clause"),
        (put("clauses", value=[clause("penalty")]), "clauses[0].subject", "no penalty clause"),
        (put("own_costs", value=False), "own_costs", "nobody pay for another"),
    ],
    "personal_data_abroad_is_safeguarded": [
        (all_of(SENDS_DATA, TO_CAPE_VERDE), "personal_data", "would go to CV, without an adequacy decision"),
        (all_of(SENDS_DATA, put(*MEMBERS, 4, "country", value="RS")), "personal_data", "would go to RS"),
        (all_of(SENDS_DATA, put("parties", 1, "country", value="IN")), "personal_data", "would go to IN"),
        (put("personal_data", value=True), "binding_clauses", "data protection must bind"),
    ],
    "funded_documents_carry_visibility": [
        (put("project", "visibility", value="none"), "project.visibility", "COSME prescribes"),
        (put("project", "programme", value="ENI CBC Med"), "project.visibility", "not of ENI CBC Med"),
    ],
}

PASSING: dict[str, list[Change]] = {
    "ids_are_unique": [put("clauses", value=[clause("general"), {**clause("general"), "id": "other"}])],
    "signatories_belong_to_listed_parties": [nothing],
    "every_party_signs": [add("signatories", value=third_signatory())],
    "signatories_are_different_people": [add("signatories", value=third_signatory())],
    "authority_has_its_days_in_order": [
        put(
            "signatories",
            0,
            "authority",
            value={
                "kind": "power of attorney",
                "reference": "Mandates",
                "valid_from": "2021-05-01",
                "valid_to": "2021-05-01",
            },
        ),
    ],
    "joint_signatories_all_sign": [
        all_of(
            put("signatories", 0, "jointly_with", value=["second-for-gssc"]),
            add("signatories", value=third_signatory(jointly_with=["for-gssc"])),
        ),
    ],
    "acting_for_a_partnership_needs_mandates": [
        put(*MEMBERS, 1, "mandate", value={"status": "blank"}),
        all_of(
            lambda data: data["parties"][0].pop("acts_for"),
            put("signatories", 0, "capacity", value="own behalf"),
        ),
    ],
    "announced_countries_equal_the_members": [
        put(*ANNOUNCED, value={"value": 4, **STATED}),
        nothing,
        all_of(put(*ANNOUNCED, value=5), put(*MEMBERS, 4, "country", value={"status": "blank"})),
        lambda data: data["parties"][0]["acts_for"].pop("announced_countries"),
    ],
    "smes_are_members": [
        put("parties", 1, "membership", value={"member_count": 65, "sme_count": 65, "as_of": "2020-01-01"}),
        put("parties", 1, "membership", value={"status": "blank"}),
    ],
    "objectives_exist": [put("areas", 0, "objectives", value=["O5"]), put("areas", 0, "objectives", value=[])],
    "undertakings_and_contacts_name_parties": [nothing],
    "term_ends_after_it_starts": [
        all_of(put("term", "end", value="2021-04-28"), put("notice_days", value=1)),
        put("term", "end", value={"status": "blank"}),
    ],
    "notice_fits_the_term": [
        all_of(put("term", "end", value="2021-05-27"), put("notice_days", value=30)),
        put("term", "end", value={"status": "blank"}),
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
        SENDS_DATA,
        all_of(SENDS_DATA, put("parties", 1, "country", value="JP")),
        TO_CAPE_VERDE,
        all_of(put("personal_data", value=True), put("legal_nature", value="binding")),
    ],
    "funded_documents_carry_visibility": [
        all_of(put("project", "programme", value="ENI CBC Med"), put("project", "visibility", value="none")),
        put("project", "programme", value={"status": "blank"}),
    ],
}

failing = [(name, *case) for name, cases in FAILING.items() for case in cases]
passing = [(name, change) for name, changes in PASSING.items() for change in changes]


def found_by(name: str, data: Data) -> list[Fault]:
    rule = next(rule for rule in RULES if rule.__name__ == name)
    return list(rule(partial(Memorandum, data)))


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    names = {rule.__name__ for rule in RULES}
    assert names == FAILING.keys() == PASSING.keys()


def test_every_rule_says_what_it_asks() -> None:
    assert all((rule.__doc__ or "").endswith(".") for rule in RULES)


@pytest.mark.parametrize("case", failing, ids=lambda case: case[0])
def test_a_broken_rule_is_named_at_its_place(case, data, faults_of) -> None:
    name, change, path, words = case
    change(data)
    mine = found_by(name, data)
    assert [fault for fault in mine if fault.path == path and words in fault.message], mine
    reported = [fault for fault in faults_of(data) if fault.path == path and words in fault.message]
    assert reported
    assert all(fault.line and fault.column and fault.expected for fault in reported)


@pytest.mark.parametrize("case", failing, ids=lambda case: case[0])
def test_the_model_itself_refuses_what_breaks_a_rule(case, data) -> None:
    _, change, _, words = case
    change(data)
    with pytest.raises(ValidationError, match=words.split("(")[0]):
        Memorandum.model_validate(data)


@pytest.mark.parametrize("case", passing, ids=lambda case: case[0])
def test_a_kept_rule_is_silent(case, data, faults_of) -> None:
    name, change = case
    change(data)
    assert found_by(name, data) == []
    assert faults_of(data) == ()


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
    ("change", "offices"),
    [
        (nothing, (Office.LEGAL,)),
        (put("clauses", value=[clause("liability")]), (Office.LEGAL, Office.FINANCE)),
        (put("clauses", value=[clause("intellectual property")]), (Office.LEGAL, Office.FINANCE)),
        (put("legal_nature", value="binding"), (Office.LEGAL, Office.FINANCE)),
        (put("clauses", value=[{**clause("general"), "position": "fallback"}]), (Office.LEGAL,)),
        (put("clauses", value=[{**clause("general"), "position": "deviation"}]), (Office.LEGAL, Office.DIRECTOR)),
        (
            put("clauses", value=[{**clause("liability"), "position": "deviation"}]),
            (Office.LEGAL, Office.FINANCE, Office.DIRECTOR),
        ),
    ],
)
def test_the_offices_follow_what_the_text_touches(change, offices, data, parse) -> None:
    change(data)
    assert parse(data).offices == offices


@pytest.mark.parametrize(
    ("day", "holds"), [("2021-04-30", False), ("2021-05-01", True), ("2021-05-31", True), ("2021-06-01", False)]
)
def test_an_authority_holds_from_its_first_to_its_last_day(day, holds, data, parse) -> None:
    data["signatories"][0]["authority"] |= {"valid_from": "2021-05-01", "valid_to": "2021-05-31"}
    authority = parse(data).signatories[0].authority
    assert authority.in_force(datetime.date.fromisoformat(day)) is holds
