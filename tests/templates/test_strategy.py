from __future__ import annotations

import pytest

from schemas.fact import open_facts
from tests.templates.reading import changed, draft_of, example

HEADINGS = [
    "1. Purpose and composition", "2. Needs of the SMEs", "3. Analysis of the markets",
    "4. Strengths, weaknesses, opportunities and threats", "5. Partnership agreement and roadmap",
    "6. Financial sustainability", "7. Communication", "8. Publicity", "9. Review", "10. Adoption",
]  # fmt: skip
EUR = "EUR\u00a0"


def line(*amounts, title="Grant", kind="EU contribution"):
    return {"title": title, "kind": kind, "sums": [{"amount": amount} for amount in amounts]}


@pytest.fixture(scope="module")
def gssc():
    return example("gssc/strategy-internationalisation.yaml")


@pytest.fixture(scope="module")
def draft(gssc):
    return draft_of(gssc)


def test_clauses_stand_in_their_order(draft):
    assert draft.headings == HEADINGS


def test_each_component_is_named_with_its_digest(gssc, draft):
    assert draft.clause("Purpose and composition").count("not yet known\u202fblank") == 4
    agreement, roadmap = (component.model_dump() for component in gssc.components)
    agreement |= {"agreement": "PAR-2026-0001", "draft": 4, "dated": "2021-12-01", "sha256": "ab" * 32}
    text = draft_of(changed(gssc, components=[agreement, roadmap])).clause("Purpose and composition")
    for words in ("PAR-2026-0001, draft 4", "1 December 2021", "ab" * 32):
        assert words in text


def test_what_is_stale_stands_in_a_box_on_the_first_page(gssc, draft):
    assert "out of date:" not in draft.text
    lines = draft_of(gssc, stale=("PAR-2026-0001 has draft 6.", "RDM-2026-0002 has draft 3.")).text.split("\n")
    place = lines.index("This strategy is out of date: a component has a newer approved version")
    assert lines[place + 1 : place + 3] == ["PAR-2026-0001 has draft 6.", "RDM-2026-0002 has draft 3."]
    assert place < lines.index("Summary")


def test_open_facts_are_counted_and_listed(draft, gssc):
    count = len(open_facts(gssc))
    assert f"Open facts: {count}" in draft.text
    assert draft.text.count("To be confirmed by: ") == count


def test_each_market_has_its_analysis(draft):
    lines = draft.clause("Analysis of the markets")
    for name in ("Chile: Water", "Cape Verde: Water", "Vietnam: Water"):
        assert any(text.startswith(name) for text in lines)
    assert lines.count("Barriers") == 3
    assert lines.count("Partners there") == 3
    assert "Czech-Cape Verdean Chamber of Commerce" in lines


def test_the_four_lists_of_the_swot_stand_in_their_fields(draft):
    lines = draft.clause("Strengths, weaknesses, opportunities and threats")
    order = ["Strengths", "Weaknesses", "No legal personality of its own", "Opportunities", "Threats"]
    assert [text for text in lines if text in order] == order
    assert [text for text in lines if text][-1] == "Larger suppliers discover the same niche"


def test_components_and_principles_are_written_out(draft):
    first, second = draft.clause("Partnership agreement and roadmap")
    assert first.startswith("Partnership agreement. It gives the partnership its structure")
    assert second.startswith("Implementation roadmap. It sets out the activities")
    clause = draft.clause("Financial sustainability")
    assert clause[0].startswith("The annex sets out the funding and the expenses the Parties plan for 2022 to 2024.")
    assert clause[-1] == "start nothing that is not funded before it begins."


def test_the_funding_plan_is_added_up_by_year_and_line(gssc):
    plan = gssc.funding_plan.model_dump() | {
        "years": [2022, 2023],
        "funding": [line("222202.62", "0.38"), line("1000", "2000.5", title="Fees", kind="income")],
        "expenses": [],
    }
    lines = draft_of(changed(gssc, funding_plan=plan)).text.split("\n")
    table = lines[lines.index("Annex: funding plan") : lines.index("Open facts")]
    assert table[2:7] == ["Line", "Kind", "2022", "2023", "Total"]
    assert table[7:12] == ["Grant", "EU contribution", f"{EUR}222,202.62", f"{EUR}0.38", f"{EUR}222,203.00"]
    assert [text for text in table[17:] if text][:4] == [
        "Total", f"{EUR}223,202.62", f"{EUR}2,000.88", f"{EUR}225,203.50",
    ]  # fmt: skip
    assert "Expenses" not in table


def test_one_year_and_a_stated_budget_are_said_so(gssc):
    plan = gssc.funding_plan.model_dump() | {
        "years": [2024],
        "funding": [line("10")],
        "expenses": [line("8", kind="expense")],
        "budget": {"amount": "8"},
    }
    text = draft_of(changed(gssc, funding_plan=plan, review_months=1)).text
    assert "the Parties plan for 2024. The plan binds" in text
    assert f"Stated budget: {EUR}8.00" in text
    assert "at least every month, and whenever" in text


def test_communication_names_group_channels_and_who_does_it(draft):
    lines = draft.clause("Communication")
    place = lines.index("Clusters and networks in Europe")
    assert lines[place + 1 : place + 5] == [
        "The partnership is open to partners who complement it.", "European cluster platform", "Conferences",
        "Assembly",
    ]  # fmt: skip


def test_the_body_that_adopts_is_the_one_the_partnership_agreement_empowers(gssc):
    agreement = example("gssc/partnership-agreement.yaml")
    reserved = "\n".join(draft_of(agreement).clause("Governance"))
    assert "The Assembly decides" in reserved
    assert "adoption and change of the strategy, the implementation roadmap" in reserved
    for plan in (gssc, example("gssc/roadmap-2020-2022.yaml")):
        assert str(plan.adoption.body) == "Assembly of the GSSC partnership"


def test_a_strategy_that_nobody_signs_names_no_signed_pdf(draft):
    assert "are embedded in the PDF." in draft.text
    assert "signed PDF" not in draft.text


def test_a_fallback_takes_the_place_of_its_clause(gssc, draft):
    assert "at least every 12 months" in draft.text
    chosen = draft_of(changed(gssc, choices=[{"clause": "strategy-review", "use": "strategy-review-on-change"}]))
    assert "at least every 12 months" not in chosen.text
    assert "when a Party asks for it with reasons" in chosen.text


def test_a_clause_of_the_data_stands_before_the_review(gssc):
    clause = {"id": "secret", "heading": "Confidentiality", "paragraphs": ["The funding plan is confidential."]}
    headings = draft_of(changed(gssc, clauses=[clause])).headings
    assert headings[8:10] == ["9. Confidentiality", "10. Review"]


def test_an_adopted_strategy_has_no_signature_blocks_and_a_signed_one_has(gssc, draft):
    assert not [style for style, _ in draft.paragraphs if style == "SignatureParty"]
    signatory = {
        "id": "s", "party": "mcict", "name": "Signatory for MCICT", "position": "Board", "email": "s@example.org",
        "authority": {"kind": "statute", "reference": "Statutes"},
    }  # fmt: skip
    signed = draft_of(changed(gssc, signatories=[signatory]))
    assert [text for style, text in signed.paragraphs if style == "SignatureParty"] == ["MCICT"]
    assert "It needs no signature." not in signed.text
