"""Two windows on one form: what only one of them touched is taken from that one."""

from __future__ import annotations

import pytest

from flows.form_merge import Clash, merged


@pytest.mark.parametrize(
    ("opened", "saved", "typed", "both"),
    [
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}),
        ({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2}),
        ({}, {"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ([{"a": 1}, {"b": 1}], [{"a": 2}, {"b": 1}], [{"a": 1}, {"b": 2}], [{"a": 2}, {"b": 2}]),
        ([1], [2], [1, 3], [2, 3]),
        ([1], [1, 3], [2], [2, 3]),
        (["a", "b"], ["a", "b", "c"], ["a", "b"], ["a", "b", "c"]),
    ],
)
def test_what_one_window_changed_and_the_other_did_not_is_kept(opened, saved, typed, both):
    assert merged({"x": opened}, {"x": saved}, {"x": typed}) == ({"x": both}, ())


@pytest.mark.parametrize(
    ("opened", "saved", "typed", "clash"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 3}}, Clash("x.a.b", 2)),
        ({"a": 1}, {}, {"a": 3}, Clash("x.a", None)),
        ([{"a": 1}], [{"a": 2}], [{"a": 3}], Clash("x[0].a", 2)),
        ([1, 2], [2], [1, 3], Clash("x", [2])),
        ([1], [1, 2], [1, 3], Clash("x", [1, 2])),
    ],
)
def test_what_both_changed_is_told_with_what_was_typed(opened, saved, typed, clash):
    assert merged({"x": opened}, {"x": saved}, {"x": typed}) == ({"x": typed}, (clash,))


def test_only_what_was_typed_in_is_returned():
    assert merged({}, {"x": 1, "y": 2}, {"x": None}) == ({"x": 1}, ())
