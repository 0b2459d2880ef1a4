"""Drafts of the examples as text, read from the Word file without an office program."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from lxml import etree

from schemas.document import Document
from schemas.documents import data_bytes
from schemas.evidence import digest_of
from schemas.fact import Confirmation, confirm, open_facts
from schemas.loader import load_document
from templates.catalog import load_template
from templates.render import render

EXAMPLES = Path(__file__).parents[2] / "examples"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Draft:
    """The paragraphs of a draft in their order, tables included, each with its style."""

    def __init__(self, docx: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            root = etree.fromstring(package.read("word/document.xml"))
        self.paragraphs = [(_style(paragraph), _text(paragraph)) for paragraph in root.iter(f"{W}p")]

    @property
    def text(self) -> str:
        """The whole text, one line for each paragraph."""
        return "\n".join(text for _, text in self.paragraphs)

    @property
    def headings(self) -> list[str]:
        """The headings of the clauses with their numbers: ``1. Purpose``."""
        found = [text for style, text in self.paragraphs if style == "Heading1"]
        return [f"{number}. {heading}" for number, heading in enumerate(found, start=1)]

    def clause(self, heading: str) -> list[str]:
        """Return the paragraphs under a heading, its tables included."""
        start = self.paragraphs.index(("Heading1", heading)) + 1
        ends = (number for number, (style, _) in enumerate(self.paragraphs) if style in {"Heading1", "HeadingPlain"})
        return [text for _, text in self.paragraphs[start : next(end for end in ends if end > start)]]


def example(name: str) -> Any:
    """Return an example such as ``gssc/amendment-mou-term.yaml``."""
    return load_document(EXAMPLES / name)


def draft_of(document: Document, **known: Any) -> Draft:
    """Return draft 3 of an agreement of the document's type; ``known`` is what else ``render`` is told about it."""
    template = load_template(document.document_type, document.edition)
    identifier = f"{document.id_prefix}-2026-0001"
    digest = digest_of(data_bytes(document))
    return Draft(render(template, document, agreement_id=identifier, draft=3, data_digest=digest, **known))


def changed(document: Document, **values: object) -> Any:
    """Return the document with some fields replaced."""
    return type(document).model_validate(document.model_dump() | values)


def confirmed(document: Document) -> Any:
    """Return the document with everything confirmed that has a value."""
    paths = [path for path, fact in open_facts(document) if fact.value is not None]
    basis = {"at": "2026-11-22T00:00:00Z", "basis": "Minutes of the board"}
    return confirm(document, paths, Confirmation.model_validate(basis))


def _style(paragraph: etree._Element) -> str:
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    return "" if style is None else style.get(f"{W}val", "")


def _text(paragraph: etree._Element) -> str:
    return "".join(element.text or "" for element in paragraph.iter(f"{W}t")).strip()
