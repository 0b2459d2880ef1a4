"""Comments on a clause of a draft: made, changed, deleted, settled."""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows import commands
from flows.comments import comment_of, may_change
from portal.forms import Form, Posted
from portal.reading import agreement_of
from portal.routes.review import Against, FaultyComment, shown
from portal.visit import Reviewer, Visit
from schemas.errors import InputError, NotAuthorised, Refused
from schemas.evidence import AgreementId
from schemas.state import AgreementState

router = APIRouter()


@router.post("/review/{agreement}/comments")
def add(visit: Reviewer, agreement: str, form: Posted) -> Response:
    """Keep a comment on a clause; an empty one is shown again beside its clause."""
    state = agreement_of(visit, agreement)
    anchor = form.text("anchor")
    try:
        commands.comment(
            visit.house,
            AgreementId(state.agreement),
            draft=form.number("draft"),
            anchor=anchor,
            heading=form.text("heading"),
            text=form.text("text"),
            key=form.text("key"),
            by=visit.who.email,
        )
    except (InputError, Refused) as error:
        if isinstance(error, NotAuthorised):
            raise
        current = agreement_of(visit, agreement)
        return shown(visit, current, against=_against(form), faulty=FaultyComment(anchor, form.text("text"), error))
    return _back(visit, state, form, anchor, visit.language.say("Your comment is kept."))


@router.get("/review/{agreement}/comments/{number}")
def change_form(visit: Reviewer, agreement: str, number: str) -> Response:
    """Show one's own comment, to be changed or deleted."""
    state = agreement_of(visit, agreement)
    found = comment_of(visit.house, AgreementId(state.agreement), number)
    if not may_change(state, found, visit.who):
        raise NotAuthorised(
            "this comment cannot be changed by you now",
            where=agreement,
            expected="a comment of your own on a draft that is in review",
            remedy="make another comment",
        )
    return visit.show("review_comment.html", state=state, comment=found, text=found.text, error=None)


@router.post("/review/{agreement}/comments/{number}")
def change(visit: Reviewer, agreement: str, number: str, form: Posted) -> Response:
    """Put another text in the place of one's own comment."""
    state = agreement_of(visit, agreement)
    found = comment_of(visit.house, AgreementId(state.agreement), number)
    try:
        commands.change_comment(
            visit.house, AgreementId(state.agreement), number, text=form.text("text"), by=visit.who.email
        )
    except InputError as error:
        return visit.show(
            "review_comment.html", status=422, state=state, comment=found, text=form.text("text"), error=error
        )
    return _back(visit, state, form, found.anchor, visit.language.say("Your comment is changed."))


@router.post("/review/{agreement}/comments/{number}/delete")
def delete(visit: Reviewer, agreement: str, number: str, form: Posted) -> Response:
    """Delete one's own comment."""
    state = agreement_of(visit, agreement)
    found = comment_of(visit.house, AgreementId(state.agreement), number)
    commands.delete_comment(visit.house, AgreementId(state.agreement), number, by=visit.who.email)
    return _back(visit, state, form, found.anchor, visit.language.say("Your comment is deleted."))


@router.post("/review/{agreement}/comments/{number}/settle")
def settle(visit: Reviewer, agreement: str, number: str, form: Posted) -> Response:
    """Say that a comment is answered, or open it again."""
    state = agreement_of(visit, agreement)
    settled = form.text("settled") == "yes"
    found = commands.settle(visit.house, AgreementId(state.agreement), number, settled=settled, by=visit.who.email)
    say = visit.language.say
    told = say("The comment is settled.") if settled else say("The comment is open again.")
    return _back(visit, state, form, found.anchor, told)


def _against(form: Form) -> Against | None:
    match form.text("against"):
        case "draft":
            return "draft"
        case "template":
            return "template"
    return None


def _back(visit: Visit, state: AgreementState, form: Form, anchor: str, notice: str) -> Response:
    against = _against(form)
    query = f"?against={against}" if against else ""
    return visit.go(f"/review/{state.agreement}{query}#clause-{anchor}", notice=notice)
