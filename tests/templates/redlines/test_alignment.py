from __future__ import annotations

import itertools

from hypothesis import given, strategies as st

from templates.redlines.alignment import MAX_COMPARED, alike, staying, without

WORDS = st.lists(st.sampled_from("abcdef"), max_size=6)


def paired(before, after, least=0.5):
    return alike(before, after, olds=range(len(before)), news=range(len(after)), least=least)


def test_most_alike_texts_are_paired_first():
    before = [["a", "b", "c", "d"], ["a", "b", "c", "e"]]
    assert paired(before, [["a", "b", "c", "e"], ["a", "b", "x", "d"]]) == [(1, 0), (0, 1)]


def test_texts_with_too_little_in_common_are_not_paired():
    assert paired([["a", "b", "c"]], [["a", "x", "y"]]) == []


def test_only_the_named_places_are_looked_at():
    assert alike([["a"], ["a"]], [["a"], ["a"]], olds=[1], news=[0], least=0.5) == [(1, 0)]


def test_too_many_pairs_are_not_compared():
    texts = [["a"]] * (int(MAX_COMPARED**0.5) + 1)
    assert paired(texts, texts) == []


@given(st.lists(WORDS, max_size=6), st.lists(WORDS, max_size=6))
def test_each_place_is_in_one_pair_at_most(before, after):
    pairs = paired(before, after)
    for places in zip(*pairs, strict=True):
        assert len(set(places)) == len(places)


def test_places_that_are_not_taken():
    assert without(4, {1, 3}) == [0, 2]


def test_what_was_moved_is_the_least_that_explains_the_order():
    assert staying([1, 2, 3, 0, 4]) == {1, 2, 3, 4}


@given(st.permutations(range(7)))
def test_staying_places_rise_and_no_longer_rising_part_exists(olds):
    found = staying(olds)
    chain = [old for old in olds if old in found]
    assert chain == sorted(chain)
    longest = max(
        length for length in range(8) for part in itertools.combinations(olds, length) if list(part) == sorted(part)
    )
    assert len(found) == longest
