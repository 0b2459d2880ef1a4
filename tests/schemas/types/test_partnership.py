from __future__ import annotations

import copy
from decimal import Decimal

import pytest

from schemas.advice import advice
from schemas.clause import Subject
from schemas.errors import Fault
from schemas.types.partnership import Partnership
from tests.schemas.types.rule_cases import (
    BLANK,
    STATED,
    Broken,
    Change,
    Data,
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

EXAMPLE = "gssc/partnership-agreement.yaml"


def shares(*percents: str) -> Change:
    """Return the change of the shares, in the order of the parties."""

    def change(data: Data) -> None:
        for share, percent in zip(data["finance"]["shares"], percents, strict=True):
            share["percent"] = percent

    return change


def only_parties(count: int, *percents: str) -> Change:
    """Return the change that leaves the first ``count`` parties, with these shares."""

    def change(data: Data) -> None:
        kept = [party["id"] for party in data["parties"][:count]]
        data["project"]["call_profile"] = "none"
        data["parties"] = data["parties"][:count]
        for path in ("signatories", "partners", "contacts"):
            data[path] = [entry for entry in data[path] if entry["party"] in kept]
        data["finance"]["shares"] = data["finance"]["shares"][:count]
        shares(*percents)(data)

    return change


def membership(members: int, smes: int) -> dict[str, object]:
    return {"member_count": members, "sme_count": smes, "as_of": "2020-09-01"}


def all_counted(data: Data) -> None:
    for party in data["parties"]:
        party["membership"] = membership(100, 50)


def stated(value: int) -> dict[str, object]:
    return {"value": value, **STATED}


PACKAGE = {"id": "WP1", "title": "More work", "description": "More is done.", "objectives": ["SO1"]}

FAILING: dict[str, list[Broken]] = {
    "every_party_has_a_contact": [
        Broken(put("contacts", 0, "party", value="solarty"), "contacts[0].party", "is no party of this document"),
        Broken(drop("contacts", 4), "parties[4]", "fifth has no contact"),
    ],
    "specific_objectives_support_main_ones": [
        Broken(
            put("specific_objectives", 0, "supports", value=["O6"]),
            "specific_objectives[0].supports[0]",
            "O6 is not defined; O1 to O5 are",
        ),
        Broken(
            add("project", "objectives", value={"id": "O6", "text": "A sixth"}),
            "project.objectives[5]",
            "no specific objective supports O6",
        ),
        Broken(put("specific_objectives", 1, "id", value="SO1"), "specific_objectives[1].id", "is used twice"),
    ],
    "partners_are_the_parties": [
        Broken(put("partners", 0, "party", value="nanoprogres"), "partners[0].party", "is no party of this document"),
        Broken(put("partners", 0, "member_class", value="ful"), "partners[0].member_class", "is no class of this"),
        Broken(put("partners", 1, "party", value="nanoprogress"), "partners[1].party", "is a partner already"),
        Broken(drop("partners", 4), "parties[4]", "fifth is in no class"),
    ],
    "votes_follow_the_classes": [
        Broken(put("partners", 0, "votes", value=0), "partners[0].votes", "has 0 votes in a class that votes"),
        Broken(
            put("partners", 0, "member_class", value="strategic"),
            "partners[0].votes",
            "has 1 votes in a class that does not vote",
        ),
        Broken(put("partners", 0, "votes", value=12), "partners[0].votes", "nanoprogress alone has 12 of 16 votes"),
    ],
    "majorities_are_in_order": [
        Broken(
            all_of(put("assembly", "majority", value=70), put("assembly", "qualified_majority", value=60)),
            "assembly.qualified_majority",
            "is less than the ordinary majority",
        ),
    ],
    "those_in_charge_are_members": [
        Broken(put("coordinator", value="ceeim"), "coordinator", "is no party of this document"),
        Broken(put("assembly", "chair", value="ceeim"), "assembly.chair", "is no party of this document"),
        Broken(put("services", 1, "lead", value="ceeim"), "services[1].lead", "is no party of this document"),
        Broken(put("work_packages", 2, "lead", value="ceeim"), "work_packages[2].lead", "is no party of this document"),
    ],
    "work_serves_defined_objectives": [
        Broken(
            put("services", 0, "objectives", value=["SO1", "SO10"]),
            "services[0].objectives[1]",
            "SO10 is not defined; SO1 to SO9 are",
        ),
        Broken(
            put("work_packages", 0, "objectives", value=["SO10"]),
            "work_packages[0].objectives[0]",
            "SO10 is not defined; SO1 to SO9 are",
        ),
        Broken(add("work_packages", value=PACKAGE), "work_packages[-1].id", "is used twice"),
    ],
    "work_lies_inside_the_project": [
        Broken(
            put("work_packages", 3, "last_month", value=25),
            "work_packages[3].last_month",
            "month 25 lies beyond the project's 24 months",
        ),
        Broken(
            put("work_packages", 0, "first_month", value=26),
            "work_packages[0].first_month",
            "month 26 lies beyond the project's 24 months",
        ),
        Broken(
            all_of(put("work_packages", 3, "first_month", value=9), put("work_packages", 3, "last_month", value=8)),
            "work_packages[3].last_month",
            "WP4 ends in month 8, before it begins",
        ),
    ],
    "shares_total_one_hundred": [
        Broken(only_parties(3, "33.33", "33.33", "33.33"), "finance.shares", "shares total 99.99; who takes 0.01?"),
        Broken(
            shares("20.00", "20.00", "20.00", "20.00", "20.01"), "finance.shares", "total 100.01; who gives up 0.01?"
        ),
        Broken(
            all_of(shares("20", "20", "20", "20", "15"), put("finance", "remainder_to", value="fifth")),
            "finance.shares",
            "shares total 95.00, more than rounding explains",
        ),
        Broken(put("finance", "remainder_to", value="fifth"), "finance.remainder_to", "nothing remains to be taken"),
        Broken(put("finance", "remainder_to", value="sixth"), "finance.remainder_to", "is no party of this document"),
        Broken(put("finance", "shares", 0, "party", value="sixth"), "finance.shares[0].party", "is no party"),
        Broken(
            put("finance", "shares", 1, "party", value="nanoprogress"), "finance.shares[1].party", "a share already"
        ),
        Broken(drop("finance", "shares", 4), "finance.shares", "fifth has no share"),
    ],
    "totals_equal_the_rows": [
        Broken(
            all_of(all_counted, put("totals", "members", value=stated(400))),
            "totals.members",
            "400 members are stated (minutes of the board), the parties add up to 500",
        ),
        Broken(
            all_of(all_counted, put("totals", "smes", value=stated(50))),
            "totals.smes",
            "50 SMEs are stated (minutes of the board), the parties add up to 250",
        ),
        Broken(
            put("totals", "countries", value=stated(5)),
            "totals.countries",
            "5 countries are announced (minutes of the board), 4 are listed: CZ, ES, IT and PL",
        ),
    ],
}

PASSING: dict[str, list[Change]] = {
    "every_party_has_a_contact": [nothing],
    "specific_objectives_support_main_ones": [put("specific_objectives", 0, "supports", value=["O1", "O5"])],
    "partners_are_the_parties": [nothing],
    "votes_follow_the_classes": [
        put("partners", 0, "votes", value=11),
        all_of(put("partners", 0, "member_class", value="strategic"), put("partners", 0, "votes", value=0)),
    ],
    "majorities_are_in_order": [
        all_of(put("assembly", "majority", value=60), put("assembly", "qualified_majority", value=60))
    ],
    "those_in_charge_are_members": [
        all_of(put("coordinator", value="mcict"), put("assembly", "chair", value="solartys")),
        put("services", 0, "lead", value="greentech"),
        put("work_packages", 0, "lead", value="fifth"),
    ],
    "work_serves_defined_objectives": [
        put("services", 0, "objectives", value=["SO9"]),
        add("work_packages", value={**PACKAGE, "id": "WP5"}),
    ],
    "work_lies_inside_the_project": [
        all_of(put("work_packages", 3, "first_month", value=24), put("work_packages", 3, "last_month", value=24)),
        all_of(put("work_packages", 3, "last_month", value=25), put("project", "duration_months", value=BLANK)),
    ],
    "shares_total_one_hundred": [
        all_of(only_parties(3, "33.33", "33.33", "33.33"), put("finance", "remainder_to", value="solartys")),
        all_of(shares("20.01", "20", "20", "20", "20"), put("finance", "remainder_to", value="nanoprogress")),
        shares("100", "0", "0", "0", "0"),
        put("finance", "shares", 0, "percent", value=BLANK),
    ],
    "totals_equal_the_rows": [
        all_of(all_counted, put("totals", "members", value=stated(500)), put("totals", "smes", value=stated(250))),
        put("totals", "countries", value=stated(4)),
        put("totals", "members", value=stated(400)),
        all_of(put("totals", "countries", value=stated(5)), put("parties", 4, "country", value=BLANK)),
        drop("totals"),
    ],
}

failing_cases = failing(Partnership, FAILING)
passing_cases = passing(Partnership, PASSING)


@pytest.fixture(scope="module")
def content() -> Data:
    return example(EXAMPLE)


@pytest.fixture
def data(content: Data) -> Data:
    return copy.deepcopy(content)


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert_complete(Partnership, failing_cases)
    assert_complete(Partnership, passing_cases)


@pytest.mark.parametrize("case", failing_cases, ids=lambda case: case[0])
def test_a_broken_rule_is_named_at_its_place(case, data, faults_of) -> None:
    assert_broken(Partnership, data, *case, faults_of)


@pytest.mark.parametrize("case", passing_cases, ids=lambda case: case[0])
def test_a_kept_rule_is_silent(case, data, faults_of) -> None:
    assert_kept(Partnership, data, *case, faults_of)


def fault_at(path: str, faults: tuple[Fault, ...]) -> Fault:
    return next(fault for fault in faults if fault.path == path)


def test_three_thirds_ask_who_takes_the_hundredth(data, faults_of) -> None:
    only_parties(3, "33.33", "33.33", "33.33")(data)
    fault = fault_at("finance.shares", faults_of(data))
    assert fault.message == "shares total 99.99; who takes 0.01?"
    assert fault.read == "99.99"
    assert fault.expected == "100.00, or remainder_to with the party that takes the difference"


def test_a_percentage_with_a_comma_is_read_and_asked_about(data, faults_of) -> None:
    data["finance"]["shares"][0]["percent"] = "33,33"
    fault = fault_at("finance.shares[0].percent", faults_of(data))
    assert fault.message == "read as 33.33?"
    assert fault.proposal == "33.33"


@pytest.mark.parametrize("percent", ["100.01", "-1", "33.333", True])
def test_what_is_no_percentage_is_refused(percent, data, faults_of) -> None:
    data["finance"]["shares"][0]["percent"] = percent
    assert fault_at("finance.shares[0].percent", faults_of(data))


def test_a_programme_is_no_market(data, faults_of) -> None:
    data["markets"].append({"code": "Vision Zero"})
    fault = fault_at("markets[3].code", faults_of(data))
    assert fault.message == "is not a place"
    assert fault.expected == "ISO 3166-1 or 3166-2, such as CV or US-CA"


def test_the_code_of_greece_is_proposed(data, faults_of) -> None:
    data["parties"][0]["country"] = "EL"
    assert fault_at("parties[0].country", faults_of(data)).proposal == "GR"


def test_a_budget_as_people_write_it_is_read_and_asked_about(data, faults_of) -> None:
    data["project"]["budget"]["value"]["amount"] = "222.202, 62€"
    fault = fault_at("project.budget.value.amount", faults_of(data))
    assert fault.message == "read as EUR 222,202.62; total or contribution?"
    assert fault.proposal == "222202.62"


def test_a_leftover_in_the_agenda_is_refused_with_its_place(data, faults_of) -> None:
    data["agenda"][1] = "admit [insert number] further clusters;"
    assert fault_at("agenda[1]", faults_of(data)).message.startswith("'[insert number]' at character 7 is a leftover")


def test_announced_and_listed_countries_stand_side_by_side_until_a_person_decides(data, parse) -> None:
    countries = parse(data).totals.countries
    assert countries.is_open
    assert [claim.value for claim in countries.claims] == [
        "four: Spain, Italy, Poland, Czech Republic", "5 project partner countries",
    ]  # fmt: skip


def test_another_spelling_of_a_member_is_proposed_and_never_overwritten(parse) -> None:
    document = parse(example("c2future/partnership-agreement.yaml"))
    (note,) = advice(document)
    assert (note.path, note.read, note.proposal) == ("parties[1].legal_name.claims[0]", "Acclima", "Aclima")
    assert [claim.value for claim in document.parties[1].legal_name.claims] == ["Acclima", "Aclima"]


def test_what_rounding_leaves_is_a_property(data, parse) -> None:
    all_of(only_parties(3, "33.33", "33.33", "33.33"), put("finance", "remainder_to", value="solartys"))(data)
    assert parse(data).finance.remainder == Decimal("0.01")
    data["finance"]["shares"][0]["percent"] = BLANK
    del data["finance"]["remainder_to"]
    assert parse(data).finance.remainder is None


def test_the_coordinator_is_named_as_openly_as_it_is_known(data, parse) -> None:
    assert parse(data).coordinator_name.is_open
    assert parse(data).coordinator_name.value is None
    data["coordinator"] = {"value": "mcict", "status": "assumed", "source": "the last meeting"}
    name = parse(data).coordinator_name
    assert (name.value, name.is_open, name.source) == ("MCICT", True, "the last meeting")


def test_it_touches_money_liability_and_intellectual_property(data, parse) -> None:
    assert parse(data).subjects == {Subject.PAYMENT, Subject.LIABILITY, Subject.INTELLECTUAL_PROPERTY}


def test_its_annexes_are_pinned_with_their_places(data, parse) -> None:
    assert [(path, pin.title) for path, pin in parse(data).pins] == [("annexes[0]", "Grant agreement of the project")]
    data["supersedes"] = {"agreement": "PAR-2020-0001", "title": "First agreement", "sha256": "0" * 64}
    assert [path for path, _ in parse(data).pins] == ["supersedes", "annexes[0]"]


@pytest.mark.parametrize("name", ["smartctclusters/partnership-agreement.yaml", "c2future/partnership-agreement.yaml"])
def test_the_other_examples_are_documents(name, parse) -> None:
    document = parse(example(name))
    assert document.total_votes == len(document.parties)
    assert document.finance.remainder == 0


def test_smart_clusters_count_624_members_of_which_433_are_smes(parse) -> None:
    document = parse(example("smartctclusters/partnership-agreement.yaml"))
    assert (document.totals.members.value, document.totals.smes.value) == (624, 433)
