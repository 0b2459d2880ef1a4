"""What a request or revision proposes, worked out from the document and its template before anything is recorded."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

from archive.register import AGREEMENT_ID
from flows.pins import pins_held
from flows.template_acts import newest_in_force
from flows.wiring import Installation
from schemas.clause import offices_for
from schemas.documents import Document
from schemas.errors import Fault, InputError, TemplateFault
from schemas.evidence import Digest, SignatoryId, digest_of
from schemas.fact import open_facts
from schemas.people import Office
from schemas.signing_round import Signing
from templates.catalog import Template, load_template
from templates.render import render_draft


class Proposed(TypedDict):
    """The fields that requests and revisions have in common."""

    draft: int
    title: str
    data: Digest
    signatories: tuple[SignatoryId, ...]
    rounds: tuple[tuple[SignatoryId, ...], ...]
    sign_by: date | None
    offices: tuple[Office, ...]
    template: Digest
    open_facts: tuple[str, ...]
    changes: tuple[str, ...]


def template_for(
    house: Installation, document: Document, version: int | None = None, *, fingerprint: Digest | None = None
) -> Template:
    """Return the edition of the template that ``document`` needs, in ``version`` or the newest in force.

    Raises :class:`TemplateFault` where there is none, or it is not the one with this ``fingerprint`` any more, and
    :class:`Refused` where the newest is asked for and every one is retired.
    """
    if version is None:
        template = newest_in_force(house, document.document_type, document.edition)
    else:
        template = load_template(document.document_type, document.edition, version, folders=house.template_folders)
    if fingerprint is not None and template.fingerprint != fingerprint:
        raise TemplateFault(
            "the template is not the one that the draft was asked for with",
            where=template.place,
            got=template.fingerprint,
            expected=fingerprint,
            remedy="restore that version of the template and its clauses; a changed one is another version",
        )
    return template


def proposed(house: Installation, document: Document, content: bytes, draft: int, template: Template) -> Proposed:
    """Return what draft ``draft`` proposes: ``content`` is the document's data as stored.

    Whose approval it needs follows from what the document and its clauses are about. Raises :class:`InputError` for a
    choice of clauses the library does not know, and for pinned documents that are not in force.
    """
    pins_held(house, document)
    # the number comes with the record; which clauses stand in the text does not depend on it
    digest = digest_of(content)
    text = render_draft(template, document, agreement_id=document.id_prefix, draft=draft, data_digest=digest)
    clauses = text.clauses
    _require_all_written(document, {clause.instead_of for clause in clauses})
    signing = document.signing or Signing()
    listed = [SignatoryId(signatory.id) for signatory in document.signatories]
    rounds = tuple(tuple(SignatoryId(one) for one in group) for group in signing.rounds_of(listed))
    subjects = document.subjects | {clause.subject for clause in clauses}
    return {
        "draft": draft,
        "title": str(document.title),
        "data": digest,
        "signatories": tuple(one for group in rounds for one in group),
        # one after another is what no rounds mean
        "rounds": rounds if any(len(group) > 1 for group in rounds) else (),
        "sign_by": signing.sign_by,
        "template": template.fingerprint,
        "offices": offices_for(subjects, [clause.position for clause in clauses]),
        "open_facts": tuple(path for path, _ in open_facts(document)),
        "changes": tuple(
            pin.agreement.value
            for _, pin in document.changes
            if pin.agreement.value is not None and AGREEMENT_ID.fullmatch(pin.agreement.value)
        ),
    }


def _require_all_written(document: Document, replaced: set[str | None]) -> None:
    """Raise :class:`InputError` where something was to stand in place of a clause that this document does not have."""
    chosen = [(f"choices[{index}].clause", choice.clause) for index, choice in enumerate(document.choices)]
    written = [(f"clauses[{index}].replaces", clause.replaces) for index, clause in enumerate(document.clauses)]
    faults = [
        Fault(path, "does not stand in this document", read=clause, expected="a clause of this document")
        for path, clause in (*chosen, *written)
        if clause is not None and clause not in replaced
    ]
    if faults:
        raise InputError("a text would be lost", faults)
