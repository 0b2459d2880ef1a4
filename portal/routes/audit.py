"""The auditor: search over everything, and for one agreement its timeline, its verification and who was bound."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from flows.act import data_of
from flows.dossiers import bound_of
from flows.evidence_files import evidence_files
from flows.examinations import examine_agreement, is_under_way
from flows.examined import examined
from portal.audit_search import search
from portal.document_types import type_name
from portal.document_view import id_of
from portal.forms import Posted
from portal.listing import GROUPS, after
from portal.reading import agreement_of
from portal.timeline_words import lines_of
from portal.verdicts import effect_in_words, told, way_in_words
from portal.visit import Auditor, Visit
from portal.waiting import words_for
from portal.who_signed import who_signed
from schemas.errors import Fault, InputError, Refused
from schemas.signature import LEVELS, SigningWay
from schemas.state import AgreementState, Stage

router = APIRouter()

ON_ONE_PAGE = 25


@router.get("/audit")
def find(visit: Auditor) -> Response:
    """Search over every agreement by everything that is known of it."""
    what = search(visit, visit.request.query_params)
    lines = visit.house.catalogue.page(what.wanted, after=what.after, limit=ON_ONE_PAGE + 1) if what.wanted else ()
    shown = lines[:ON_ONE_PAGE]
    return visit.show(
        "audit.html",
        status=422 if what.faults else 200,
        search=what,
        lines=shown,
        following=what.link(after(shown)) if len(lines) > ON_ONE_PAGE else None,
        types=[(kind, type_name(visit, kind)) for kind in visit.house.catalogue.document_types()],
        stages=_stages(visit),
        levels=[(level.value, level.value) for level in LEVELS],
        ways=[(way.value, way_in_words(visit.language, way)) for way in SigningWay],
        type_name=lambda kind: type_name(visit, kind),
        words_for=lambda row: words_for(visit, row),
    )


@router.get("/audit/{agreement}")
def show(visit: Auditor, agreement: str) -> Response:
    """Show what happened to one agreement, what was verified of it and when, and every file of it."""
    state = agreement_of(visit, agreement)
    return visit.show("audit_agreement.html", **_values(visit, state))


@router.post("/audit/{agreement}/verify")
def verify(visit: Auditor, agreement: str, form: Posted) -> RedirectResponse:  # noqa: ARG001  # from our own page only
    """Verify the agreement's dossier now; what takes longer goes on, and its page finds it again."""
    its_id = id_of(agreement_of(visit, agreement))
    examine_agreement(visit.house, its_id)
    return visit.go(f"/audit/{its_id}#verification")


@router.get("/audit/{agreement}/bound")
def bound(visit: Auditor, agreement: str, on: str | None = None) -> Response:
    """Say in words who was bound at the end of a day, and why; without a day, ask for one."""
    state = agreement_of(visit, agreement)
    if on is None:
        return visit.show("audit_bound.html", error=None, bound=None, on="", **_head(visit, state))
    try:
        told_of = bound_of(visit.house, id_of(state), day_in(on, "on"))
    except (InputError, Refused) as error:
        status = 422 if isinstance(error, InputError) else 409
        return visit.show("audit_bound.html", status=status, error=error, bound=None, on=on, **_head(visit, state))
    return visit.show(
        "audit_bound.html",
        error=None,
        bound=told_of,
        on=on,
        type_name=lambda kind: type_name(visit, kind),
        names=_names(visit, state),
        way=lambda way: way_in_words(visit.language, way),
        effect=lambda effect: effect_in_words(visit.language, effect),
        **_head(visit, state),
    )


def day_in(text: str, name: str) -> date:
    """Return the day in a field; raise :class:`InputError` naming the field where it holds none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        fault = Fault(name, "is no day" if text.strip() else "is missing", expected="a day such as 2026-11-30")
        raise InputError("there is no day to answer for", [fault]) from None


def _head(visit: Visit, state: AgreementState) -> dict[str, object]:
    row = visit.house.register.find(state.agreement)
    if row is None:
        raise HTTPException(404)
    return {"state": state, "row": row, "waits": words_for(visit, row)}


def _names(visit: Visit, state: AgreementState) -> dict[str, str]:
    """Return the names of signatories and parties by their ids in the data."""
    document = data_of(visit.house, state.data)
    people = {str(one.id): str(one.name) for one in document.signatories}
    return people | {str(party.id): party.short_name for party in document.parties}


def _values(visit: Visit, state: AgreementState) -> dict[str, object]:
    house, its_id = visit.house, id_of(state)
    found = examined(house, its_id)
    verified = found.verified if found else None
    return {
        **_head(visit, state),
        "lines": lines_of(house, visit.language, its_id),
        "files": evidence_files(house, its_id),
        "examined": found,
        "verified": verified,
        "told": told(visit.language, verified) if verified else None,
        "people": who_signed(visit.language, verified) if verified else (),
        "effect": lambda effect: effect_in_words(visit.language, effect),
        "under_way": is_under_way(house, its_id),
        "archived": state.stage is Stage.ARCHIVED,
    }


def _stages(visit: Visit) -> list[tuple[str, str]]:
    say = visit.language.say
    names = (say("Being drafted"), say("In review"), say("Being signed"), say("Archived"), say("Ended"))
    return list(zip(GROUPS, names, strict=True))
