from __future__ import annotations

import pytest

from schemas.fact import open_facts
from tests.templates.reading import changed, confirmed, draft_of, example

HEADINGS = [
    "1. The base agreement", "2. Accession and acceptance of all terms", "3. Consent of the members",
    "4. Votes and shares", "5. Effective date and effects", "6. Personal data going to Serbia", "7. Remaining terms",
    "8. Language and form",
]  # fmt: skip
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture(scope="module")
def accession():
    return example("c2future/accession-four-clusters.yaml")


@pytest.fixture(scope="module")
def draft(accession):
    return draft_of(accession)


def test_clauses_stand_in_their_order(draft):
    assert draft.headings == HEADINGS


def test_the_base_agreement_is_named_with_its_digest(accession, draft):
    assert "in the version whose SHA-256 digest is not yet known\u202fblank." in draft.text
    pin = {
        "agreement": "PAR-2026-0007",
        "title": "Partnership Agreement",
        "draft": 4,
        "dated": "2021-03-01",
        "sha256": DIGEST,
    }
    (sentence, *_) = draft_of(changed(accession, base=pin)).clause("The base agreement")
    assert sentence == (
        "This document belongs to the agreement “Partnership Agreement”, PAR-2026-0007, draft 4, of 1 March 2021 (the "
        f"“Base Agreement”), in the version whose SHA-256 digest is {DIGEST}."
    )


def test_what_changed_the_base_agreement_before_is_named_with_its_digest(accession):
    earlier = {"agreement": "AMD-2026-0001", "title": "First amendment", "dated": "2021-09-01", "sha256": DIGEST}
    (_, sentence, *_) = draft_of(changed(accession, earlier=[earlier])).clause("The base agreement")
    assert sentence == (
        "The Base Agreement stands as changed by “First amendment”, AMD-2026-0001, of 1 September 2021, in the version "
        f"whose SHA-256 digest is {DIGEST}."
    )


def test_applicants_accept_all_terms_and_members_consent(draft):
    accepted = draft.clause("Accession and acceptance of all terms")
    assert accepted[1].startswith("The first further cluster, as Network Member. It opens its network")
    assert any("accepts all terms of the Base Agreement" in text for text in accepted)
    consents = draft.clause("Consent of the members")
    assert consents[1:7] == [
        "DTI consents by signing this document;", "Aclima consents by signing this document;",
        "ICT Net consents by signing this document;", "GreenHome consents by signing this document;",
        "HAMAC consents by signing this document;", "Lombard Mobility consents by signing this document.",
    ]  # fmt: skip


def test_a_consent_given_before_is_named(accession):
    consents = [consent.model_dump() for consent in accession.consents]
    consents[0] = {"party": "dti", "by": "resolution", "resolution": "resolution 4", "dated": "2022-03-01"}
    text = draft_of(changed(accession, consents=consents)).text
    assert "DTI has consented by resolution 4 of 1 March 2022;" in text


def test_votes_and_shares_stand_before_and_after(accession):
    table = draft_of(confirmed(accession)).clause("Votes and shares")
    first = table.index("DTI")
    assert table[first : first + 5] == ["DTI", "1", "16.67\u00a0%", "1", "10\u00a0%"]
    new = table.index("The first further cluster")
    assert table[new : new + 5] == ["The first further cluster", "0", "\u2013", "1", "10\u00a0%"]
    assert table[-3:] == ["Total after the accession", "10", "100\u00a0%"]


def test_parties_are_told_apart_as_members_and_applicants(draft):
    rows = [text for style, text in draft.paragraphs if style == "TableText" and text in {"Member", "Applicant"}]
    assert rows == ["Member"] * 6 + ["Applicant"] * 4


def test_everybody_who_signs_has_a_block(draft, accession):
    blocks = [text for style, text in draft.paragraphs if style == "SignatureParty"]
    assert len(blocks) == len(accession.signatories) == 10


def test_open_facts_are_listed_and_marked(draft, accession):
    assert f"Open facts: {len(open_facts(accession))}" in draft.text
    assert "The accession takes effect on not yet known\u202fblank" in draft.text
    assert "Aclima\u202fconflicting" in draft.text


def test_a_newer_base_agreement_is_shown_on_the_first_page(accession, draft):
    sentence = "The base agreement has a newer version, PAR-2026-0007."
    assert sentence in draft_of(accession, stale=[sentence]).text
    assert "newer version" not in draft.text


def test_data_protection_is_mentioned_only_where_data_passes(accession, draft):
    words = "the rules of the Base Agreement on data protection apply"
    assert words in draft.text
    assert words not in draft_of(changed(accession, personal_data=False, clauses=())).text


def test_no_tag_and_no_missing_value_is_left(draft):
    for leftover in ("{{", "}}", "{%", "%}", "None", "Undefined", "  "):
        assert leftover not in draft.text
