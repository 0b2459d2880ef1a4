"""The last step after a part is filled: marks of open facts become styled runs, drawings get numbers of their own."""

from __future__ import annotations

from lxml import etree

from templates.lint import W
from templates.view import BETWEEN, CLOSE, OPEN

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
OPEN_STYLE, STATUS_STYLE = "OpenFact", "OpenFactMark"
"""Character styles of the template for an open fact and for the status behind it."""
FIRST_DRAWING_ID = 1001
MARKED = etree.XPath("//*[text()[contains(., $mark)] or @*[contains(., $mark)]]")


def finish(root: etree._Element, marks: int | None = None) -> None:
    """Turn the marks of open facts into styled runs, and number the drawings that loops have repeated.

    ``marks`` is how many there are, where that is known: nothing more is looked for when all have been found.
    """
    found = 0
    if marks != 0:
        for text in [text for text in root.iter(f"{W}t") if text.text and OPEN in text.text]:
            found += text.text.count(OPEN)
            if (run := text.getparent()) is not None and run.getparent() is not None:
                _split(run)
    if found != marks:
        for element in MARKED(root, mark=OPEN):
            element.text = _unmarked(element.text) if element.text else element.text
            for name, value in element.attrib.items():
                element.set(name, _unmarked(value))
    for number, drawing in enumerate(root.iter(f"{DRAWING}docPr"), start=FIRST_DRAWING_ID):
        drawing.set("id", str(number))


def _split(run: etree._Element) -> None:
    """Replace a run by runs of the same properties, those with an open fact in its style."""
    properties = run.find(f"{W}rPr")
    for child in run:
        if child is properties:
            continue
        if child.tag != f"{W}t":
            _copy(child, _run_before(run, properties))
            continue
        for content, style in marked(child.text or ""):
            element = etree.SubElement(_run_before(run, properties, style), f"{W}t", {SPACE: "preserve"})
            element.text = content
    parent = run.getparent()
    if parent is not None:
        parent.remove(run)


def _run_before(run: etree._Element, properties: etree._Element | None, style: str | None = None) -> etree._Element:
    # An element made where it belongs is much cheaper than a deep copy, which lxml makes in a document of its own.
    added = etree.SubElement(run, f"{W}r")
    run.addprevious(added)
    kept = [part for part in (() if properties is None else properties) if style is None or part.tag != f"{W}rStyle"]
    if style is not None or kept:
        own = etree.SubElement(added, f"{W}rPr")
        if style is not None:
            # rStyle comes first in rPr (ECMA-376-1 17.3.2.28).
            etree.SubElement(own, f"{W}rStyle", {f"{W}val": style})
        for part in kept:
            _copy(part, own)
    return added


def _copy(element: etree._Element, parent: etree._Element) -> None:
    copied = etree.SubElement(parent, element.tag, element.attrib)
    copied.text = element.text
    for child in element:
        _copy(child, copied)


def marked(text: str) -> list[tuple[str, str | None]]:
    """Return the pieces of a text with their styles; a mark is ``OPEN value BETWEEN status CLOSE``."""
    before, *facts = text.split(OPEN)
    pieces: list[tuple[str, str | None]] = [(before, None)]
    for fact in facts:
        value, _, rest = fact.partition(BETWEEN)
        status, _, after = rest.partition(CLOSE)
        pieces += [(value, OPEN_STYLE), (f"\u202f{status}", STATUS_STYLE), (after, None)]
    return [(content, style) for content, style in pieces if content]


def _unmarked(text: str) -> str:
    return "".join(f" ({content.strip()})" if style == STATUS_STYLE else content for content, style in marked(text))
