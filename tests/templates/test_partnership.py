from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.agreement import VISIBILITY
from schemas.fact import open_facts
from tests.templates.reading import changed, confirmed, draft_of, example

HEADINGS = {
    "en": [
        "1. Definitions and interpretation", "2. The Partnership and its legal nature",
        "3. Vision, mission and objectives", "4. Members and classes", "5. Responsibilities of the Parties",
        "6. Governance", "7. Meetings, votes and majorities", "8. The Coordinator", "9. Services and work plan",
        "10. Finance", "11. Administration and taxes", "12. Records, checks and audits",
        "13. Intellectual property and Results", "14. Confidentiality", "15. Data protection",
        "16. Communication and visibility", "17. Liability and Force Majeure", "18. Breach",
        "19. Accession of further partners", "20. Withdrawal and exclusion", "21. Term and end",
        "22. Long-term agenda", "23. Amendments and annexes", "24. Contacts and notices", "25. Law and disputes",
        "26. Final provisions", "27. Language and form",
    ],
    "es": ["1. Definiciones e interpretación", "10. Régimen económico", "18. Incumplimiento", "27. Idioma y forma"],
    "it": ["1. Definizioni e interpretazione", "10. Disciplina finanziaria", "18. Inadempimento", "27. Lingua e forma"],
    "pt": ["1. Definições e interpretação", "10. Regime financeiro", "18. Incumprimento", "27. Língua e forma"],
}  # fmt: skip
PREVAILS = {
    "en": "Where this Agreement and the Grant Agreement differ, the Grant Agreement prevails.",
    "es": "En caso de discrepancia entre el presente Acuerdo y el Convenio de Subvención, prevalece este último.",
    "it": "In caso di contrasto tra il presente Accordo e la Convenzione di Sovvenzione prevale quest\u2019ultima.",
    "pt": "Em caso de divergência entre o presente Acordo e a Convenção de Subvenção, prevalece esta última.",
}
NAMES = [
    "Netzwerk Energie & Umwelt e. V.", "Clúster Digital de Catalunya",
    "Индустриален клъстер за електрически превозни средства",
    "Basque Mobility and Logistics Cluster, MLC ITS Euskadi", "Fondazione Torino Wireless",
]  # fmt: skip


@pytest.fixture(scope="module")
def smart():
    return example("smartctclusters/partnership-agreement.yaml")


@pytest.fixture(scope="module")
def gssc():
    return example("gssc/partnership-agreement.yaml")


@pytest.fixture(scope="module")
def draft(smart):
    return draft_of(smart)


@pytest.fixture(scope="module")
def final(gssc):
    return draft_of(confirmed(gssc))


@pytest.mark.parametrize("language", HEADINGS)
def test_clauses_stand_in_their_order_in_every_language(language, smart):
    headings = draft_of(changed(smart, language=language)).headings
    assert len(headings) == 27
    assert [heading for heading in headings if heading in HEADINGS[language]] == HEADINGS[language]


@pytest.mark.parametrize("language", PREVAILS)
def test_the_grant_agreement_prevails(language, smart):
    assert PREVAILS[language] in draft_of(changed(smart, language=language)).text


@pytest.mark.parametrize("name", ["smartctclusters", "gssc", "c2future"])
@pytest.mark.parametrize("language", HEADINGS)
def test_no_tag_and_no_missing_value_is_left(language, name):
    text = draft_of(changed(example(f"{name}/partnership-agreement.yaml"), language=language)).text
    for leftover in ("{{", "}}", "{%", "%}", "None", "Undefined", "  "):
        assert leftover not in text


def test_each_party_signs_under_its_name(draft):
    blocks = [text.partition("\u202f")[0] for style, text in draft.paragraphs if style == "SignatureParty"]
    assert blocks == NAMES


def test_annex_a_lists_members_with_region_and_numbers_and_their_totals(smart):
    table = annex(draft_of(confirmed(smart)), "Annex A: Members of the Partnership")
    first = table.index("Netzwerk Energie & Umwelt e. V.")
    assert table[first : first + 9] == [
        "Netzwerk Energie & Umwelt e. V.", "(3 February 2020)", "Germany", "Leipzig",
        "Environmental services, energy management, heat pumps and renewable energy", "78", "53",
        "Founding Members", "1 vote",
    ]  # fmt: skip
    assert "Югозападен (Yugozapaden)" in table
    assert "(Electric vehicles industrial cluster)" in table
    assert table[-4:] == ["Total: 5 Parties from 4 countries", "624", "433", "5 votes"]


