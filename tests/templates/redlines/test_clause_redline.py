from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, strategies as st

from templates.redlines.clause_redline import Kind, Piece, clause_changes, compared_words
from templates.redlines.outline import OutlinedClause, Region

TEXT = st.lists(st.sampled_from(["the", "party", "may", "not", ",", " ", "30", "days", "Größe"]), max_size=12).map(
    " ".join
)
CLAUSES = st.lists(
    st.builds(
        OutlinedClause,
        heading=st.sampled_from(["Purpose", "Term", "Costs", "Term and renewal"]),
        paragraphs=st.lists(st.sampled_from(["One.", "Two words.", "Two other words.", "Four"]), max_size=4).map(tuple),
    ),
    max_size=5,
)
TERM = OutlinedClause("Term and renewal", ("It ends after 24 months.", "It may be renewed in writing."))
COSTS = OutlinedClause("Costs", ("Each Party bears its own costs.",))
LAW = OutlinedClause("Law", ("The law of Czechia governs it.",))


def kinds(before, after):
    """Return what became of each clause, by heading."""
    return [((change.after or change.before).heading, change.kind) for change in clause_changes(before, after)]


def one_side(pieces, gone):
    return "".join(piece.text for piece in pieces if piece.mark != gone)


def test_changed_word_is_marked_alone():
    assert compared_words("ends after 24 months", "ends after 36 months") == (
        Piece("same", "ends after "),
        Piece("del", "24"),
        Piece("ins", "36"),
        Piece("same", " months"),
    )


def test_words_changed_one_after_the_other_are_one_change():
    assert compared_words("it may end now", "it must stop now") == (
        Piece("same", "it "),
        Piece("del", "may end"),
        Piece("ins", "must stop"),
        Piece("same", " now"),
    )


@given(TEXT, TEXT)
def test_comparison_holds_both_texts_whole(before, after):
    pieces = compared_words(before, after)
    assert (one_side(pieces, "ins"), one_side(pieces, "del")) == (before, after)
    assert all(piece.text for piece in pieces)


@given(CLAUSES, CLAUSES)
def test_redline_holds_both_documents_whole(before, after):
    changes = clause_changes(before, after)
    assert [change.after for change in changes if change.after] == after
    assert sorted(map(repr, (change.before for change in changes if change.before))) == sorted(map(repr, before))
    for change in changes:
        for clause, gone in ((change.after, "del"), (change.before, "ins")):
            texts = [text for pieces in change.paragraphs if (text := one_side(pieces, gone))]
            assert texts == list(clause.paragraphs if clause else ())
        same = change.before == change.after
        assert same == (change.kind in {Kind.UNCHANGED, Kind.MOVED})


def test_same_clauses_are_unchanged():
    assert kinds([TERM, COSTS], [TERM, COSTS]) == [("Term and renewal", "unchanged"), ("Costs", "unchanged")]


def test_moved_clause_is_not_removed_and_new():
    assert kinds([TERM, COSTS, LAW], [LAW, TERM, COSTS]) == [
        ("Law", "moved"),
        ("Term and renewal", "unchanged"),
        ("Costs", "unchanged"),
    ]


def test_moved_clause_with_other_words_says_both():
    other = OutlinedClause("Law", ("The law of Spain governs it.",))
    assert kinds([TERM, COSTS, LAW], [other, TERM, COSTS])[0] == ("Law", "moved and changed")


def test_removed_clause_stands_where_it_was():
    assert kinds([TERM, COSTS, LAW], [TERM, LAW]) == [
        ("Term and renewal", "unchanged"),
        ("Costs", "removed"),
        ("Law", "unchanged"),
    ]


def test_new_clause_does_not_change_the_others():
    assert kinds([TERM, LAW], [TERM, COSTS, LAW]) == [
        ("Term and renewal", "unchanged"),
        ("Costs", "new"),
        ("Law", "unchanged"),
    ]


def test_clause_with_a_like_heading_is_the_same_clause():
    (change,) = clause_changes([TERM], [OutlinedClause("Term, renewal", TERM.paragraphs)])
    assert change.kind is Kind.CHANGED
    assert change.paragraphs == tuple((Piece("same", text),) for text in TERM.paragraphs)


def test_clause_with_another_heading_is_known_by_its_words():
    (change,) = clause_changes([TERM], [OutlinedClause("Duration", TERM.paragraphs)])
    assert change.heading == (Piece("del", "Term and renewal"), Piece("ins", "Duration"))


def test_two_clauses_of_one_heading_are_matched_in_their_order():
    first, second = OutlinedClause("Annex", ("Members",)), OutlinedClause("Annex", ("Activities",))
    assert kinds([first, second], [first, second]) == [("Annex", "unchanged"), ("Annex", "unchanged")]


def test_cover_is_compared_with_the_cover_only():
    cover = OutlinedClause("", ("Memorandum",), Region.OPENING)
    notes = OutlinedClause("", ("Memorandum",), Region.NOTES)
    assert [change.kind for change in clause_changes([cover], [notes])] == ["removed", "new"]


def test_inserted_paragraph_leaves_the_others_unmarked():
    longer = OutlinedClause(TERM.heading, (TERM.paragraphs[0], "It is not extended by silence.", TERM.paragraphs[1]))
    (change,) = clause_changes([TERM], [longer])
    assert [pieces[0].mark for pieces in change.paragraphs] == ["same", "ins", "same"]


def test_replaced_paragraph_is_gone_before_the_new_one():
    (change,) = clause_changes([LAW], [OutlinedClause("Law", ("Parties settle differences by talks.",))])
    assert [pieces[0].mark for pieces in change.paragraphs] == ["del", "ins"]


def random_words(number, vocabulary, seed):
    chosen = random.Random(seed)
    return " ".join(chosen.choice(vocabulary) for _ in range(number))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([random_words(1000, "abcde", 1)], [random_words(1000, "abcde", 2)]),
        ([random_words(60, "abcdefg", n) for n in range(150)], [random_words(60, "abcdefg", -n) for n in range(150)]),
        (["the same row"] * 5000, ["the same row"] * 4900 + ["another row"] * 200),
        ([f"row {n} of a long table" for n in range(5000)], [f"row {n + 1} of a long table" for n in range(5000)]),
    ],
    ids=["one long paragraph", "everything rewritten", "equal rows", "long table"],
)  # fmt: skip
def test_hard_comparisons_end_soon(before, after):
    started = time.process_time()
    clause_changes([OutlinedClause("Table", tuple(before))], [OutlinedClause("Table", tuple(after))])
    assert time.process_time() - started < 3
