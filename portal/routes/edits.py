"""A draft edited by hand: its Word file out, the edited one in, what it changes, and then in the draft's place."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows import commands
from flows.accounts import require_few_tries
from flows.comments import as_remark
from flows.edit_uploads import changes_of
from flows.queries import content_of
from portal import review_words as words
from portal.downloads import attachment
from portal.forms import Form, Posted
from portal.reading import agreement_of
from portal.refusals import status_of
from portal.visit import Reviewer, Visit
from schemas.errors import ConvenioError, InputError, Refused
from schemas.evidence import AgreementId
from schemas.people import Office
from schemas.state import AgreementState, Stage
from templates.redlines.clause_redline import Kind, clause_changes
from templates.redlines.outline import clauses_of

router = APIRouter()

WORD_FILE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LARGEST_WORD_FILE_BYTES = 10 * 1024 * 1024
MOST_UPLOADS = 30
"""Each is converted once, which keeps LibreOffice busy."""


@router.get("/review/{agreement}/edit")
def edit_form(visit: Reviewer, agreement: str) -> Response:
    """Offer the current Word file and ask for the edited one."""
    return _editing(visit, agreement_of(visit, agreement))


@router.get("/review/{agreement}/draft.docx")
def word_file(visit: Reviewer, agreement: str) -> Response:
    """Hand out the Word file of the current draft."""
    state = agreement_of(visit, agreement)
    if state.content is None:
        raise HTTPException(404)
    content = content_of(visit.house, AgreementId(state.agreement), "docx", draft=state.draft)
    name = f"{state.agreement}-draft-{state.draft}.docx"
    return attachment(content, name, WORD_FILE)


@router.post("/review/{agreement}/edit")
def upload(visit: Reviewer, agreement: str, form: Posted) -> Response:
    """Take an edited Word file in, if it can be one, and show what it changes."""
    state = agreement_of(visit, agreement)
    try:
        require_few_tries(visit.house, ("edit", visit.who.email), now=visit.house.clock(), limit=MOST_UPLOADS)
        draft = form.number("draft")
        digest = commands.upload_edit(
            visit.house, AgreementId(state.agreement), _sent(form), draft=draft, by=visit.who.email
        )
    except (InputError, Refused) as error:
        return _editing(visit, agreement_of(visit, agreement), error=error)
    return visit.go(f"/review/{state.agreement}/edit/{digest}")


@router.get("/review/{agreement}/edit/{digest}")
def changes(visit: Reviewer, agreement: str, digest: str) -> Response:
    """Show what an uploaded file changes, before anybody is asked to approve it."""
    return _changes(visit, agreement_of(visit, agreement), digest)


@router.post("/review/{agreement}/edit/{digest}")
def accept(visit: Reviewer, agreement: str, digest: str, form: Posted) -> Response:
    """Put the uploaded file in the place of the draft's text."""
    state, comment = agreement_of(visit, agreement), form.text("comment")
    try:
        done = commands.accept_edit(
            visit.house, AgreementId(state.agreement), digest, by=visit.who.email, comment=as_remark(comment)
        )
    except InputError as error:
        return _changes(visit, state, digest, comment=comment, error=error)
    except Refused as error:
        return _editing(visit, agreement_of(visit, agreement), error=error)
    told = visit.language.say(
        "Draft %(draft)s of %(agreement)s is being made of your text.", draft=done.state.draft, agreement=agreement
    )
    return visit.go("/review", notice=told)


@router.post("/review/{agreement}/edit/{digest}/discard")
def discard(visit: Reviewer, agreement: str, digest: str, form: Posted) -> Response:  # noqa: ARG001  # it names the page
    """Delete the uploaded file."""
    state = agreement_of(visit, agreement)
    commands.discard_edit(visit.house, AgreementId(state.agreement), by=visit.who.email)
    return visit.go(f"/review/{state.agreement}/edit", notice=visit.language.say("Your file is deleted."))


def _sent(form: Form) -> bytes:
    sent = form.file("file", most_bytes=LARGEST_WORD_FILE_BYTES)
    if sent is None:
        raise InputError("choose the edited Word file", expected="a Word document (.docx)")
    return sent[1]


def _editing(visit: Visit, state: AgreementState, *, error: ConvenioError | None = None) -> Response:
    possible = state.stage in {Stage.IN_REVIEW, Stage.RETURNED} and state.content is not None
    status = 200 if error is None else status_of(error)
    return visit.show("review_edit.html", status=status, state=state, possible=possible, error=error)


def _changes(
    visit: Visit, state: AgreementState, digest: str, *, comment: str = "", error: ConvenioError | None = None
) -> Response:
    waiting, redline = changes_of(visit.house, AgreementId(state.agreement), digest, by=visit.who.email)
    compared = clause_changes(clauses_of(redline.before), clauses_of(redline.after))
    return visit.show(
        "review_edit_changes.html",
        status=200 if error is None else 422,
        state=state,
        waiting=waiting,
        changed=[one for one in compared if one.kind is not Kind.UNCHANGED],
        kind=lambda which: words.kind(visit.language, which),
        region=lambda which: words.region(visit.language, which),
        offices=words.offices(visit.language, Office),
        comment=comment,
        error=error,
    )
