from __future__ import annotations

import pytest

from schemas.fact import open_facts
from tests.templates.reading import changed, confirmed, draft_of, example

HEADINGS = [
    "1. Purpose and standing", "2. Objectives", "3. Target markets", "4. Activities", "5. Agenda",
    "6. Deliverables and milestones", "7. Indicators", "8. Risks", "9. Timetable", "10. Responsibilities",
    "11. Resources and funding", "12. Monitoring and reporting", "13. Data protection", "14. Publicity",
    "15. Contact data in the target countries", "16. Changes", "17. Adoption",
]  # fmt: skip
EUR = "EUR\u00a0"


def money(amount):
    return {"amount": amount}


@pytest.fixture(scope="module")
def gssc():
    return example("gssc/roadmap-2020-2022.yaml")


@pytest.fixture(scope="module")
def draft(gssc):
    return draft_of(gssc)


@pytest.fixture(scope="module")
def small(gssc):
    """The roadmap with one activity whose days nobody knows, so that no chart is drawn."""
    unknown = {"status": "blank"}
    activity = gssc.activities[0].model_dump() | {"start": unknown, "end": unknown}
    return changed(gssc, activities=[activity], agenda=[], deliverables=[], milestones=[], costs=[])


@pytest.fixture(scope="module")
def training():
    return draft_of(example("sme4smartcities/roadmap-training-programme.yaml"))


def row(lines, first, length):
    """Return ``length`` paragraphs of a table from the one that says ``first``."""
    return lines[lines.index(first) :][:length]


def test_clauses_stand_in_their_order(draft):
    assert draft.headings == HEADINGS


def test_each_member_stands_with_name_and_country(draft):
    for name in ("Nanoprogress, z.s.\u202fassumed", "Greentech Clust-ER", "MCICT"):
        assert name in draft.text.split("\n")
    assert "Poland\u202fassumed" in draft.text


def test_names_in_other_alphabets_stand_beside_the_latin_one():
    lines = draft_of(example("smartctclusters/roadmap-clusterxchange.yaml")).text.split("\n")
    place = lines.index("Индустриален клъстер за електрически превозни средства\u202fassumed")
    assert lines[place + 1] == "Electric vehicles industrial cluster"


def test_open_facts_are_counted_on_the_first_page_and_listed_at_the_end(draft, gssc):
    lines = draft.text.split("\n")
    count = len(open_facts(gssc))
    assert f"Open facts: {count}" in lines
    listed = lines[lines.index("Open facts") : lines.index("Record of this document")]
    assert sum(line.startswith("To be confirmed by: ") for line in listed) == count
    assert "funding[0].amount" in listed


def test_a_document_without_open_facts_shows_no_mark(small):
    settled = {
        "partnership_agreement": None,
        "groups": [],
        "funding": [],
        "activities": [small.activities[0].model_dump() | {"lead": "mcict", "start": "2021-01", "end": "2021-02"}],
        "indicators": [indicator.model_dump() | {"baseline": 1, "target": 2} for indicator in small.indicators],
        "adoption": {"body": "Committee", "decision": "Minutes 7", "date": "2021-02-01"},
    }
    text = draft_of(confirmed(changed(small, **settled))).text
    for words in ("Open facts", "assumed", "not yet known"):
        assert words not in text
    assert "1 February 2021" in text


def test_the_matrix_shows_which_objective_supports_which(draft):
    lines = draft.clause("Objectives")
    head = lines.index("Specific objective")
    assert lines[head + 1 : head + 6] == ["O1", "O2", "O3", "O4", "O5"]
    assert row(lines, "SO4", 7)[2:] == ["●", "●", "", "●", "●"]
    assert row(lines, "SO7", 7)[2:] == ["", "", "●", "●", "●"]


def test_activities_say_who_when_and_for_what_money(draft):
    lines = draft.clause("Activities")
    assert row(lines, "A8", 7) == [
        "A8", "Five virtual working missions",
        "Five meetings of clusters on smart small cities in Chile, Cape Verde and Vietnam; each member organises one.",
        "SO8", "Greentech\u202fassumed", "September 2021 to November 2021", "\u2013",
    ]  # fmt: skip
    assert row(lines, "A12", 8)[-2:] == ["after the project", "\u2013"]


def test_an_activity_names_its_market_partners_and_cost(small):
    (first,) = (activity.model_dump() for activity in small.activities)
    first |= {"market": "CV", "partners": ["mcict", "fifth"], "cost": money("1234.5"), "lead": "greentech"}
    lines = draft_of(changed(small, activities=[first])).clause("Activities")
    assert "Survey of what SMEs need (Cape Verde)" in lines
    place = lines.index("Greentech")
    assert lines[place + 1] == "with MCICT and Fifth cluster"
    assert lines[place + 3] == f"{EUR}1,234.50"