def test_numbers_that_nobody_knows_are_marked_in_annex_a(gssc):
    table = annex(draft_of(gssc), "Annex A: Members of the Partnership")
    assert table.count("not yet known\u202fblank") == 2 * len(gssc.parties)
    assert "Total: 5 Parties from 4\u202fconflicting countries" in table


def test_annex_b_shows_what_each_specific_objective_supports(final):
    table = annex(final, "Annex B: Matrix of objectives")
    marks = {table[place]: table[place + 2] for place, text in enumerate(table) if text.startswith("SO")}
    assert marks["SO1"] == "O1\u2013\u2013\u2013\u2013"
    assert marks["SO4"] == "O1O2\u2013O4O5"
    assert marks["SO7"] == "\u2013\u2013O3O4O5"
    assert len(marks) == 9


def test_annex_c_pins_documents_by_digest(gssc):
    pin = {"agreement": "101012345", "title": "Grant agreement", "draft": 2, "dated": "2020-08-20", "sha256": "0" * 64}
    table = annex(draft_of(changed(gssc, annexes=[pin])), "Annex C: Documents that belong to this Agreement")
    assert table[-3:] == ["Grant agreement", "101012345, draft 2, of 20 August 2020", "0" * 64]
    none = annex(draft_of(changed(gssc, annexes=())), "Annex C: Documents that belong to this Agreement")
    assert none == ["No document is annexed at present."]


def test_open_facts_are_listed_and_marked(draft, smart):
    assert f"Open facts: {len(open_facts(smart))}" in draft.text
    assert "The Coordinator is not yet known\u202fblank. It is the only channel" in draft.text
    assert "NEU: 20\u202fassumed\u00a0%;" in draft.clause("Finance")


def test_a_confirmed_document_marks_only_what_is_still_blank(final):
    for word in ("assumed", "conflicting"):
        assert f"\u202f{word}" not in final.text


def test_the_coordinator_is_named(gssc):
    text = draft_of(changed(gssc, coordinator="mcict")).text
    assert "The Coordinator is MCICT. It is the only channel" in text


def test_votes_and_majorities_are_those_of_the_data(draft):
    meetings = " ".join(draft.clause("Meetings, votes and majorities"))
    assert "at least 2 times a year" in meetings
    assert "at least 21 calendar days ahead" in meetings
    assert "There are 5 votes in all" in meetings
    assert "at least 60\u00a0% of all votes are present" in meetings
    assert "more than 50\u00a0% of the votes cast" in meetings
    assert "at least 75\u00a0% of all votes" in meetings


def test_a_chair_is_named_or_elected(gssc):
    assert "It elects its chair" in draft_of(gssc).text
    chaired = changed(gssc, assembly=gssc.assembly.model_dump() | {"chair": "fifth"})
    assert "The fifth cluster chairs it." in draft_of(chaired).text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("total", "The total budget of the Project is EUR\u00a0222,202.62."),
        ("EU contribution", "The contribution of the European Union to the Project is EUR\u00a0222,202.62."),
        ("unknown", "is EUR\u00a0222,202.62; whether this is the total or the contribution"),
    ],
)
def test_the_budget_is_called_what_it_is(kind, words, gssc):
    budget = {"amount": Decimal("222202.62"), "currency": "EUR", "kind": kind}
    project = gssc.project.model_dump() | {"budget": {"value": budget}}
    assert words in draft_of(changed(gssc, project=project)).text


def test_without_a_budget_none_is_mentioned(smart, draft):
    assert smart.project.budget is None
    assert "budget of the Project" not in draft.text


def test_what_rounding_leaves_has_a_taker(gssc):
    percents = ["20.01", "20", "20", "20", "20"]
    shares = [{"party": party.id, "percent": percent} for party, percent in zip(gssc.parties, percents, strict=True)]
    finance = gssc.finance.model_dump() | {"shares": shares, "remainder_to": "solartys"}
    words = "The difference that rounding makes, -0.01\u00a0%, falls to Solartys."
    assert words in draft_of(changed(gssc, finance=finance)).text
    assert "rounding makes" not in draft_of(gssc).text


