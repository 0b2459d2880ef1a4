"""Changing a document: its data in a form for the next draft, or a new document that follows an archived one."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Response

from flows import form_drafts
from flows.act import data_of
from flows.form_starts import FOLLOWERS, as_plain, followers_of, following, is_changeable
from flows.review import returned_with
from portal.form_of import sections_of
from portal.forms import Posted
from portal.reading import agreement_of
from portal.visit import Manager, Visit
from schemas.documents import model_of
from schemas.state import AgreementState

router = APIRouter(prefix="/documents")


@router.get("/{agreement}/amend")
def ask(visit: Manager, agreement: str) -> Response:
    """Say what changing the data means, before the form is opened; for an archived one, what may follow it."""
    state = agreement_of(visit, agreement)
    mine = [form for form in form_drafts.unfinished(visit.house, visit.who) if form.agreement == state.agreement]
    return visit.show("amend.html", state=state, mine=mine, **_choices(visit, state))


@router.post("/{agreement}/amend")
def open_form(visit: Manager, form: Posted, agreement: str) -> Response:
    """Open the form with the data of the current draft; one page opens one form, however often it is sent."""
    state = agreement_of(visit, agreement)
    if not is_changeable(state):
        return visit.show("amend.html", status=409, state=state, mine=[], **_choices(visit, state))
    document = data_of(visit.house, state.data)
    begun = form_drafts.begin(
        visit.house,
        visit.who,
        state.document_type,
        as_plain(document),
        agreement=state.agreement,
        base_draft=state.draft,
        sections=tuple(section.key for section in sections_of(state.document_type)),
        key=form.text("key"),
    )
    return visit.go(f"/documents/new/{begun.id}")


@router.post("/{agreement}/follow")
def follow(visit: Manager, form: Posted, agreement: str) -> Response:
    """Begin the form of a document that changes or ends this one, or takes its place; this one is pinned in it."""
    state = agreement_of(visit, agreement)
    document_type, content = following(visit.house, state, form.text("kind"))
    sections = sections_of(document_type)
    looked_through = (section.key for section in sections if any(part.name in content for part in section.parts))
    begun = form_drafts.begin(
        visit.house, visit.who, document_type, content, sections=tuple(looked_through), key=form.text("key")
    )
    return visit.go(f"/documents/new/{begun.id}")


def _choices(visit: Visit, state: AgreementState) -> dict[str, object]:
    return {
        "returned_with": returned_with(visit.house, state),
        "changeable": is_changeable(state),
        "kind": model_of(state.document_type).kind,
        "key": secrets.token_hex(8),
        "followers": [(kind, FOLLOWERS[kind]) for kind in followers_of(state)],
    }
