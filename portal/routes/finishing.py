"""Looking a form over, and making a document or its next draft of it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows import form_drafts
from flows.act import data_of
from flows.form_drafts import Reading
from flows.form_starts import as_plain
from portal.form_pages import Opened, OwnForm, already_made, flat
from portal.form_view import Viewer
from portal.forms import Posted
from portal.values import said, told_value
from portal.visit import Visit
from schemas.errors import ConvenioError, InputError, Refused, StaleBase
from schemas.evidence import AgreementId
from schemas.fact import open_facts
from schemas.fields import document_part, part_at
from schemas.state import AgreementState

router = APIRouter(prefix="/documents/new")


@router.get("/{form}/review")
def review(own: OwnForm) -> Response:
    """Show everything on one sheet before anything is made of it."""
    return already_made(own) or _review(own)


@router.post("/{form}/create")
def create(own: OwnForm, form: Posted) -> Response:
    """Request the agreement, or give the new data of one; once more is the same as once."""
    visit = own.visit
    if (sent := already_made(own)) is not None:
        return sent
    try:
        done = form_drafts.finish(
            visit.house,
            own.form,
            by=visit.who.email,
            discard_edits=form.text("discard_edits") == "yes",
            void_signatures=form.text("void_signatures") == "yes",
        )
    except InputError as error:
        return _review(own, faults=Reading(None, error.faults), error=None if error.faults else error, status=422)
    except StaleBase:
        return _review(own, status=409)
    except Refused as error:
        return _review(own, error=error, status=409)
    if not done.changed:
        now = visit.house.form_drafts.find(own.form.id, own.form.owner)
        sent = None if now is None else already_made(Opened(visit, now))
        return sent or _review(own, exists=done.state, status=409)
    said = visit.language.say("Draft %(draft)s is being made.", draft=done.state.draft)
    return visit.go(f"/documents/{done.state.agreement}", notice=said)


@router.post("/{form}/rebase")
def rebase(own: OwnForm, form: Posted) -> Response:
    """Have the form change the current draft, after its differences were seen."""
    form_drafts.rebase(own.visit.house, own.form, draft=form.number("draft"))
    return own.visit.go(f"{own.base}/review")


def _review(
    own: Opened,
    *,
    faults: Reading | None = None,
    error: ConvenioError | None = None,
    exists: AgreementState | None = None,
    status: int = 200,
) -> Response:
    house = own.visit.house
    state = house.ledger.state(AgreementId(own.form.agreement)) if own.form.agreement else None
    reading = faults or form_drafts.examined(house, own.form)
    viewer = own.viewer(reading, example=False)
    stale = state is not None and state.draft != own.form.base_draft
    return own.visit.show(
        "new_review.html",
        status=status,
        **own.values,
        viewer=viewer,
        told_value=lambda node: told_value(own.visit.language, node),
        state=state,
        stale=stale,
        error=error,
        exists=exists,
        links=[viewer.link(fault, own.base) for fault in viewer.faults],
        sheet=[(section, viewer.section(section)) for section in own.sections],
        open_facts=_open_facts(own, reading, viewer),
        signed=_signed(own.visit, state),
        differences=_differences(own, viewer, state) if stale and state is not None else [],
    )


def _open_facts(own: Opened, reading: Reading, viewer: Viewer) -> list[dict[str, str]]:
    if reading.document is None:
        return []
    whole = document_part(type(reading.document))
    return [
        {
            "href": viewer.link_to(path, own.base),
            "called": viewer.called(path),
            "value": said(own.visit.language, part_at(whole, path), fact),
            "status": str(fact.status),
            "owner": fact.owner or "",
        }
        for path, fact in open_facts(reading.document)
    ]


def _signed(visit: Visit, state: AgreementState | None) -> list[str]:
    if state is None:
        return []
    named = {str(one.id): str(one.name) for one in data_of(visit.house, state.data).signatories}
    return [named.get(one, one) for one in state.signed]


def _differences(own: Opened, viewer: Viewer, state: AgreementState) -> list[dict[str, str]]:
    """Return what stands otherwise in the current draft than in the form, field by field."""
    theirs = flat(as_plain(data_of(own.visit.house, state.data)))
    yours = flat(own.form.document)
    paths = [path for path in {**theirs, **yours} if theirs.get(path) != yours.get(path)]
    return [
        {"called": viewer.called(path), "theirs": theirs.get(path, ""), "yours": yours.get(path, "")} for path in paths
    ]
