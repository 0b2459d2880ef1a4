"""The parts of a Word file as a person calls them: body, header, footnotes, document properties."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from schemas.errors import TemplateFault
from templates.lint import W
from templates.package import BODY, CONTENT_TYPES, FILLED, content_types, strictly_parsed, unpacked

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
NAMES = {
    BODY: "body",
    "word/footnotes.xml": "footnotes",
    "word/endnotes.xml": "endnotes",
    "docProps/core.xml": "document properties",
}
KINDS = {"first": "first-page ", "even": "even-page ", "default": ""}
"""Kinds of headers and footers (ECMA-376-1 17.18.36)."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """One XML part; ``filled`` says whether its tags are."""

    name: str
    label: str
    root: etree._Element
    filled: bool


def parts_of(docx: bytes) -> tuple[TextPart, ...]:
    """Return the XML parts of a Word file that hold text, the body first.

    Raises :class:`TemplateFault` where it is no whole Word file.
    """
    contents = {name: content for name, content in unpacked(docx).items() if name.endswith((".xml", ".rels"))}
    if BODY not in contents:
        raise TemplateFault("this is no Word file", got=f"a zip without {BODY}", expected="a DOCX")
    roots = {name: strictly_parsed(content, name) for name, content in contents.items()}
    labels = NAMES | dict(_margins(roots))
    types = content_types(contents) if CONTENT_TYPES in contents else {}
    found = [
        TextPart(name, labels.get(name, name), root, filled=types.get(name) in FILLED)
        for name, root in roots.items()
        if types.get(name) in FILLED or _shows_text(name)
    ]
    return tuple(sorted(found, key=lambda part: (part.name != BODY, not part.filled)))


def _shows_text(name: str) -> bool:
    """Whether a part that is not filled is shown all the same: charts, diagrams, further properties."""
    if name.endswith(".rels") or name.startswith("word/comments"):
        return False
    return name.startswith(("word/", "docProps/"))


def _margins(roots: dict[str, etree._Element]) -> Iterator[tuple[str, str]]:
    """Yield name and label of each header and footer: ``header``, ``first-page footer of section 2``."""
    relations = roots.get("word/_rels/document.xml.rels")
    if relations is None:
        return
    targets = {
        entry.get("Id"): posixpath.join("/word", str(entry.get("Target"))).lstrip("/")
        for entry in relations.iter(etree.Element)
    }
    named: set[str] = set()
    for section, properties in enumerate(roots[BODY].iter(f"{W}sectPr"), start=1):
        for kind in ("header", "footer"):
            for reference in properties.findall(f"{W}{kind}Reference"):
                name = targets.get(reference.get(f"{RELATION}id"))
                if name is not None and name not in named:
                    named.add(name)
                    label = f"{KINDS.get(str(reference.get(f'{W}type')), '')}{kind}"
                    yield name, label if section == 1 else f"{label} of section {section}"
