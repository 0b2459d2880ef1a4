"""Open facts of a document: what is assumed, contradictory or not known, who has to settle it, and its confirmation."""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows import commands
from flows.act import data_of
from portal.form_faults import called
from portal.forms import Posted
from portal.reading import agreement_of
from portal.values import said
from portal.visit import Manager, Reader, Visit
from schemas.errors import ConvenioError, InputError, Refused
from schemas.evidence import AgreementId
from schemas.fact import Status, facts, open_facts
from schemas.fields import document_part, part_at
from schemas.state import AgreementState

router = APIRouter(prefix="/documents")


@router.get("/{agreement}/facts")
def show(visit: Reader, agreement: str) -> Response:
    """Show the facts that block approval, and those a person confirmed."""
    return _page(visit, agreement_of(visit, agreement))


@router.post("/{agreement}/facts")
def confirm(visit: Manager, form: Posted, agreement: str) -> Response:
    """Confirm the chosen facts as they stand, which makes the next draft."""
    state = agreement_of(visit, agreement)
    chosen, basis, draft = tuple(form.texts("fact")), form.text("basis"), form.number("draft")
    if form.text("all") == "yes":
        # those of the draft that was shown: of another draft nothing is confirmed
        document = data_of(visit.house, state.data)
        chosen = tuple(path for path, fact in open_facts(document) if fact.status is not Status.BLANK)
    say = visit.language.say
    wrong = {}
    if not chosen:
        wrong["facts"] = say("Choose at least one fact to confirm.")
    if not basis:
        wrong["basis"] = say("Say on what grounds you confirm them.")
    if wrong:
        return _page(visit, state, chosen=chosen, basis=basis, wrong=wrong, status=422)
    try:
        done = commands.confirm_facts(
            visit.house, AgreementId(state.agreement), chosen, basis=basis, by=visit.who.email, draft=draft
        )
    except Refused as error:
        return _page(visit, visit.house.ledger.state(state.agreement), chosen, basis, error=error, status=409)
    except InputError as error:
        return _page(visit, state, chosen, basis, error=error, status=422)
    notice = say("The facts are confirmed. Draft %(draft)s is being made.", draft=done.state.draft)
    if not done.changed:
        notice = say("These facts were confirmed before: nothing was done now.")
    return visit.go(f"/documents/{state.agreement}", notice=notice)


def _page(
    visit: Visit,
    state: AgreementState,
    chosen: tuple[str, ...] = (),
    basis: str = "",
    *,
    wrong: dict[str, str] | None = None,
    error: ConvenioError | None = None,
    status: int = 200,
) -> Response:
    document = data_of(visit.house, state.data)
    whole = document_part(type(document))
    every = [
        {
            "path": path,
            "called": called(visit.language, path),
            "value": said(visit.language, part_at(whole, path), fact),
            "fact": fact,
            "can": fact.status is not Status.BLANK,
        }
        for path, fact in facts(document)
    ]
    return visit.show(
        "facts.html",
        status=status,
        state=state,
        open=[one for one in every if one["fact"].is_open],
        confirmed=[one for one in every if one["fact"].confirmation is not None],
        chosen=chosen,
        basis=basis,
        wrong=wrong or {},
        error=error,
        may_confirm=visit.may("manager"),
    )
