"""Word files as they come from outside: good ones, and what was done to them."""

from __future__ import annotations

import io
import zipfile

import pytest

from schemas.documents import data_bytes
from schemas.errors import InputError
from schemas.evidence import digest_of
from schemas.loader import load_document
from templates.catalog import load_template
from templates.outside.untrusted import admit_word_file
from templates.render import render
from tests.templates.conftest import paragraph, word_file

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MICROSOFT = "http://schemas.microsoft.com/office/2006/relationships"
RELATIONS = "word/_rels/document.xml.rels"
BODY = "word/document.xml"
TYPES = "[Content_Types].xml"
PLAIN = word_file(paragraph("The Parties meet once a year."))


def draft(path):
    document = load_document(path)
    template = load_template(document.document_type, document.edition)
    identifier = f"{document.id_prefix}-2026-0001"
    return render(template, document, agreement_id=identifier, draft=2, data_digest=digest_of(data_bytes(document)))


def with_parts(changes, docx=PLAIN, method=zipfile.ZIP_DEFLATED):
    """Return a Word file with parts added, put in place of others, or taken out (``None``)."""
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        parts = {name: package.read(name) for name in package.namelist()} | changes
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as package:
        for name, content in parts.items():
            if content is not None:
                package.writestr(zipfile.ZipInfo(name), content, method)  # dated 1980: names of tests hold the bytes
    return target.getvalue()


def part_of(docx, name):
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return package.read(name)


def replaced(name, old, new, docx=PLAIN):
    content = part_of(docx, name)
    assert old in content
    return with_parts({name: content.replace(old, new)}, docx)


def typed(name, kind, content, docx=PLAIN):
    """Return a Word file with another part and its content type."""
    override = f'<Override PartName="/{name}" ContentType="{kind}"/></Types>'.encode()
    return with_parts({name: content}, replaced(TYPES, b"</Types>", override, docx))


def related(kind, target, mode=""):
    relation = f'<Relationship Id="rId9" Type="{kind}" Target="{target}" {mode}/></Relationships>'.encode()
    return replaced(RELATIONS, b"</Relationships>", relation)


def field(*codes, result="1"):
    """Return a paragraph with a field whose code lies in several runs."""
    runs = "".join(f'<w:r><w:instrText xml:space="preserve">{code}</w:instrText></w:r>' for code in codes)
    marks = {kind: f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")}
    shown = f"<w:r><w:t>{result}</w:t></w:r>"
    return f"<w:p>{marks['begin']}{runs}{marks['separate']}{shown}{marks['end']}</w:p>"


def refusal(docx, *, resolved=False):
    with pytest.raises(InputError) as refused:
        admit_word_file(docx, name="the file", resolved=resolved)
    return [(fault.path, fault.message) for fault in refused.value.faults]
