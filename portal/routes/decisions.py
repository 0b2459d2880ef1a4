"""The three decisions about a draft, each on a page of its own and tied to the digests that the page shows.

A form carries what it showed; where that is no longer the current draft, nothing is decided and no button is offered.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response
from pydantic import ValidationError

from flows import commands
from flows.act import Done
from flows.comments import as_remark, comments_on, gathered
from flows.review import obstacle, offices_of
from portal import review_words as words
from portal.form_faults import called
from portal.forms import Form, Posted
from portal.reading import agreement_of
from portal.routes.review import was_opened
from portal.visit import Reviewer, Visit
from schemas.errors import ConvenioError, InputError, Refused
from schemas.events import Covered
from schemas.evidence import AgreementId
from schemas.people import Office
from schemas.state import AgreementState, Stage

router = APIRouter()


@router.get("/review/{agreement}/approve")
def approve_form(visit: Reviewer, agreement: str) -> Response:
    """Say exactly what an approval covers and what will be true afterwards."""
    return _approving(visit, agreement_of(visit, agreement))


@router.post("/review/{agreement}/approve")
def approve(visit: Reviewer, agreement: str, form: Posted) -> Response:
    """Approve the draft that the form showed, or say why that cannot be."""
    state = agreement_of(visit, agreement)
    try:
        draft, covers, office = form.number("draft"), _covered(form), _office(form)
        done = commands.approve(
            visit.house, AgreementId(state.agreement), draft=draft, by=visit.who.email, office=office, covers=covers
        )
    except (InputError, Refused) as error:
        return _approving(visit, agreement_of(visit, agreement), error=error)
    say, missing = visit.language.say, words.offices(visit.language, done.state.missing_offices)
    told = say("You approved draft %(draft)s of %(agreement)s.", draft=draft, agreement=state.agreement)
    if not done.changed:
        told = say("You have approved draft %(draft)s of %(agreement)s before.", draft=draft, agreement=state.agreement)
    if missing and done.state.stage is Stage.IN_REVIEW:
        told = f"{told} {say('It still waits for %(offices)s.', offices=missing)}"
    return visit.go("/review", notice=told)


@router.get("/review/{agreement}/return")
def return_form(visit: Reviewer, agreement: str, pdf: str = "") -> Response:
    """Ask for the comment with which a draft goes back, the open comments gathered in it; ``pdf`` was on screen."""
    state = agreement_of(visit, agreement)
    text = gathered(comments_on(visit.house, AgreementId(state.agreement)))
    return _against(visit, state, "return", text=text, opened=pdf)


@router.post("/review/{agreement}/return")
def return_draft(visit: Reviewer, agreement: str, form: Posted) -> Response:
    """Return the draft that the form showed to its manager."""
    return _decided(visit, agreement, form, "return", commands.return_draft)


@router.get("/review/{agreement}/reject")
def reject_form(visit: Reviewer, agreement: str, pdf: str = "") -> Response:
    """Ask for the reason why an agreement ends; ``pdf`` was on screen."""
    return _against(visit, agreement_of(visit, agreement), "reject", text="", opened=pdf)


@router.post("/review/{agreement}/reject")
def reject(visit: Reviewer, agreement: str, form: Posted) -> Response:
    """End the agreement at the draft that the form showed."""
    return _decided(visit, agreement, form, "reject", commands.reject)


def _approving(visit: Visit, state: AgreementState, *, error: ConvenioError | None = None) -> Response:
    offices = offices_of(state, visit.who)
    said = comments_on(visit.house, AgreementId(state.agreement))
    return visit.show(
        "review_approve.html",
        status=_status(error),
        state=state,
        error=error,
        why_not=words.obstacle(visit.language, obstacle(state, visit.who), state),
        offices=[(office, words.office(visit.language, office)) for office in offices],
        others=words.offices(visit.language, [one for one in state.missing_offices if one not in offices[:1]]),
        office=words.office(visit.language, offices[0]) if offices else "",
        unopened=state.content is not None and not was_opened(visit, state.content.pdf),
        unsettled=sum(one.is_open for one in said),
        called=lambda path: called(visit.language, path),
    )


def _against(
    visit: Visit, state: AgreementState, act: str, *, text: str, opened: str = "", error: ConvenioError | None = None
) -> Response:
    unseen = bool(opened) and (state.content is None or state.content.pdf != opened)
    return visit.show(
        f"review_{act}.html",
        status=409 if unseen else _status(error),
        state=state,
        unseen=unseen,
        text=text,
        error=error,
        decides=state.stage is Stage.IN_REVIEW and state.content is not None,
        offices=words.offices(visit.language, [approval.office for approval in state.approvals]),
    )


def _decided(visit: Visit, agreement: str, form: Form, act: str, command: Callable[..., Done]) -> Response:
    state, text = agreement_of(visit, agreement), form.text("comment")
    try:
        draft, covers = form.number("draft"), _covered(form)
        command(
            visit.house,
            AgreementId(state.agreement),
            draft=draft,
            by=visit.who.email,
            comment=as_remark(text),
            covers=covers,
        )
    except (InputError, Refused) as error:
        return _against(visit, agreement_of(visit, agreement), act, text=text, error=error)
    say = visit.language.say
    if act == "return":
        told = say("Draft %(draft)s of %(agreement)s is returned to its manager.", draft=draft, agreement=agreement)
    else:
        told = say("%(agreement)s is rejected and has ended.", agreement=agreement)
    return visit.go("/review", notice=told)


def _covered(form: Form) -> Covered:
    try:
        return Covered(**{name: form.text(name) for name in Covered.model_fields})
    except ValidationError as fault:
        raise InputError(
            "the form does not say what it is about",
            expected="the digests that the page shows",
            remedy="open the review again and decide from there",
        ) from fault


def _office(form: Form) -> Office:
    try:
        return Office(form.text("office"))
    except ValueError as fault:
        raise InputError("choose for which office you approve", expected=" or ".join(Office)) from fault


def _status(error: ConvenioError | None) -> int:
    if error is None:
        return 200
    return 422 if isinstance(error, InputError) else 409
