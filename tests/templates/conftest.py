from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas.evidence import digest_of
from schemas.fact import Confirmation, confirm, open_facts
from schemas.loader import load_document
from schemas.types.mou import Memorandum
from templates.catalog import Template
from templates.clauses import LibraryClause
from templates.convert import OfficePool

EXAMPLE = Path(__file__).parents[2] / "examples" / "gssc" / "mou-czech-cape-verdean-chamber.yaml"
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
)
OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def paragraph(text: str) -> str:
    return f'<w:p><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def word_file(body: str, *, header: str = "", footnote: str = "", title: str = "") -> bytes:
    """Return a DOCX of two sections that share a header, with one footnote."""
    reference = '<w:sectPr><w:headerReference w:type="default" r:id="rId1"/></w:sectPr>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{OFFICE}.document.main+xml"/>'
        f'<Override PartName="/word/header1.xml" ContentType="{OFFICE}.header+xml"/>'
        f'<Override PartName="/word/footnotes.xml" ContentType="{OFFICE}.footnotes+xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{RELATION}/officeDocument" Target="word/document.xml"/>'
        '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/'
        'core-properties" Target="docProps/core.xml"/></Relationships>',
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}"
        f"<w:p><w:pPr>{reference}</w:pPr></w:p>{reference}</w:body></w:document>",
        "word/_rels/document.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
        f'relationships"><Relationship Id="rId1" Type="{RELATION}/header" Target="header1.xml"/>'
        f'<Relationship Id="rId2" Type="{RELATION}/footnotes" Target="footnotes.xml"/></Relationships>',
        "word/header1.xml": f"<w:hdr {NAMESPACES}>{paragraph(header)}</w:hdr>",
        "word/footnotes.xml": f'<w:footnotes {NAMESPACES}><w:footnote w:id="2">{paragraph(footnote)}</w:footnote>'
        "</w:footnotes>",
        "docProps/core.xml": '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
        'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
        f"<dc:title>{title}</dc:title><dcterms:modified>2021-04-27T00:00:00Z</dcterms:modified></cp:coreProperties>",
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def make_template(
    body: str = "", *, edition: str = "en", clauses: Mapping[str, LibraryClause] | None = None, **parts: str
) -> Template:
    docx = word_file(body, **parts)
    return Template("sample", "sample", 1, edition, digest_of(docx), "Sample", docx, clauses or {})


def make_clause(identifier: str, *paragraphs: dict[str, Any], **fields: Any) -> LibraryClause:
    """Return a clause of the library; a paragraph is what stands in a file."""
    content = {
        "id": identifier,
        "version": 1,
        "subject": "general",
        "position": "standard",
        "note": "Nothing to look at.",
        "heading": {"en": identifier.capitalize(), "es": f"{identifier.capitalize()} (es)"},
        "paragraph": paragraphs,
        "sha256": digest_of(repr((identifier, paragraphs, fields)).encode()),
    }
    return LibraryClause.model_validate(content | fields)


@pytest.fixture
def template() -> Callable[..., Template]:
    """A template of paragraphs: each argument is the text of one."""
    return lambda *texts, **parts: make_template("".join(paragraph(text) for text in texts), **parts)


@pytest.fixture
def clause() -> Callable[..., LibraryClause]:
    """A clause of the library: its id, its paragraphs as in a file, and further fields."""
    return make_clause


@pytest.fixture
def raw_template() -> Callable[..., Template]:
    """A template whose body is given as XML."""
    return make_template


@pytest.fixture(scope="session")
def pool() -> Iterator[OfficePool]:
    with OfficePool() as warm:
        yield warm


@pytest.fixture(scope="session")
def gssc() -> Memorandum:
    return load_document(EXAMPLE)


@pytest.fixture(scope="session")
def confirmed(gssc: Memorandum) -> Memorandum:
    at = "2026-11-22T00:00:00Z"
    basis = Confirmation.model_validate({"at": at, "basis": "Minutes of the board"})
    return confirm(gssc, [path for path, _ in open_facts(gssc)], basis)
