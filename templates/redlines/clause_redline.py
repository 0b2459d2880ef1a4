"""How the clauses of a document differ from those of another, word by word.

Clauses are matched by their headings, paragraphs by their likeness; what was moved is said to be moved, not to be
removed and new.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from templates.redlines.alignment import alike, staying, without
from templates.redlines.outline import OutlinedClause

WORD = re.compile(r"\w+|\s+|[^\w\s]")
SAME_HEADING = 0.6
SAME_CLAUSE = 0.5
SAME_PARAGRAPH = 0.5
MAX_WORDS = 4_000
"""A longer paragraph is shown as replaced: comparing it word by word would take too long."""
MAX_EQUAL_PAIRS = 50_000
"""Pairs of equal words; where there are more, words that are everywhere are no longer looked at on their own."""


class Kind(StrEnum):
    """What became of a clause."""

    UNCHANGED = "unchanged"
    """The same words in the same place."""
    CHANGED = "changed"
    """Other words; the place is the same."""
    MOVED = "moved"
    """Another place; the words are the same."""
    MOVED_AND_CHANGED = "moved and changed"
    """Another place and other words."""
    ADDED = "new"
    """It was not there before."""
    REMOVED = "removed"
    """It is not there any more."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stay, that are new (``ins``), or that are gone (``del``)."""

    mark: Literal["same", "ins", "del"]
    text: str


Compared = tuple[Piece, ...]
"""A heading or a paragraph: without the gone pieces it is the new text, without the new ones the old."""


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """One clause, heading and paragraphs compared; ``before`` or ``after`` is ``None`` where it is not there."""

    kind: Kind
    before: OutlinedClause | None
    after: OutlinedClause | None
    heading: Compared
    paragraphs: tuple[Compared, ...]


def clause_changes(before: Sequence[OutlinedClause], after: Sequence[OutlinedClause]) -> tuple[ClauseChange, ...]:
    """Return every clause of ``after`` in its order, and each removed one where it stood before."""
    pairs = _pairs(before, after)
    in_order = staying([pairs[new] for new in sorted(pairs)])
    removed = set(without(len(before), set(pairs.values())))
    changes: list[ClauseChange] = list(_removed(before, removed, 0))
    for new, clause in enumerate(after):
        old = pairs.get(new)
        if old is None:
            changes.append(_alone(Kind.ADDED, None, clause))
            continue
        changes.append(_compared(before[old], clause, moved=old not in in_order))
        changes += _removed(before, removed, old + 1)
    return tuple(changes)


def compared_words(before: str, after: str) -> Compared:
    """Return ``before`` and ``after`` as one text of pieces; changes with only a space between them are one change."""
    if before == after:
        return (Piece("same", after),) if after else ()
    olds, news = WORD.findall(before), WORD.findall(after)
    if max(len(olds), len(news)) > MAX_WORDS:
        return _pieces([("del", before), ("ins", after)])
    found: list[tuple[Literal["same", "ins", "del"], str]] = []
    # Spaces join equal words on both sides of them, but are never what two texts have in common.
    matcher = difflib.SequenceMatcher(str.isspace, olds, news, autojunk=_equal_pairs(olds, news) > MAX_EQUAL_PAIRS)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            found.append(("same", "".join(olds[i:j])))
        else:
            found += [("del", "".join(olds[i:j])), ("ins", "".join(news[k:m]))]
    return _pieces(found)


def _equal_pairs(olds: Sequence[str], news: Sequence[str]) -> int:
    counts = Counter(news)
    return sum(times * counts[word] for word, times in Counter(olds).items() if not word.isspace())


def _pieces(found: list[tuple[Literal["same", "ins", "del"], str]]) -> Compared:
    """Return pieces in reading order: between two staying texts first what is gone, then what is new."""
    pieces: list[Piece] = []
    gone, new = "", ""
    for place, (mark, text) in enumerate(found):
        if mark == "del":
            gone += text
        elif mark == "ins":
            new += text
        elif text.isspace() and gone and new and place + 1 < len(found):
            gone, new = gone + text, new + text
        else:
            pieces += (Piece("del", gone), Piece("ins", new), Piece("same", text))
            gone, new = "", ""
    pieces += (Piece("del", gone), Piece("ins", new))
    return tuple(piece for piece in pieces if piece.text)


