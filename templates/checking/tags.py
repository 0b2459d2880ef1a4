"""The tags of a Word file, in the order they are filled, each with its place and what it stands for in the XML.

The language is docxtpl's: ``{{ value }}``, ``{% step %}``, ``{# remark #}``. A letter behind the opening braces names
what the tag takes the place of: ``{%p`` its paragraph, ``{%tr`` its table row, ``{%tc`` its cell, ``{{r`` its run.
Word divides text into runs at will; a tag is read from the paragraph's whole text, as docxtpl joins it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from templates.checking.findings import Findings, Place
from templates.checking.numbering import Numbering
from templates.lint import CLOSING, DELIMITER, TAG, W

MARKER = re.compile(r"-?(tr|tc|p|r) ")
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
TEXTS = frozenset(
    {
        f"{W}t",
        f"{W}instrText",
        "{http://schemas.openxmlformats.org/officeDocument/2006/math}t",
        "{http://schemas.openxmlformats.org/drawingml/2006/main}t",
    }
)
"""Elements that hold text (ECMA-376-1 17.3.3.31, 17.16.23, 22.1.2.116, 21.1.2.3.11)."""
LOST = {
    f"{W}drawing": "a picture",
    f"{W}pict": "a picture",
    f"{W}object": "an embedded object",
    f"{W}footnoteReference": "a footnote",
    f"{W}endnoteReference": "an endnote",
    f"{W}sym": "a symbol",
    f"{W}noBreakHyphen": "a non-breaking hyphen",
    f"{W}fldChar": "a field",
}
"""What docxtpl drops where it joins a tag again, and a reader would miss."""
CONTAINERS = {
    f"{W}hyperlink": "a link",
    f"{W}sdt": "a content control",
    f"{W}ins": "a tracked insertion",
    f"{W}smartTag": "a smart tag",
    f"{W}fldSimple": "a field",
}
TAKES = {"p": f"{W}p", "tr": f"{W}tr", "tc": f"{W}tc", "r": f"{W}r"}
MAX_CHARACTERS = 10_000
"""Of one paragraph."""
LOOSE = re.compile(r"\{\s+[{%]|[%}]\s+\}|(?<!\{)\{\s*[A-Za-z_][\w.|]*\s*\}(?!\})")
"""Braces that were probably meant as a tag: ``{ {``, ``} }``, ``{name}``."""


@dataclass(frozen=True, slots=True, eq=False)
class Tag:
    """One tag. ``opening`` is ``{{``, ``{%`` or ``{#``; ``body`` what stands between, without the ``marker``."""

    text: str
    opening: str
    marker: str
    body: str
    place: Place
    element: etree._Element
    """The element its text begins in."""
    attribute: bool = False
    """Whether it stands in an attribute, such as the description of a picture."""

    @property
    def seat(self) -> etree._Element | None:
        """The element in whose content the filled text comes to stand; none where the marker has nothing to take."""
        if not self.marker:
            return self.element
        taken = self.taken
        return None if taken is None else taken.getparent()

    @property
    def taken(self) -> etree._Element | None:
        """The paragraph, row, cell or run whose place the tag takes."""
        return next(self.element.iterancestors(TAKES[self.marker]), None) if self.marker else None


@dataclass(slots=True)
class _Text:
    """Text in one paragraph: which element each character stands in, and what else stands between them."""

    place: Place
    elements: list[etree._Element] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    source: str = ""
    lost: list[tuple[int, str]] = field(default_factory=list)

    def add(self, element: etree._Element) -> None:
        self.source += element.text or ""
        self.elements.append(element)
        self.ends.append(len(self.source))

    def element_at(self, offset: int) -> etree._Element:
        return next(element for element, end in zip(self.elements, self.ends, strict=True) if offset < end)


def read_tags(label: str, root: etree._Element, findings: Findings) -> tuple[Tag, ...]:
    """Return the tags of a part in the order of its XML; what is no whole tag becomes a finding and is left out.

    ``label`` is what a person calls the part.
    """
    order = {element: number for number, element in enumerate(root.iter(etree.Element))}
    found: list[tuple[int, int, Tag]] = []
    for text in _texts(label, root):
        for start, tag in _tags_of(text, findings):
            found.append((order[tag.element], start, tag))
    numbering = Numbering(label, root)
    for element in _elements(root):
        for value in map(str, element.attrib.values()):
            if "{{" in value or "{%" in value:
                place = numbering.place(element)
                described = Place(
                    f"{place.part}, description", place.table, place.row, place.cell, place.paragraph, value
                )
                attribute = _Text(described, [element], [len(value)], value)
                found += [(order[element], -1, tag) for _, tag in _tags_of(attribute, findings, attribute=True)]
    found.sort(key=lambda entry: entry[:2])
    return tuple(tag for _, _, tag in found)


def paragraph_texts(label: str, root: etree._Element) -> Iterator[tuple[Place, str]]:
    """Yield place and text of each paragraph of a part, tags included."""
    for text in _texts(label, root):
        yield text.place, text.source


def prose_of(text: str) -> str:
    """Return a paragraph's text with a dot in the place of each tag."""
    return TAG.sub("\u00b7", text)


def tracked_changes(label: str, root: etree._Element) -> Iterator[Place]:
    """Yield the place of each paragraph with a tracked change (ECMA-376-1 17.13.5)."""
    numbering = Numbering(label, root)
    names = [f"{W}{name}" for name in ("ins", "del", "moveFrom", "moveTo")]
    seen: set[etree._Element] = set()
    for change in root.iter(*names):
        paragraph = next(change.iterancestors(f"{W}p"), None)
        if paragraph is None:
            paragraph = next(change.iter(f"{W}p"), change)
        if paragraph not in seen:
            seen.add(paragraph)
            yield numbering.place(paragraph)


def _elements(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the elements in their order, those left out that only older programs read."""
    skipped: etree._Element | None = None
    for element in root.iter(etree.Element):
        if skipped is not None and skipped in element.iterancestors():
            continue
        skipped = element if element.tag == FALLBACK else None
        if skipped is None:
            yield element


def _texts(label: str, root: etree._Element) -> Iterator[_Text]:
    """Yield the text of each paragraph; outside WordprocessingML, of each element with text."""
    numbering = Numbering(label, root)
    if not root.tag.startswith(W):
        for element in root.iter(etree.Element):
            if element.text and element.text.strip():
                name = etree.QName(element).localname
                yield _Text(Place(f"{label}, {name}", text=element.text), [element], [len(element.text)], element.text)
        return
    texts: dict[etree._Element, _Text] = {}
    for element in _elements(root):
        if element.tag == f"{W}p":
            texts[element] = _Text(Place(label))
        elif (element.tag in TEXTS or element.tag in LOST) and (
            owner := next((above for above in element.iterancestors(f"{W}p") if above in texts), None)
        ) is not None:
            if element.tag in TEXTS:
                texts[owner].add(element)
            else:
                texts[owner].lost.append((len(texts[owner].source), LOST[element.tag]))
    for paragraph, text in texts.items():
        if text.source:
            text.place = numbering.place(paragraph, text.source)
            yield text


def _tags_of(text: _Text, findings: Findings, *, attribute: bool = False) -> Iterator[tuple[int, Tag]]:
    if len(text.source) > MAX_CHARACTERS:
        expected = f"at most {MAX_CHARACTERS}"
        findings.error(text.place, "the paragraph is too long", got=f"{len(text.source)} characters", expected=expected)
        return
    opened: re.Match[str] | None = None
    for delimiter in DELIMITER.finditer(text.source):
        if opened is None and delimiter.group() in CLOSING:
            opened = delimiter
        elif opened is not None and delimiter.group() == CLOSING[opened.group()]:
            if _whole(text, opened.start(), delimiter.end(), findings):
                yield opened.start(), _tag(text, opened.start(), delimiter.end(), attribute=attribute)
            opened = None
        elif opened is None:
            _broken(text, delimiter, f"{delimiter.group()} closes a tag that was not opened", findings)
        else:
            wanted = CLOSING[opened.group()]
            if delimiter.group() in CLOSING:
                _broken(text, opened, f"{opened.group()} is not closed before the next tag begins", findings, wanted)
                opened = delimiter
            else:
                message = f"{opened.group()} is closed by {delimiter.group()}"
                _broken(text, opened, message, findings, wanted)
                opened = None
    if opened is not None:
        _broken(text, opened, f"{opened.group()} is not closed", findings, CLOSING[opened.group()])
    for loose in LOOSE.finditer(prose_of(text.source)):
        findings.warning(
            text.place, "braces that are no tag come out as they are", got=loose.group(), expected="{{ name }}"
        )


def _broken(text: _Text, delimiter: re.Match[str], message: str, findings: Findings, wanted: str | None = None) -> None:
    around = text.source[max(delimiter.start() - 20, 0) : delimiter.end() + 20]
    expected = f"{wanted} in the same paragraph" if wanted else "each tag begun and ended in one paragraph"
    findings.error(text.place, message, got=around.strip(), expected=expected)


def _whole(text: _Text, start: int, end: int, findings: Findings) -> bool:
    """Say what docxtpl cannot join again where Word has divided a tag."""
    shown = text.source[start:end]
    first, last = text.element_at(start), text.element_at(end - 1)
    for offset, what in text.lost:
        if start < offset < end:
            findings.error(text.place, f"{what} stands inside a tag and would be lost", got=shown)
    if same_shape(first, last):
        return True
    ancestors = [*first.iterancestors(), *last.iterancestors()]
    inside = next((CONTAINERS[above.tag] for above in ancestors if above.tag in CONTAINERS), "another kind of text")
    findings.error(
        text.place,
        f"the tag stands partly inside {inside}",
        got=shown,
        expected="a tag wholly inside or wholly outside: delete it and type it anew",
    )
    return False


def same_shape(first: etree._Element, last: etree._Element) -> bool:
    """Whether what lies between two places can be left out or repeated and stay balanced: the same elements open."""
    below_first, below_last = between(first, last)
    return [element.tag for element in below_first] == [element.tag for element in below_last]


def between(first: etree._Element, last: etree._Element) -> tuple[list[etree._Element], list[etree._Element]]:
    """Return the elements that are open at each of two places and not at the other, innermost first."""
    if first is last:
        return [], []
    of_first, of_last = [first, *first.iterancestors()], [last, *last.iterancestors()]
    shared = set(of_first) & set(of_last)
    return [e for e in of_first if e not in shared], [e for e in of_last if e not in shared]


def _tag(text: _Text, start: int, end: int, *, attribute: bool) -> Tag:
    shown = text.source[start:end]
    inner = shown[2:-2]
    marker = MARKER.match(inner)
    return Tag(
        text=shown,
        opening=shown[:2],
        marker=marker.group(1) if marker else "",
        body=" ".join((inner[marker.end() :] if marker else inner).strip("-+").split()),
        place=text.place,
        element=text.element_at(start),
        attribute=attribute,
    )
