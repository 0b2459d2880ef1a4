from __future__ import annotations

import pytest

from schemas.fact import open_facts
from tests.templates.reading import changed, confirmed, draft_of, example

HEADINGS = [
    "1. Definitions", "2. Need and purpose", "3. Procurement basis", "4. Scope", "5. Phases, stop or go",
    "6. Acceptance", "7. Price and payment", "8. Allocation of risks", "9. Intellectual property",
    "10. Data and security", "11. Liability and insurance", "12. Confidentiality", "13. Transparency and records",
    "14. Publicity", "15. Staff and subcontractors", "16. Management and contacts", "17. Amendment",
    "18. Term, termination and exit", "19. Law and disputes", "20. Language and form",
]  # fmt: skip
EUR = "EUR\u00a0"


@pytest.fixture(scope="module")
def ppp():
    return example("sme4smartcities/ppp-city-and-sme.yaml")


@pytest.fixture(scope="module")
def draft(ppp):
    return draft_of(ppp)


@pytest.fixture(scope="module")
def final(ppp):
    return draft_of(confirmed(ppp))


def test_clauses_stand_in_their_order(final):
    assert final.headings == HEADINGS


def test_each_party_signs_under_its_name(final, ppp):
    blocks = [text for style, text in final.paragraphs if style == "SignatureParty"]
    assert blocks == [party.legal_name.value for party in ppp.parties]


def test_open_facts_are_listed_and_marked(draft, ppp):
    assert f"Open facts: {len(open_facts(ppp))}" in draft.text
    assert f"The value of this Agreement is {EUR}120,000.00\u202fassumed without" in draft.text
    assert "Its reference is: not yet known\u202fblank." in draft.text


def test_phases_have_period_price_and_stop_or_go(final):
    table = final.clause("Phases, stop or go")
    first = table.index("P1")
    assert table[first + 1 : first + 8] == [
        "Concept", "\u2013 Survey of the buildings and of the data that exist",
        "\u2013 Concept with architecture, interfaces, security and a plan for the tests",
        "10 January 2022", "to 31 March 2022", f"{EUR}18,000.00", "",
    ]  # fmt: skip
    assert sum(text.startswith("The work goes on if:") for text in table) == 2
    assert table[-2:] == ["Total, the value of this Agreement", f"{EUR}120,000.00"]


def test_tests_risks_and_licences_are_written_out(final):
    assert "The readings differ from the meters by 2 percent or less on each day." in final.clause("Acceptance")
    assert "The City, The SME" in final.clause("Allocation of risks")
    assert any(text.startswith("The City: may use, copy") for text in final.clause("Intellectual property"))


@pytest.mark.parametrize(
    ("procedure", "reference"),
    [
        ("open procedure", "(Article 27 of Directive 2014/24/EU)"),
        ("restricted procedure", "(Article 28 of Directive 2014/24/EU)"),
        ("competitive procedure with negotiation", "(Article 29 of Directive 2014/24/EU)"),
        ("competitive dialogue", "(Article 30 of Directive 2014/24/EU)"),
        ("innovation partnership", "(Article 31 of Directive 2014/24/EU)"),
        ("negotiated procedure without prior publication", "(Article 32 of Directive 2014/24/EU)"),
        ("research and development services", "(outside Directive 2014/24/EU by its Article 14)"),
        ("below threshold", "(below the thresholds of Article 4 of Directive 2014/24/EU, under national law)"),
    ],
)
def test_the_procedure_is_named_with_its_article(procedure, reference, ppp):
    basis = {"procedure": procedure, "notice_ref": "2022-1", "awarded": "2022-01-03", "reason": "The market is small."}
    first, reason, *_ = draft_of(changed(ppp, procurement=basis)).clause("Procurement basis")
    assert first == (
        f"The City awards this Agreement on the following basis: {procedure} {reference}. Its reference is: 2022-1. "
        "Day of the award decision: 3 January 2022."
    )
    assert reason == "No notice was published beforehand, for this reason: The market is small."


def test_termination_does_not_stand_in_for_a_stop_or_go_decision(final):
    decision = final.clause("Phases, stop or go")[1]
    assert decision.endswith("The rights of termination in the clause \u201cTerm, termination and exit\u201d remain.")
    termination = final.clause("Term, termination and exit")[1]
    assert termination.startswith("For a reason of public interest, which it states, the City may terminate")
    assert "met its stop or go test is no such reason" in termination


def test_one_phase_needs_no_stop_or_go(ppp):
    phase = ppp.phases[2].model_dump() | {"id": "P1"}
    tests = [test.model_dump() | {"phase": "P1"} for test in ppp.acceptance_tests]
    single = changed(ppp, phases=[phase], acceptance_tests=tests, value=ppp.phases[2].price.model_dump())
    text = "\n".join(draft_of(single).clause("Phases, stop or go"))
    assert "The work is done in 1 phase, as the table below sets it out." in text
    assert "stop" not in text
    assert "The work goes on if" not in text


def test_personal_data_makes_the_smes_processors(ppp, final):
    assert "without personal data" in "\n".join(final.clause("Data and security"))
    processing = "\n".join(draft_of(changed(ppp, personal_data=True)).clause("Data and security"))
    assert "processors under Article 28 of Regulation (EU) 2016/679" in processing
    assert "without personal data" not in processing


def test_several_smes_are_named_and_answer_for_each_other(ppp):
    city, sme = (party.model_dump() for party in ppp.parties)
    second = sme | {"id": "second", "legal_name": {"value": "Second & Partners <Srl>"}, "short_name": "the Second"}
    signatory = ppp.signatories[1].model_dump() | {"id": "for-second", "party": "second", "email": "second@example.org"}
    contact = ppp.contacts[1].model_dump() | {"party": "second"}
    several = changed(
        ppp, parties=[city, sme, second], signatories=[*(s.model_dump() for s in ppp.signatories), signatory],
        contacts=[*(c.model_dump() for c in ppp.contacts), contact],
    )  # fmt: skip
    text = draft_of(several).text
    assert "SME means each of One of the 50 SMEs supported by SME4SMARTCITIES\u202fassumed and Second" in text
    assert "Second & Partners <Srl>; SMEs means all of them, jointly or each" in text
    assert "Each SME is answerable to the City for the whole of the work" in text


@pytest.mark.parametrize(
    ("clause", "use", "words"),
    [
        ("ppp-price", "ppp-price-advance", "an advance of up to 30 percent of its price"),
        ("ppp-liability", "ppp-liability-by-phase", "liable for the events of a phase up to the price"),
    ],
)
def test_a_fallback_may_be_chosen(clause, use, words, ppp, final):
    assert words not in final.text
    chosen = draft_of(changed(ppp, choices=[{"clause": clause, "use": use}]))
    assert words in chosen.text
    assert chosen.headings == HEADINGS


def test_what_has_nothing_to_say_is_left_out(ppp):
    bare = changed(ppp, excluded=[], city_provides=[], ip_owner="city", licences=[])
    text = draft_of(bare).text
    for words in ("does not belong to the scope", "free of charge", "may use the Results as stated"):
        assert words not in text
    assert "The Results belong to City taking part" in text
