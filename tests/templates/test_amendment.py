from __future__ import annotations

import pytest

from tests.templates.reading import changed, confirmed, draft_of, example

DIGEST = "5f" * 32


@pytest.fixture(scope="module")
def amendment():
    return example("gssc/amendment-mou-term.yaml")


@pytest.fixture(scope="module")
def final(amendment):
    complete = confirmed(amendment)
    base = complete.base.model_dump() | {"agreement": "MOU-2026-0001", "sha256": DIGEST, "draft": 2}
    return draft_of(changed(complete, base=base))


def test_clauses_stand_in_their_order(final):
    assert final.headings == [
        "1. The document amended", "2. Changes", "3. Everything else unchanged", "4. Effective date",
        "5. Law and disputes", "6. Language and form",
    ]  # fmt: skip


def test_the_base_is_named_with_its_digest(final):
    base = final.clause("The document amended")[0]
    assert "“Memorandum of Understanding on green and smart solutions for small cities”" in base
    assert "Its id is: MOU-2026-0001, draft 2; its date: 27 April 2021. The Base is the file with this" in base
    assert base.endswith(f"{DIGEST}.")


def test_what_changed_the_base_before_is_named_with_its_digest(amendment):
    earlier = {"agreement": "AMD-2026-0001", "title": "First amendment", "dated": "2021-09-01", "sha256": DIGEST}
    (_, sentence, *_) = draft_of(changed(amendment, earlier=[earlier])).clause("The document amended")
    assert sentence == (
        "The Base is amended as it stands after “First amendment”, AMD-2026-0001, of 1 September 2021, the file with "
        f"this SHA-256 digest: {DIGEST}."
    )


def test_a_base_that_is_not_archived_yet_is_marked(amendment):
    assert "and no other: not yet known\u202fblank." in draft_of(amendment).text


def test_old_and_new_text_stand_side_by_side(final, amendment):
    table = final.clause("Changes")
    replaced = table.index("Clause 9.1 (Term and renewal) is replaced")
    change = amendment.amended_clauses[1]
    assert table[replaced + 1 : replaced + 3] == [str(change.old[0]), str(change.new[0])]
    inserted = table.index("Clause 7.3 (Publicity) is inserted")
    assert table[inserted + 1] == "No text: the clause is new."


def test_a_deleted_clause_has_no_new_text(amendment):
    change = {"act": "delete", "clause": "5.2", "heading": "Costs", "old": ["First.", "Second."]}
    table = draft_of(changed(amendment, amended_clauses=[change])).clause("Changes")
    place = table.index("Clause 5.2 (Costs) is deleted")
    assert table[place + 1 : place + 4] == ["First.", "Second.", "No text: the clause falls away."]


def test_the_old_text_is_what_the_memorandum_says(amendment):
    memorandum = draft_of(confirmed(example("gssc/mou-czech-cape-verdean-chamber.yaml")))
    assert memorandum.headings[8] == "9. Term and renewal"
    assert memorandum.clause("Term and renewal")[0] == str(amendment.amended_clauses[1].old[0])


def test_all_parties_sign_or_the_majority_is_named(amendment, final):
    assert "This Amendment is signed by all Parties of the Base." in final.clause("Effective date")
    majority = draft_of(changed(amendment, majority={"clause": "clause 10.2", "needed": 2}))
    assert "(clause 10.2); 2 of 2 Parties have to agree." in majority.text
    assert "signed by all Parties of the Base" not in majority.text


def test_recitals_may_be_left_out(amendment, final):
    assert "Background" in [text for style, text in final.paragraphs if style == "HeadingPlain"]
    bare = draft_of(changed(amendment, background=[]))
    assert "Background" not in [text for style, text in bare.paragraphs if style == "HeadingPlain"]


def test_a_base_with_a_newer_version_is_told_on_the_cover(amendment, final):
    newer = "MOU-2026-0001 has a newer version than the one pinned here."
    stale = draft_of(amendment, stale=(newer,))
    assert ("CoverNote", newer) in stale.paragraphs
    assert newer not in final.text


def test_a_document_that_takes_the_place_of_another_says_so(amendment, final):
    earlier = {"agreement": "AMD-2026-0004", "title": "Earlier amendment", "sha256": DIGEST}
    assert (
        f"Earlier amendment (AMD-2026-0004), SHA-256 {DIGEST}" in draft_of(changed(amendment, supersedes=earlier)).text
    )
    assert "Supersedes" not in final.text