def test_agenda_and_milestones_keep_their_days(draft):
    lines = draft.clause("Agenda")
    assert row(lines, "September 2021 to November 2021", 5)[1:5] == [
        "A8", "First to fifth virtual working mission, one organised by each member", "\u2013", "virtual",
    ]  # fmt: skip
    assert row(draft.clause("Deliverables and milestones"), "M2", 4) == [
        "M2", "All five virtual working missions are held", "November 2021", "Recordings and materials",
    ]  # fmt: skip


def test_indicators_say_how_the_target_is_meant(draft):
    lines = draft.clause("Indicators")
    assert row(lines, "K1", 6)[3:] == ["SMEs", "0", "at least 50"]
    assert row(lines, "K2", 6)[3:] == ["missions", "0", "5"]


def test_totals_are_open_as_long_as_a_line_is(draft):
    assert row(draft.clause("Resources and funding"), "Total", 2)[1] == "not yet known\u202fblank"


def test_costs_and_funding_are_added_up(small):
    costs = [
        {"title": "Staff", "category": "staff", "amount": money("99.99")},
        {"title": "Remainder", "category": "rounding", "amount": money("0.01")},
    ]
    funding = [{"title": "Grant", "kind": "EU contribution", "amount": money("100")}]
    lines = draft_of(changed(small, costs=costs, funding=funding, budget=money("100"))).clause("Resources and funding")
    assert [line for line in lines if line.startswith(EUR)] == [
        f"{EUR}99.99", f"{EUR}0.01", f"{EUR}100.00", f"{EUR}100.00", f"{EUR}100.00", f"{EUR}100.00",
    ]  # fmt: skip


def test_a_plan_without_agenda_markets_and_money_leaves_their_tables_out(training):
    assert "5. Agenda" not in training.headings
    assert not [heading for heading in training.headings if "markets" in heading]
    assert training.clause("Resources and funding") == [
        "This roadmap plans no costs of its own. Costs are planned, funded and accounted for under the grant "
        "agreement.",
        "What no funding covers, each Party bears itself, unless the Parties agree otherwise in writing.",
    ]


def test_the_chart_says_what_it_leaves_out(training, draft):
    assert "No dates are settled yet for A8, A9, A10, D5, D6 and M3; the chart leaves them out." in training.text
    assert "No dates are settled yet" not in draft.text


def test_a_plan_without_days_has_no_chart(small):
    lines = draft_of(small).clause("Timetable")
    assert lines[1] == "No dates are settled yet for A1; the chart leaves them out."


def test_an_adopted_roadmap_has_no_signature_blocks_and_a_signed_one_has(small, draft):
    assert "It needs no signature." in draft.clause("Adoption")
    assert not [style for style, _ in draft.paragraphs if style == "SignatureParty"]
    signatory = {
        "id": "s", "party": "mcict", "name": "Signatory for MCICT", "position": "Board", "email": "s@example.org",
        "authority": {"kind": "statute", "reference": "Statutes"},
    }  # fmt: skip
    signed = draft_of(changed(small, signatories=[signatory]))
    assert [text for style, text in signed.paragraphs if style == "SignatureParty"] == ["MCICT"]
    assert "It needs no signature." not in signed.text


def test_it_says_what_it_supersedes_and_that_it_is_stale(small, draft):
    pin = {"agreement": "RDM-2020-0001", "title": "Roadmap of 2020", "sha256": "ab" * 32}
    text = draft_of(changed(small, supersedes=pin), stale=("PAR-2026-0001 has draft 6.",)).text
    assert f"Roadmap of 2020 (RDM-2020-0001), SHA-256 {'ab' * 32}" in text
    assert "This roadmap is out of date\nPAR-2026-0001 has draft 6." in text
    for words in ("out of date", "Supersedes"):
        assert words not in draft.text


@pytest.mark.parametrize(
    ("clause", "use", "words"),
    [
        ("roadmap-changes", "roadmap-changes-by-decision", "including each of its dates"),
        ("roadmap-resources", "roadmap-resources-shared", "in equal parts"),
    ],
)
def test_a_fallback_takes_the_place_of_its_clause(clause, use, words, small, draft):
    assert words not in draft.text
    assert words in draft_of(changed(small, choices=[{"clause": clause, "use": use}])).text


def test_data_stays_data(small):
    text = "{{ 7*7 }} {% for x in y %} <w:p> & <b>"
    assert text in draft_of(changed(small, summary=[text])).text.split("\n")
