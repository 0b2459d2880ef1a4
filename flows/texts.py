"""The Word files of drafts: rendered from data, or as a reviewer edited them by hand."""

from __future__ import annotations

from dataclasses import dataclass

from archive.layout import working_key
from flows.pins import overtaken
from flows.proposal import template_for
from flows.stage import load
from flows.wiring import Installation
from schemas.documents import Document
from schemas.errors import Refused
from schemas.events import Drafted, Edited, Requested, Revised
from schemas.evidence import AgreementId
from schemas.state import AgreementState
from templates.carried import carry_marks
from templates.catalog import Template
from templates.render import Rendered, render_draft
from templates.selection import UsedClause


@dataclass(frozen=True)
class DraftText:
    """The Word file of a draft and the template it was made from."""

    docx: bytes
    template: Template
    clauses: tuple[UsedClause, ...]
    fallbacks: tuple[str, ...]
    """The parts that docxtpl's own steps had to complete."""


def text_of_draft(house: Installation, state: AgreementState, document: Document) -> DraftText:
    """Return the text of the current draft of ``state``: rendered, or the edited one with the marks of its draft."""
    template = template_for(house, document, state.template_version, fingerprint=state.template)
    rendered = rendered_as(house, state, document, template, draft=state.draft)
    docx = rendered.docx
    if state.edited is not None:
        edited = load(house, AgreementId(state.agreement), state.edited, "docx")
        docx = marked_as(house, state, document, template, edited, draft=state.draft)
    return DraftText(docx, template, rendered.clauses, rendered.fallbacks)


def marked_as(
    house: Installation, state: AgreementState, document: Document, template: Template, edited: bytes, *, draft: int
) -> bytes:
    """Return ``edited`` (the text of the draft before ``draft``, edited by hand) with the marks of ``draft``.

    Raises :class:`InputError` where its header or footer is not that of the draft before.
    """
    before, after = (rendered_as(house, state, document, template, draft=number) for number in (draft - 1, draft))
    return carry_marks(edited, before=before.docx, after=after.docx)


def rendered_as(
    house: Installation, state: AgreementState, document: Document, template: Template, *, draft: int
) -> Rendered:
    """Return ``document`` rendered as draft ``draft``, dated when that was asked for and marked where it was edited.

    A draft nobody asked for yet is the one that an edit by hand is about to make.
    """
    entries = [recorded.entry for recorded in house.ledger.entries(AgreementId(state.agreement))]
    asked = [e for e in entries if isinstance(e.event, Requested | Revised | Edited) and e.event.draft == draft]
    return render_draft(
        template,
        document,
        agreement_id=state.agreement,
        draft=draft,
        data_digest=state.data,
        drafted_at=asked[0].occurred_at if asked else entries[-1].occurred_at,
        edited=not asked or isinstance(asked[0].event, Edited),
        stale=overtaken(house, document),
    )


def drafted(house: Installation, agreement: AgreementId, draft: int) -> Drafted:
    """Return the entry that made draft ``draft``; raise :class:`Refused` where it is not rendered."""
    made = [recorded.entry.event for recorded in house.ledger.entries(agreement)]
    for event in made:
        if isinstance(event, Drafted) and event.draft == draft:
            return event
    known = [str(event.draft) for event in made if isinstance(event, Drafted)]
    raise Refused(
        f"there is no draft {draft}, or it is not rendered yet",
        where=agreement,
        expected="draft " + ", ".join(known) if known else "a rendered draft",
    )


def kept_text(house: Installation, agreement: AgreementId, draft: int) -> bytes:
    """Return the Word file of draft ``draft`` as it was stored."""
    return house.store.get(working_key(agreement, drafted(house, agreement, draft).content.docx, "docx"))
