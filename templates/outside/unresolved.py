"""What is still open in an edited Word file: tracked changes, comments, hidden text, leftovers such as ``[insert]``."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from schemas.text import LEFTOVER
from templates.lint import BULLETED, W
from templates.outside.invisible import Looks

CHANGES = {
    f"{W}{name}": message
    for message, names in {
        "an insertion that is neither accepted nor rejected": "ins cellIns customXmlInsRangeStart",
        "a deletion that is neither accepted nor rejected": "del cellDel customXmlDelRangeStart",
        "a move that is neither accepted nor rejected": "moveFrom moveTo moveFromRangeStart moveToRangeStart "
        "customXmlMoveFromRangeStart customXmlMoveToRangeStart",
        "a change of format that is neither accepted nor rejected": "rPrChange pPrChange sectPrChange tblPrChange "
        "tblGridChange trPrChange tcPrChange tblPrExChange numberingChange cellMerge",
    }.items()
    for name in names.split()
}
"""Tracked changes of text, marks of paragraphs, rows, cells and formats (ECMA-376-1 17.13.5)."""
COMMENTS = {f"{W}{name}": "a comment" for name in ("commentReference", "commentRangeStart", "comment")}
HIDDEN = "hidden text"
MARKS = (f"{W}vanish", f"{W}specVanish", f"{W}hidden")
"""Properties of a run, of a paragraph's mark and of a row that hide it (ECMA-376-1 17.3.2.41, 17.3.2.36, 17.4.20)."""
STYLED = frozenset({f"{W}pStyle", f"{W}rStyle", f"{W}tblStyle"})
RESOLVED = {"a comment": "each comment answered and deleted", HIDDEN: "text that everybody sees, or none"}
OFF = frozenset({"0", "false", "off"})
NEAR_ELEMENTS = 200
"""How far the first paragraph of a table or row is looked for."""


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """Something still open: the element it stands at, what it is, the text there, what should be done."""

    element: etree._Element
    message: str
    text: str
    expected: str


def open_matters(root: etree._Element, hidden_styles: frozenset[str], looks: Looks) -> Iterator[OpenMatter]:
    """Yield what is open in a part, each kind once a paragraph.

    ``hidden_styles`` are ids of styles that hide, ``looks`` is what the file's styles make of a text.
    """
    seen: set[tuple[etree._Element, str]] = set()
    for element in root.iter(*CHANGES, *COMMENTS, *MARKS, *STYLED, f"{W}style"):
        message = _message(element, hidden_styles)
        if message is None:
            continue
        where = _where(element)
        if (where, message) not in seen:
            seen.add((where, message))
            yield OpenMatter(
                where,
                message,
                _text(element) or _text(where),
                RESOLVED.get(message, "each change accepted or rejected"),
            )
    for element, why in looks.invisible(root):
        where, message = _where(element), f"{HIDDEN}: {why}"
        if (where, message) not in seen:
            seen.add((where, message))
            yield OpenMatter(where, message, _text(where), RESOLVED[HIDDEN])
    for paragraph in root.iter(f"{W}p"):
        if found := _leftover(_text(paragraph)):
            yield OpenMatter(paragraph, "a leftover", found, "the text itself")


def hiding_styles(styles: etree._Element) -> frozenset[str]:
    """Return the ids of the styles that hide text, themselves or through the style they are based on."""
    heirs: dict[str | None, list[str]] = defaultdict(list)
    hiding: list[str] = []
    for style in styles.iter(f"{W}style"):
        identifier, base = str(style.get(f"{W}styleId")), style.find(f"{W}basedOn")
        heirs[None if base is None else base.get(f"{W}val")].append(identifier)
        if any(_is_on(mark) for mark in style.iterfind(f"{W}rPr/{W}vanish")):
            hiding.append(identifier)
    found: set[str] = set()
    while hiding:
        identifier = hiding.pop()
        if identifier not in found:
            found.add(identifier)
            hiding.extend(heirs[identifier])
    return frozenset(found)


def _message(element: etree._Element, hidden_styles: frozenset[str]) -> str | None:
    """Return what is open at an element; a style itself hides nothing but where it is used or the default."""
    if (change := CHANGES.get(element.tag) or COMMENTS.get(element.tag)) is not None:
        return change
    if element.tag in STYLED:
        return HIDDEN if element.get(f"{W}val") in hidden_styles else None
    if element.tag == f"{W}style":
        return HIDDEN if _is_default(element) and element.get(f"{W}styleId") in hidden_styles else None
    within_style = next(element.iterancestors(f"{W}style"), None) is not None
    return HIDDEN if _is_on(element) and not within_style else None


def _is_default(style: etree._Element) -> bool:
    return str(style.get(f"{W}default")) in {"1", "true", "on"}


def _is_on(mark: etree._Element) -> bool:
    """Whether a property that is on or off is on (ECMA-376-1 17.17.4)."""
    return mark.get(f"{W}val") not in OFF


def _where(element: etree._Element) -> etree._Element:
    """Return the paragraph an element stands in or holds, or the first one of its cell, row or table."""
    if (own := next(element.iterancestors(f"{W}p"), None)) is not None:
        return own
    holder = next(element.iterancestors(f"{W}tc", f"{W}tr", f"{W}tbl"), element)
    near = itertools.islice(holder.iter(etree.Element), NEAR_ELEMENTS)
    return next((inner for inner in near if inner.tag == f"{W}p"), element)


def _leftover(text: str) -> str | None:
    """Return the first leftover of a text in time that grows with its length only, whatever it holds."""
    text = " ".join(text.split())
    closed = text.rfind("]") + 1
    found = LEFTOVER.search(text, 0, closed) or BULLETED.search(text, 0, closed)
    found = found or LEFTOVER.search(text[closed:].replace("[", " "))
    return found.group() if found else None


def _text(element: etree._Element) -> str:
    """Return the text in an element of a paragraph or in the whole paragraph, deleted text included, boxes left out."""
    paragraph = element if element.tag == f"{W}p" else next(element.iterancestors(f"{W}p"), None)
    texts = element.iter(f"{W}t", f"{W}delText")
    return "".join(text.text or "" for text in texts if next(text.iterancestors(f"{W}p"), None) is paragraph)
