"""Which items of two lists are the same, although their text changed, and which of them were moved."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Collection, Sequence

MAX_COMPARED = 40_000
"""Pairs that are compared; beyond, comparing would take too long and nothing is found alike."""


def alike(
    before: Sequence[Sequence[str]],
    after: Sequence[Sequence[str]],
    *,
    olds: Sequence[int],
    news: Sequence[int],
    least: float,
) -> list[tuple[int, int]]:
    """Return pairs of places, old and new, of texts (as words) that have at least the part ``least`` in common.

    Only the places in ``olds`` and ``news`` are looked at; each is in one pair at most, the most alike first.
    """
    if len(olds) * len(news) > MAX_COMPARED:
        return []
    counts = {old: Counter(before[old]) for old in olds}
    found: list[tuple[float, int, int, int]] = []
    for new in news:
        words = Counter(after[new])
        for old in olds:
            size = len(before[old]) + len(after[new])
            # Dice's coefficient of the words; their order is left for the comparison word by word.
            likeness = 2 * (words & counts[old]).total() / size if size else 1.0
            if likeness >= least:
                found.append((-likeness, abs(new - old), old, new))
    pairs: list[tuple[int, int]] = []
    taken_olds, taken_news = set[int](), set[int]()
    for _, _, old, new in sorted(found):
        if old not in taken_olds and new not in taken_news:
            taken_olds.add(old)
            taken_news.add(new)
            pairs.append((old, new))
    return pairs


def without(count: int, taken: Collection[int]) -> list[int]:
    """Return the places below ``count`` that are not ``taken``."""
    return [place for place in range(count) if place not in taken]


def staying(olds: Sequence[int]) -> frozenset[int]:
    """Return the longest rising part of the old places given in their new order; the others were moved."""
    lasts: list[int] = []
    chains: list[int] = []
    previous: dict[int, int | None] = {}
    for old in olds:
        length = bisect.bisect_left(lasts, old)
        previous[old] = chains[length - 1] if length else None
        lasts[length : length + 1] = [old]
        chains[length : length + 1] = [old]
    found, at = set[int](), chains[-1] if chains else None
    while at is not None:
        found.add(at)
        at = previous[at]
    return frozenset(found)
