"""The home page: what waits for whoever looks, and what they wait for."""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows.form_drafts import title_of, unfinished
from portal.visit import SignedIn
from portal.waiting import SHOWN, waiting, words_for
from schemas.people import Role

router = APIRouter()


@router.get("/")
def home(visit: SignedIn) -> Response:
    """Show what waits for this person, by urgency; then what they wait for; then what changed last."""
    forms = unfinished(visit.house, visit.who) if visit.may(Role.MANAGER) else ()
    return visit.show(
        "home.html",
        waiting=waiting(visit),
        unfinished=[(form, title_of(form)) for form in forms[:SHOWN]],
        words_for=lambda row: words_for(visit, row),
    )
