"""What a request or revision proposes, worked out from the document and its template before anything is recorded."""

from __future__ import annotations

from typing import TypedDict

from flows.pins import pins_held
from flows.wiring import Installation
from schemas import events as ev
from schemas.clause import offices_for
from schemas.documents import Document
from schemas.evidence import Digest, SignatoryId, digest_of
from schemas.fact import open_facts
from templates.catalog import Template, load_template
from templates.selection import used_clauses


class Proposed(TypedDict):
    """The fields that requests and revisions have in common."""

    draft: int
    title: str
    data: Digest
    signatories: tuple[SignatoryId, ...]
    offices: tuple[ev.Office, ...]
    open_facts: tuple[str, ...]
    changes: tuple[str, ...]


def template_for(house: Installation, document: Document, version: int | None = None) -> Template:
    """Return the edition of the template that ``document`` needs, in ``version`` or the newest."""
    return load_template(document.document_type, document.edition, version, folders=house.template_folders)


def proposed(house: Installation, document: Document, content: bytes, draft: int, template: Template) -> Proposed:
    """Return what draft ``draft`` proposes: ``content`` is the document's data as stored.

    Whose approval it needs follows from what the document and its clauses are about. Raises :class:`InputError` for a
    choice of clauses the library does not know, and for pinned documents that are not in force.
    """
    clauses = used_clauses(template, document)
    pins_held(house, document)
    subjects = document.subjects | {clause.subject for clause in clauses}
    return {
        "draft": draft,
        "title": str(document.title),
        "data": digest_of(content),
        "signatories": tuple(SignatoryId(signatory.id) for signatory in document.signatories),
        "offices": offices_for(subjects, [clause.position for clause in clauses]),
        "open_facts": tuple(path for path, _ in open_facts(document)),
        "changes": tuple(pin.agreement.value for _, pin in document.changes if pin.agreement.value is not None),
    }