def _pairs(before: Sequence[OutlinedClause], after: Sequence[OutlinedClause]) -> dict[int, int]:
    """Return the old place of each clause by its new one: by heading, then by a like heading, then by like words."""
    pairs: dict[int, int] = {}
    places: dict[tuple[str, str], list[int]] = {}
    for old, clause in enumerate(before):
        places.setdefault(_identity(clause), []).append(old)
    for new, clause in enumerate(after):
        if olds := places.get(_identity(clause)):
            pairs[new] = olds.pop(0)
    for of, least in ((_heading_words, SAME_HEADING), (_all_words, SAME_CLAUSE)):
        olds = [old for old in without(len(before), set(pairs.values())) if before[old].heading]
        news = [new for new in without(len(after), pairs) if after[new].heading]
        found = alike(
            [of(clause) for clause in before], [of(clause) for clause in after], olds=olds, news=news, least=least
        )
        pairs |= {new: old for old, new in found}
    return pairs


def _identity(clause: OutlinedClause) -> tuple[str, str]:
    return clause.region, clause.heading.casefold()


def _heading_words(clause: OutlinedClause) -> list[str]:
    return WORD.findall(clause.heading.casefold())


def _all_words(clause: OutlinedClause) -> list[str]:
    return [word for text in (clause.heading, *clause.paragraphs) for word in text.split()]


def _compared(old: OutlinedClause, new: OutlinedClause, *, moved: bool) -> ClauseChange:
    changed = (old.heading, old.paragraphs) != (new.heading, new.paragraphs)
    kinds = {
        (False, False): Kind.UNCHANGED,
        (False, True): Kind.CHANGED,
        (True, False): Kind.MOVED,
        (True, True): Kind.MOVED_AND_CHANGED,
    }
    paragraphs = tuple(_compared_paragraphs(old.paragraphs, new.paragraphs))
    return ClauseChange(kinds[moved, changed], old, new, compared_words(old.heading, new.heading), paragraphs)


def _alone(kind: Kind, old: OutlinedClause | None, new: OutlinedClause | None) -> ClauseChange:
    clause, mark = (new, "ins") if new is not None else (old, "del")
    if clause is None:
        raise ValueError(kind)
    marked = [(Piece(mark, text),) for text in clause.paragraphs]
    return ClauseChange(kind, old, new, (Piece(mark, clause.heading),) if clause.heading else (), tuple(marked))


def _removed(before: Sequence[OutlinedClause], removed: set[int], start: int) -> Iterator[ClauseChange]:
    """Yield the removed clauses that stood one after the other from ``start`` on."""
    while start in removed:
        yield _alone(Kind.REMOVED, before[start], None)
        start += 1


def _compared_paragraphs(before: Sequence[str], after: Sequence[str]) -> Iterator[Compared]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=_equal_pairs(before, after) > MAX_EQUAL_PAIRS)
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            yield from ((Piece("same", text),) for text in after[k:m])
        else:
            yield from _replaced(before[i:j], after[k:m])


def _replaced(before: Sequence[str], after: Sequence[str]) -> Iterator[Compared]:
    """Yield the paragraphs of a changed stretch: those that are alike compared, the others gone or new."""
    words = [[text.split() for text in texts] for texts in (before, after)]
    found = alike(*words, olds=range(len(before)), news=range(len(after)), least=SAME_PARAGRAPH)
    in_order = staying([old for old, _ in sorted(found, key=lambda pair: pair[1])])
    anchors = sorted((old, new) for old, new in found if old in in_order)
    old_start, new_start = 0, 0
    for old, new in (*anchors, (len(before), len(after))):
        yield from ((Piece("del", gone),) for gone in before[old_start:old])
        yield from ((Piece("ins", text),) for text in after[new_start:new])
        if old < len(before):
            yield compared_words(before[old], after[new])
        old_start, new_start = old + 1, new + 1
