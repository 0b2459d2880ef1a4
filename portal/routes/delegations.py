"""Delegations as a reviewer of the legal office decides about them: who names whom, and by which evidence."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows import commands
from flows.act import data_of
from flows.delegation import evidence_of
from flows.naming import naming_of
from flows.page_images import PageText, page_image, page_texts
from portal.downloads import attachment
from portal.forms import Posted
from portal.reading import agreement_of
from portal.refusals import status_of
from portal.sign_words import for_people
from portal.visit import Reviewer, Visit
from portal.waiting import unconfirmed
from schemas.errors import ConvenioError, Refused
from schemas.evidence import AgreementId, SignatoryId
from schemas.people import Office
from schemas.state import AgreementState, Delegation, Stage

router = APIRouter()

CONTENT_TYPES = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg"}


@router.get("/delegations")
def open_delegations(visit: Reviewer) -> Response:
    """List the delegations that nobody has confirmed, the most urgent first."""
    return visit.show("delegations.html", found=unconfirmed(visit))


@router.get("/delegations/{agreement}/{signatory}")
def delegation(visit: Reviewer, agreement: str, signatory: str) -> Response:
    """Show who names whom, why, and the evidence."""
    return _page(visit, agreement_of(visit, agreement), signatory)


@router.post("/delegations/{agreement}/{signatory}")
def confirm(visit: Reviewer, agreement: str, signatory: str, form: Posted) -> Response:
    """Confirm the delegation whose evidence the page showed."""
    state = agreement_of(visit, agreement)
    _named(state, signatory)
    seen = (form.text("delegate"), form.text("authority"))
    try:
        commands.confirm_delegation(
            visit.house, AgreementId(state.agreement), signatory=signatory, by=visit.who.email, seen=seen
        )
    except ConvenioError as error:
        return _page(visit, agreement_of(visit, agreement), signatory, error)
    return visit.go("/delegations", notice=visit.language.say("You have confirmed the delegation."))


@router.get("/delegations/{agreement}/{signatory}/evidence")
def evidence(visit: Reviewer, agreement: str, signatory: str) -> Response:
    """Hand out the evidence of authority as it was given."""
    state = agreement_of(visit, agreement)
    named = _named(state, signatory)
    content, ending = evidence_of(visit.house, AgreementId(state.agreement), signatory=signatory)
    name = f"{state.agreement}-authority-{named.authority[:12]}.{ending}"
    return attachment(content, name, CONTENT_TYPES[ending])


@router.get("/delegations/{agreement}/{signatory}/pages/{page}.png")
def page(visit: Reviewer, agreement: str, signatory: str, page: int) -> Response:
    """Show one page of the evidence, counted from 1, where it is a PDF; drawn by us, never as it was given."""
    state = agreement_of(visit, agreement)
    named = _named(state, signatory)
    try:
        image = page_image(visit.house, AgreementId(state.agreement), named.authority, page)
    except Refused as error:
        raise HTTPException(404) from error
    return Response(image, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


def _named(state: AgreementState, signatory: str) -> Delegation:
    named = state.delegation_of(SignatoryId(signatory))
    if named is None:
        raise HTTPException(404)
    return named


def _page(visit: Visit, state: AgreementState, signatory: str, error: ConvenioError | None = None) -> Response:
    house, its_id, named = visit.house, AgreementId(state.agreement), _named(state, signatory)
    _, ending = evidence_of(house, its_id, signatory=signatory)
    naming = naming_of(house, (recorded.entry for recorded in house.ledger.entries(its_id)), signatory)
    pages: tuple[PageText, ...] = ()
    unreadable: ConvenioError | None = None
    if ending == "pdf":
        try:
            pages = page_texts(house, its_id, named.authority)
        except ConvenioError as fault:
            unreadable = fault
    return visit.show(
        "delegation.html",
        status=200 if error is None else status_of(error),
        error=None if error is None else for_people(error),
        state=state,
        named=named,
        signatory=next(one for one in data_of(house, state.data).signatories if one.id == signatory),
        delegate=house.people.behind(named.delegate),
        naming=naming,
        pages=pages,
        unreadable=unreadable,
        why_not=_why_not(visit, state, named),
    )


def _why_not(visit: Visit, state: AgreementState, named: Delegation) -> str | None:
    """Return why this reviewer does not confirm this delegation, in words; ``None`` where they may."""
    say, who = visit.language.say, visit.who.commitment
    if state.stage is not Stage.SIGNING:
        return say("Nothing can be signed now, so there is nothing to confirm.")
    if named.confirmed:
        return say("It is confirmed.")
    if Office.LEGAL not in visit.who.offices:
        return say("The legal office confirms delegations; you do not hold it.")
    if who in {named.delegate, named.given_by}:
        return say("It is your own delegation: somebody else of the legal office confirms it.")
    if who in state.authors:
        return say("You wrote the draft: somebody else of the legal office confirms it.")
    return None
