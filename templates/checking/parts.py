"""The parts of a Word file as a person calls them: body, header, footnotes, document properties."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from schemas.errors import TemplateFault
from templates.lint import W

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
BODY = "word/document.xml"
WORDPROCESSING = "application/vnd.openxmlformats-officedocument.wordprocessingml."
FILLED = frozenset(
    {
        *(f"{WORDPROCESSING}{kind}+xml" for kind in ("header", "footer", "footnotes", "endnotes")),
        *(f"{WORDPROCESSING}{kind}.main+xml" for kind in ("document", "template")),
        "application/vnd.openxmlformats-package.core-properties+xml",
    }
)
"""Content types of the parts whose tags are filled (ECMA-376-1 11.3, ECMA-376-2 11)."""
CONTENT_TYPES = "[Content_Types].xml"
NAMES = {
    BODY: "body",
    "word/footnotes.xml": "footnotes",
    "word/endnotes.xml": "endnotes",
    "docProps/core.xml": "document properties",
}
KINDS = {"first": "first-page ", "even": "even-page ", "default": ""}
"""Kinds of headers and footers (ECMA-376-1 17.18.36)."""
MAX_UNPACKED_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One XML part; ``filled`` says whether its tags are."""

    name: str
    label: str
    root: etree._Element
    filled: bool


def parts_of(docx: bytes) -> tuple[Part, ...]:
    """Return the XML parts of a Word file that hold text, the body first.

    Raises :class:`TemplateFault` where it is no whole Word file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            if sum(entry.file_size for entry in package.infolist()) > MAX_UNPACKED_BYTES:
                raise TemplateFault("the Word file is too large", expected=f"at most {MAX_UNPACKED_BYTES} bytes")
            contents = {name: package.read(name) for name in package.namelist() if name.endswith((".xml", ".rels"))}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise TemplateFault("this is no Word file", got=str(error), expected="a DOCX") from error
    if BODY not in contents:
        raise TemplateFault("this is no Word file", got=f"a zip without {BODY}", expected="a DOCX")
    roots = {name: parsed(name, content) for name, content in contents.items()}
    labels = NAMES | dict(_margins(roots))
    types = dict(_types(roots))
    found = [
        Part(name, labels.get(name, name), root, filled=types.get(name) in FILLED)
        for name, root in roots.items()
        if types.get(name) in FILLED or _shows_text(name)
    ]
    return tuple(sorted(found, key=lambda part: (part.name != BODY, not part.filled)))


def _types(roots: dict[str, etree._Element]) -> Iterator[tuple[str, str]]:
    """Yield name and content type of each part that has one of its own (ECMA-376-2 10.1.2.2)."""
    if CONTENT_TYPES in roots:
        for entry in roots[CONTENT_TYPES].iter("{*}Override"):
            yield str(entry.get("PartName")).lstrip("/"), str(entry.get("ContentType"))


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


def parsed(name: str, content: bytes) -> etree._Element:
    """Return the root of a part; raise :class:`TemplateFault` unless it is well formed."""
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise TemplateFault("a part is not well-formed XML", where=name, got=str(error)) from error
