"""The clauses of a Word file as a reader sees them: headings, and the paragraphs under each.

A heading is found by its outline level (ECMA-376-1 17.3.1.20) or by the style's name, which is the same in every
language of Word (17.7.4.9); ids of styles are not, and are only followed. What is hidden or deleted is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from templates.word_file import BODY, W, read_parts

FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
TEXTS = frozenset({f"{W}t", "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"})
"""ECMA-376-1 17.3.3.31, 22.1.2.116."""
OFF = frozenset({"0", "false", "off"})
"""Values that switch a property off (ECMA-376-1 17.17.4)."""
GONE = frozenset({f"{W}del", f"{W}moveFrom", f"{W}pPr", f"{W}rPr", FALLBACK})
"""What holds no text of the document as it now reads."""
SIGNS = {f"{W}tab": " ", f"{W}br": " ", f"{W}cr": " ", f"{W}noBreakHyphen": "\u2011", f"{W}ptab": " "}
CELLS = " | "


class Region(StrEnum):
    """Where in a document a clause stands."""

    OPENING = "opening"
    """Before the first heading: cover, contents, parties."""
    CLAUSE = "clause"
    """Under a heading of the body."""
    NOTES = "notes"
    """Footnotes and endnotes."""
    MARGINS = "margins"
    """Headers and footers."""


@dataclass(frozen=True, slots=True)
class OutlinedClause:
    """A heading without its number, and the text of each paragraph or table row under it.

    The cells of a row are joined by `` | ``. Outside :attr:`Region.CLAUSE` the heading is empty.
    """

    heading: str
    paragraphs: tuple[str, ...]
    region: Region = Region.CLAUSE


def clauses_of(docx: bytes) -> tuple[OutlinedClause, ...]:
    """Return the clauses of a Word file in their order, then its notes, then its headers and footers.

    Raises :class:`TemplateFault` unless it is a whole DOCX.
    """
    roots = read_parts(docx)
    styles = _Styles(roots.get("word/styles.xml"))
    clauses: list[OutlinedClause] = []
    heading, region, texts = "", Region.OPENING, list[str]()
    for text, begins in _blocks(roots[BODY], styles):
        if not text:
            continue
        if begins:
            clauses.append(OutlinedClause(heading, tuple(texts), region))
            heading, region, texts = text, Region.CLAUSE, []
        else:
            texts.append(text)
    clauses.append(OutlinedClause(heading, tuple(texts), region))
    for region, names in (
        (Region.NOTES, ("word/footnotes", "word/endnotes")),
        (Region.MARGINS, ("word/header", "word/footer")),
    ):
        parts = [root for name, root in sorted(roots.items()) if name.startswith(names)]
        found = tuple(text for root in parts for text, _ in _blocks(root, styles) if text)
        clauses.append(OutlinedClause("", found, region))
    return tuple(clause for clause in clauses if clause.heading or clause.paragraphs)


class _Styles:
    """What the styles of a file say about headings and hidden text."""

    def __init__(self, root: etree._Element | None) -> None:
        elements = () if root is None else root.iter(f"{W}style")
        self._styles = {str(style.get(f"{W}styleId")): style for style in elements}
        self._hidden = {name for name in self._styles if self._hides(name)}
        self._headings = {name for name in self._styles if self._is_heading(name)}

    def begins_clause(self, paragraph: etree._Element) -> bool:
        """Whether a paragraph is a heading of the first level."""
        level = paragraph.find(f"{W}pPr/{W}outlineLvl")
        if level is not None:
            return level.get(f"{W}val") == "0"
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        return style is not None and style.get(f"{W}val") in self._headings

    def hides(self, run: etree._Element) -> bool:
        """Whether a run is hidden, by itself or by its style (ECMA-376-1 17.3.2.41)."""
        own = run.find(f"{W}rPr/{W}vanish")
        if own is not None:
            return own.get(f"{W}val") not in OFF
        style = run.find(f"{W}rPr/{W}rStyle")
        if style is None or style.get(f"{W}val") not in self._hidden:
            paragraph = next(run.iterancestors(f"{W}p"), None)
            style = None if paragraph is None else paragraph.find(f"{W}pPr/{W}pStyle")
        return style is not None and style.get(f"{W}val") in self._hidden

    def _chain(self, name: str) -> Iterator[etree._Element]:
        """Yield a style and those it is based on (ECMA-376-1 17.7.4.3)."""
        seen: set[str] = set()
        while name in self._styles and name not in seen:
            seen.add(name)
            yield self._styles[name]
            base = self._styles[name].find(f"{W}basedOn")
            name = "" if base is None else str(base.get(f"{W}val"))

    def _hides(self, name: str) -> bool:
        found = (style.find(f"{W}rPr/{W}vanish") for style in self._chain(name))
        first = next((element for element in found if element is not None), None)
        return first is not None and first.get(f"{W}val") not in OFF

    def _is_heading(self, name: str) -> bool:
        for style in self._chain(name):
            level = style.find(f"{W}pPr/{W}outlineLvl")
            if level is not None:
                return level.get(f"{W}val") == "0"
            called = style.find(f"{W}name")
            if called is not None and str(called.get(f"{W}val")).lower() == "heading 1":
                return True
        return False


def _blocks(root: etree._Element, styles: _Styles) -> Iterator[tuple[str, bool]]:
    """Yield the text of each paragraph and table row, and whether a clause begins with it."""
    for element in _children(root):
        if element.tag == f"{W}p":
            yield _text(element, styles), styles.begins_clause(element)
            for box in _boxes(element):
                yield from _blocks(box, styles)
        elif element.tag == f"{W}tbl":
            for row in _below(element, f"{W}tr"):
                if row.find(f"{W}trPr/{W}del") is None:
                    yield from _row(row, styles)
        else:
            yield from _blocks(element, styles)


def _row(row: etree._Element, styles: _Styles) -> Iterator[tuple[str, bool]]:
    """Yield a table row as one text; where its cells begin with headings, those first."""
    cells = [list(_blocks(cell, styles)) for cell in _below(row, f"{W}tc")]
    if any(heading for blocks in cells for _, heading in blocks[:1]):
        yield _joined([blocks[:1] for blocks in cells]), True
        cells = [blocks[1:] for blocks in cells]
    yield _joined(cells), False


def _joined(cells: list[list[tuple[str, bool]]]) -> str:
    texts = [" ".join(text for text, _ in blocks if text) for blocks in cells]
    return CELLS.join(texts) if any(texts) else ""


def _below(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Yield the elements ``tag`` right below, or inside content controls and the like."""
    for child in _children(element):
        if child.tag == tag:
            yield child
        elif child.tag not in {f"{W}tbl", f"{W}tr", f"{W}tc", f"{W}p"}:
            yield from _below(child, tag)


def _children(element: etree._Element) -> Iterable[etree._Element]:
    return (child for child in element.iterchildren(etree.Element) if child.tag not in GONE)


def _text(paragraph: etree._Element, styles: _Styles) -> str:
    return " ".join("".join(_pieces(paragraph, styles)).split())


def _pieces(element: etree._Element, styles: _Styles) -> Iterator[str]:
    for child in _children(element):
        if child.tag in TEXTS:
            yield child.text or ""
        elif child.tag in SIGNS:
            yield SIGNS[child.tag]
        elif child.tag == f"{W}r" and styles.hides(child):
            continue
        elif child.tag not in {f"{W}p", f"{W}tbl", f"{W}txbxContent"}:
            yield from _pieces(child, styles)


def _boxes(paragraph: etree._Element) -> Iterator[etree._Element]:
    """Yield the text boxes anchored in a paragraph, each once (ECMA-376-1 20.4.2.38)."""
    for child in _children(paragraph):
        if child.tag == f"{W}txbxContent":
            yield child
        elif child.tag != f"{W}p":
            yield from _boxes(child)
