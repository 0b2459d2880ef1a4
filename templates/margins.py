"""What the headers and footers of a Word file say on which pages, and whether another file says the same.

A header counts only where a section refers to it: a part that nothing refers to is never shown (ECMA-376-1 17.10).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from lxml import etree

from templates.compiled import strictly_parsed
from templates.word_file import BODY, W

RELATIONS = "word/_rels/document.xml.rels"
SETTINGS = "word/settings.xml"
ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
OFF = frozenset({"0", "false", "off"})
PAGES = ("default", "first", "even")
MARGINS = ("header", "footer")
Shown = dict[tuple[str, str], tuple[str, ...]]
"""The texts of one section by margin and kind of page."""


def lost_margins(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Return each text of a header or footer of ``before`` (parts by name) that ``after`` does not show as it did.

    Sections are compared one by one; those that ``after`` has in addition, with the last one of ``before``. Results
    of fields, such as page numbers, do not count. A header that says more than before is returned as it is now.
    """
    wanted, found = _sections(before), _sections(after)
    lost: list[str] = []
    for number in range(max(len(wanted), len(found))):
        expected = wanted[min(number, len(wanted) - 1)] if wanted else {}
        shown = found[number] if number < len(found) else {}
        for place, texts in expected.items():
            if (now := shown.get(place, ())) != texts:
                lost += [text for text in texts if text not in now] or [text for text in now if text not in texts]
                lost += ["the order of " + "; ".join(texts)] if sorted(now) == sorted(texts) else []
    return list(dict.fromkeys(lost))


def _sections(parts: Mapping[str, bytes]) -> list[Shown]:
    """Return what each section shows (ECMA-376-1 17.10.1, 17.10.5): without a reference, what the one before does."""
    parts_by_id = _parts_by_id(parts)
    settings = strictly_parsed(parts[SETTINGS], SETTINGS) if SETTINGS in parts else None
    even = settings is not None and _is_on(settings, "evenAndOddHeaders")
    inherited: dict[tuple[str, str], tuple[str, ...]] = {}
    sections: list[Shown] = []
    for section in strictly_parsed(parts[BODY], BODY).iter(f"{W}sectPr"):
        for margin in MARGINS:
            for reference in section.iterfind(f"{W}{margin}Reference"):
                name = parts_by_id.get(str(reference.get(ID)), "")
                kind = str(reference.get(f"{W}type", "default"))
                inherited[margin, kind] = tuple(_texts(parts[name], name)) if name in parts else ()
        first = _is_on(section, "titlePg")
        differs = {"default": True, "first": first, "even": even}
        sections.append({
            (margin, page): inherited.get((margin, page if differs[page] else "default"), ())
            for margin in MARGINS for page in PAGES
        })  # fmt: skip
    return sections


def _parts_by_id(parts: Mapping[str, bytes]) -> dict[str, str]:
    if RELATIONS not in parts:
        return {}
    return {
        str(relation.get("Id")): posixpath.normpath(posixpath.join("/word", relation.get("Target") or "")).lstrip("/")
        for relation in strictly_parsed(parts[RELATIONS], RELATIONS).iter("{*}Relationship")
        if str(relation.get("Type")).endswith(("/header", "/footer"))
    }


def _texts(content: bytes, name: str) -> Iterator[str]:
    """Yield the text of each paragraph that has any, without results of fields."""
    for paragraph in strictly_parsed(content, name).iter(f"{W}p"):
        if text := " ".join("".join(_pieces(paragraph)).split()):
            yield text


def _pieces(paragraph: etree._Element) -> Iterator[str]:
    depth = 0
    for element in paragraph.iter(f"{W}t", f"{W}tab", f"{W}fldChar"):
        if next(element.iterancestors(f"{W}p")) is not paragraph:
            continue
        if element.tag == f"{W}fldChar":
            depth += {"begin": 1, "end": -1}.get(str(element.get(f"{W}fldCharType")), 0)
        elif depth == 0 and next(element.iterancestors(f"{W}fldSimple"), None) is None:
            yield " " if element.tag == f"{W}tab" else element.text or ""


def _is_on(element: etree._Element, name: str) -> bool:
    mark = element.find(f"{W}{name}")
    return mark is not None and mark.get(f"{W}val") not in OFF
