"""What a Word file says, read strictly.

LibreOffice shows what it can of a damaged file; here half a document is worse than none.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from schemas.errors import TemplateFault
from templates.outside.strict_zip import UNREADABLE

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BODY = "word/document.xml"
PROPERTIES = "docProps/core.xml"
MODIFIED = "{http://purl.org/dc/terms/}modified"
MAX_BYTES = 50 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024


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
    if len(docx) > MAX_BYTES:
        raise _damaged(f"{len(docx)} bytes", expected=f"at most {MAX_BYTES} bytes")
    roots: dict[str, etree._Element] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            if (size := sum(entry.file_size for entry in package.infolist())) > MAX_UNPACKED_BYTES:
                raise _damaged(f"{size} bytes unpacked", expected=f"at most {MAX_UNPACKED_BYTES} bytes")
            for name in package.namelist():
                content = package.read(name)
                if name.endswith((".xml", ".rels")):
                    roots[name] = _parsed(content, name)
    except UNREADABLE as error:
        raise _damaged(str(error) or type(error).__name__) from error
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


def _parsed(content: bytes, name: str) -> etree._Element:
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise _damaged(str(error), where=name) from error


def _instant(text: str | None) -> datetime | None:
    """Return a W3CDTF instant (OPC core properties, ECMA-376-2 11.1) as aware UTC, or ``None``."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _damaged(got: str, *, where: str | None = None, expected: str = "a whole Word document (DOCX)") -> TemplateFault:
    return TemplateFault(
        "the document is damaged",
        where=where,
        got=got,
        expected=expected,
        remedy="render it again; if it was edited by hand, open and save it in a word processor",
    )
