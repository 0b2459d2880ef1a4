"""What a Word file says, read strictly.

LibreOffice shows what it can of a damaged file; here half a document is worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from schemas.errors import TemplateFault
from templates.package import BODY, strictly_parsed, unpacked

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PROPERTIES = "docProps/core.xml"
MODIFIED = "{http://purl.org/dc/terms/}modified"


@dataclass(frozen=True, slots=True)
class WordFile:
    """Date of modification (aware UTC), and the shown text of each paragraph of the body in its order."""

    modified: datetime | None
    paragraphs: tuple[str, ...]


def read_word_file(docx: bytes) -> WordFile:
    """Return what ``docx`` says; raise :class:`TemplateFault` unless it is a whole zip of well-formed XML parts."""
    roots = read_parts(docx)
    properties = roots.get(PROPERTIES)
    modified = None if properties is None else _instant(properties.findtext(MODIFIED))
    paragraphs = (text for paragraph in roots[BODY].iter(f"{W}p") if (text := _shown(paragraph)))
    return WordFile(modified, tuple(paragraphs))


def read_parts(docx: bytes) -> dict[str, etree._Element]:
    """Return the XML parts of a Word file by name, its body among them; raises as :func:`read_word_file`."""
    try:
        parts = unpacked(docx)
        roots = {name: strictly_parsed(parts[name], name) for name in parts if name.endswith((".xml", ".rels"))}
    except TemplateFault as fault:
        raise _damaged(fault.got, where=fault.where, expected=fault.expected) from fault
    if BODY not in roots:
        raise _damaged(f"a zip without {BODY}")
    if (tag := roots[BODY].tag) != f"{W}document":
        raise _damaged(f"a root element {tag}", where=BODY)
    return roots


def _shown(paragraph: etree._Element) -> str:
    """Return the text of a paragraph's own runs, hidden ones left out."""
    runs = (run for run in paragraph.iter(f"{W}r") if next(run.iterancestors(f"{W}p")) is paragraph)
    shown = (run for run in runs if run.find(f"{W}rPr/{W}vanish") is None)
    return "".join(element.text or "" for run in shown for element in run.findall(f"{W}t")).strip()


def _instant(text: str | None) -> datetime | None:
    """Return a W3CDTF instant (OPC core properties, ECMA-376-2 11.1) as aware UTC, or ``None``."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _damaged(got: str | None, *, where: str | None = None, expected: str | None = None) -> TemplateFault:
    return TemplateFault(
        "the document is damaged",
        where=where,
        got=got,
        expected=expected or "a whole Word document (DOCX)",
        remedy="render it again; if it was edited by hand, open and save it in a word processor",
    )