def test_markets_and_work_packages_stand_only_where_there_are_some(gssc):
    packages = [package.model_dump() | {"first_month": 1, "last_month": 24} for package in gssc.work_packages]
    text = draft_of(changed(gssc, work_packages=packages)).text
    assert "Chile;\nCape Verde;\nVietnam." in text
    assert "Months 1 to 24 of the Project." in text
    assert "Months" not in draft_of(gssc).text
    bare = draft_of(changed(gssc, markets=(), work_packages=())).text
    assert "directed to the following markets" not in bare
    assert "The work plan consists" not in bare


def test_services_and_work_packages_name_their_lead(gssc):
    services = [service.model_dump() | {"lead": "mcict"} for service in gssc.services]
    packages = [package.model_dump() | {"lead": "greentech"} for package in gssc.work_packages]
    text = draft_of(changed(gssc, services=services, work_packages=packages)).text
    assert "(SO1 and SO4; lead: MCICT)" in text
    assert "Serves SO8. Lead: Greentech." in text


@pytest.mark.parametrize("passes", [True, False])
def test_data_protection_follows_whether_personal_data_passes(passes, gssc):
    clause = " ".join(draft_of(changed(gssc, personal_data=passes)).clause("Data protection"))
    assert ("controller of its own" in clause) is passes
    assert ("business contact details" in clause) is not passes


def test_a_renewal_is_printed_or_excluded(gssc, draft):
    assert "The Assembly may extend this Agreement" in draft.text
    assert "It is not renewed by silence" in draft_of(gssc).text


def test_what_it_takes_the_place_of_is_named(gssc):
    pin = {"agreement": "PAR-2020-0001", "title": "First agreement", "dated": "2020-10-01", "sha256": "0" * 64}
    text = draft_of(changed(gssc, supersedes=pin)).text
    assert "It takes the place of “First agreement”, PAR-2020-0001, of 1 October 2020, whose SHA-256" in text
    assert "takes the place of" not in draft_of(gssc).text


def test_an_added_clause_is_numbered_among_the_others():
    added = draft_of(example("c2future/partnership-agreement.yaml"))
    assert "21. Personal data going to Serbia" in added.headings
    assert len(added.headings) == 28


@pytest.mark.parametrize(
    ("clause", "use", "words"),
    [
        ("partnership-results", "partnership-results-joint", "All Results belong to the Parties jointly"),
        ("partnership-liability", "partnership-liability-intent", "only for loss that it causes by intent"),
    ],
)
def test_a_fallback_stands_in_for_its_standard(clause, use, words, gssc):
    assert words not in draft_of(gssc).text
    chosen = draft_of(changed(gssc, choices=[{"clause": clause, "use": use}]))
    assert words in chosen.text
    assert chosen.headings == HEADINGS["en"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The seat of arbitration is Torino. The proceedings are held in English."),
        ("es", "La sede del arbitraje es Torino. El idioma del procedimiento es: español."),
        ("it", "La sede dell\u2019arbitrato è Torino. La lingua del procedimento è: italiano."),
        ("pt", "A sede da arbitragem é Torino. A língua do processo é: português."),
    ],
    ids=["en", "es", "it", "pt"],
)
def test_arbitration_has_the_seat_of_the_data(language, words, gssc):
    choices = [{"clause": "law-and-disputes", "use": "law-and-disputes-arbitration"}]
    law = gssc.law.model_dump() | {"settlement": "Talks.", "seat": {"value": "Torino", "status": "stated"}}
    assert words in draft_of(changed(gssc, language=language, choices=choices, law=law)).text


def test_visibility_wording_is_printed_as_prescribed(draft):
    assert VISIBILITY["cosme-easme"].sentence in draft.text
    assert VISIBILITY["cosme-easme"].disclaimer in draft.text


def test_without_a_programme_that_prescribes_it_no_emblem_is_asked_for(gssc):
    project = gssc.project.model_dump() | {"programme": {"value": "ENI CBC Med"}, "visibility": "none"}
    text = draft_of(changed(gssc, project=project)).text
    assert "emblem of the European Union" not in text


def annex(draft, heading):
    """Return the paragraphs under the heading of an annex."""
    start = draft.paragraphs.index(("HeadingPlain", heading)) + 1
    ends = (number for number, (style, _) in enumerate(draft.paragraphs) if style == "HeadingPlain")
    return [text for _, text in draft.paragraphs[start : next(end for end in ends if end > start)]]
