"""One document: its pages, what changed, its data, its signatures, its timeline, its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows.act import data_of
from flows.page_images import PdfEvent, page_texts
from flows.queries import content_of
from flows.redlines import Redline, against_template, between_drafts
from portal import review_words
from portal.data_view import parts_of
from portal.document_view import above, id_of
from portal.downloads import attachment
from portal.form_of import label_of
from portal.reading import agreement_of, readable_pdf, readable_pdfs, signatories_of
from portal.signatures_view import signer_lines
from portal.timeline_words import lines_of
from portal.visit import READERS, Reader, SignedIn, Visit
from schemas import events as ev
from schemas.errors import ConvenioError, Refused
from schemas.state import AgreementState, Stage
from templates.redlines.clause_redline import Kind

router = APIRouter()

PAGES_AT_ONCE = 10
"""So many pages stand below each other, so that a long document is no long answer."""

FILES = {
    "pdf": ("pdf", "application/pdf"),
    "docx": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "data": ("json", "application/json"),
}
"""What can be fetched of a document: the ending of its name, and its media type."""


@dataclass(frozen=True)
class Pdf:
    """One PDF of a document whose pages can be looked at: its digest, and what it is in words."""

    digest: str
    label: str


@router.get("/documents/{agreement}")
def pages(visit: SignedIn, agreement: str, show: str = "", first: int = 1) -> Response:
    """Show the pages of the newest PDF, or of the draft or PDF ``show``, from page ``first`` on."""
    state = agreement_of(visit, agreement)
    pdfs = _pdfs(visit, state)
    values: dict[str, object] = {"pdfs": pdfs, "pages": (), "shown": None, "first": 1, "count": 0, "fault": None}
    if pdfs and state.stage is not Stage.DISPOSED:
        try:
            shown = readable_pdf(visit, state, show or pdfs[-1].digest)
            texts = page_texts(visit.house, id_of(state), shown)
        except Refused as error:
            raise HTTPException(404) from error
        except ConvenioError as fault:
            values["fault"] = fault
        else:
            first = min(max(first, 1), max(len(texts), 1))
            values |= {
                "shown": shown,
                "pages": texts[first - 1 : first - 1 + PAGES_AT_ONCE],
                "first": first,
                "count": len(texts),
                "at_once": PAGES_AT_ONCE,
            }
    return visit.show("document_pages.html", **values, **above(visit, state, "pages"))


@router.get("/documents/{agreement}/changes")
def changes(visit: Reader, agreement: str, against: str = "") -> Response:
    """Show what differs from the draft before, or from the template: data field by field, text word by word."""
    state = agreement_of(visit, agreement)
    rendered = state.content is not None and state.stage is not Stage.DISPOSED
    earlier = tuple(range(1, state.draft)) if rendered else ()
    if against != "template" and against not in map(str, earlier):
        against = str(earlier[-1]) if earlier else "template"
    found: Redline | None = None
    if rendered:
        its_id = id_of(state)
        found = (
            against_template(visit.house, its_id)
            if against == "template"
            else between_drafts(visit.house, its_id, against=int(against))
        )
    compared = found.compared if found else ()
    return visit.show(
        "document_changes.html",
        redline=found,
        changed=[one for one in compared if one.kind is not Kind.UNCHANGED],
        unchanged=sum(one.kind is Kind.UNCHANGED for one in compared),
        against=against,
        earlier=earlier,
        field=lambda change: review_words.field(visit.language, change),
        **above(visit, state, "changes"),
    )


@router.get("/documents/{agreement}/data")
def data(visit: Reader, agreement: str) -> Response:
    """Show the data of the current draft, field by field, with what is still open and whose that is."""
    state = agreement_of(visit, agreement)
    parts = () if state.stage is Stage.DISPOSED else parts_of(data_of(visit.house, state.data), visit.language)
    return visit.show(
        "document_data.html", data_parts=parts, label=lambda path: _label(visit, path), **above(visit, state, "data")
    )


@router.get("/documents/{agreement}/signatures")
def signatures(visit: SignedIn, agreement: str) -> Response:
    """Show who signs, in which turn, how, with what legal effect, and when."""
    state = agreement_of(visit, agreement)
    lines = () if state.stage is Stage.DISPOSED else signer_lines(visit, state)
    return visit.show("document_signatures.html", lines=lines, **above(visit, state, "signatures"))


@router.get("/documents/{agreement}/timeline")
def timeline(visit: Reader, agreement: str) -> Response:
    """Show everything that happened: who, in which role, when, on which digest."""
    state = agreement_of(visit, agreement)
    lines = lines_of(visit.house, visit.language, id_of(state))
    return visit.show("document_timeline.html", lines=lines, **above(visit, state, "timeline"))


@router.get("/documents/{agreement}/evidence")
def evidence(visit: Reader, agreement: str) -> Response:
    """Show the digests, where the file of record lies, until when it is kept, and where the ledger has the entries."""
    state = agreement_of(visit, agreement)
    return visit.show(
        "document_evidence.html",
        lines=lines_of(visit.house, visit.language, id_of(state)),
        pdfs=_pdfs(visit, state),
        waiters=state.waiters,
        **above(visit, state, "evidence"),
    )


@router.get("/documents/{agreement}/files/{what}")
def file(visit: SignedIn, agreement: str, what: str) -> Response:
    """Give the newest PDF, or the Word file or the data of the current draft."""
    state = agreement_of(visit, agreement)
    if what not in FILES or state.stage is Stage.DISPOSED or (what != "pdf" and not visit.may(*READERS)):
        raise HTTPException(404)
    ending, kind = FILES[what]
    try:
        content = content_of(visit.house, id_of(state), what)
    except Refused as error:
        raise HTTPException(404) from error
    name = f"{state.agreement}-draft-{state.draft}.{ending}"
    if what == "pdf" and state.pdf is not None:
        name = f"{state.agreement}.pdf"
    return attachment(content, name, kind)


def _pdfs(visit: Visit, state: AgreementState) -> tuple[Pdf, ...]:
    """Return every PDF of the document, the oldest first: its drafts, the one to be signed, the signed ones."""
    say, names = visit.language.say, signatories_of(visit, state)

    def label(event: PdfEvent) -> str:
        match event:
            case ev.Drafted():
                return say("Draft %(number)s", number=event.draft)
            case ev.Prepared():
                return say("Draft %(number)s, ready to be signed", number=event.draft)
            case ev.Signed():
                return say("Signed by %(signatory)s", signatory=names.get(event.signatory, event.signatory))
            case ev.Concluded():
                return say("Signed by everybody and sealed")
        return say("With a further timestamp")

    return tuple(Pdf(digest, label(event)) for digest, event in readable_pdfs(visit, state).items())


def _label(visit: Visit, path: str) -> str:
    """Return a field's path in words: ``Term · End``."""
    names = [
        part.rpartition(" ") if part[-1:].isdigit() and " " in part else ("", "", part) for part in path.split(".")
    ]
    return " · ".join(
        visit.language.say(label_of(head or tail)) + (f" {tail}" if head else "") for head, _, tail in names
    )
