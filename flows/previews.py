"""Templates before anybody uses them: checked, and filled with sample data, as the PDF that would be reviewed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from schemas.documents import Document, data_bytes, model_of
from schemas.errors import InputError
from schemas.evidence import digest_of
from schemas.loader import load_document
from templates.adopt import clauses_for, examined
from templates.catalog import Template
from templates.convert import OfficePool
from templates.render import render

EXAMPLES = Path(__file__).parent.parent / "examples"


def sample_of(document_type: str, edition: str, file: Path | None = None) -> Document:
    """Return the data in ``file``, or of the first example there is of this type and edition.

    Raises :class:`InputError` where there is none, or it is of another type.
    """
    candidates = [file] if file is not None else sorted(EXAMPLES.glob("*/*.yaml"))
    documents = (load_document(path) for path in candidates if file is not None or _says(path, document_type))
    for document in documents:
        if (document.document_type, document.edition) == (document_type, edition):
            return document
    raise InputError(
        f"there is no sample of {document_type} in edition {edition}",
        got=str(file) if file else f"no such example in {EXAMPLES}",
        expected="data of this type in this language",
        remedy="name a file with --data",
    )


def template_in(docx: bytes, *, document_type: str, edition: str, folders: tuple[Path, ...]) -> Template:
    """Return a Word file as the template it would be once it is adopted.

    Raises :class:`InputError` with every fault of a file that would not be: it is not converted, either.
    """
    model, clauses = model_of(document_type), clauses_for(document_type, folders)
    examined(docx, model, clauses=clauses, edition=edition)
    return Template(
        document_type=document_type,
        id=document_type,
        version=1,
        edition=edition,
        digest=digest_of(docx),
        title=model.kind,
        docx=docx,
        clauses=clauses,
    )


def preview(template: Template, document: Document, *, now: datetime) -> bytes:
    """Return the PDF of ``document`` filled into ``template``, as draft 1 of no agreement."""
    with OfficePool(size=1) as office:
        return office.convert(filled(template, document, now=now))


def filled(template: Template, document: Document, *, now: datetime) -> bytes:
    """Return ``document`` filled into ``template`` as a Word file, as draft 1 of no agreement."""
    return render(
        template,
        document,
        agreement_id=f"{document.id_prefix}-preview",
        draft=1,
        data_digest=digest_of(data_bytes(document)),
        drafted_at=now,
    )


def _says(path: Path, document_type: str) -> bool:
    return f"\ntype: {document_type}\n" in f"\n{path.read_text(encoding='utf-8')}"
