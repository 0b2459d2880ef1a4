"""How long documents are kept, and what ends that: each act a page of its own that says what will be true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.exceptions import HTTPException

from archive.keeping import Kept as Which, Position
from archive.register import RegisterRow
from flows.deadline import local_day
from flows.disposal import certificate
from flows.retention import look
from portal.downloads import attachment
from portal.forms import Posted
from portal.refusals import status_of
from portal.retention_acts import ACTS, Act, may_do
from portal.retention_words import filters, notice_of
from portal.visit import Allowed, Visit
from schemas.errors import ConvenioError, NotAuthorised
from schemas.evidence import AgreementId
from schemas.people import Role
from schemas.state import AgreementState, Stage

router = APIRouter()

RETENTION = "/administration/retention"
AT_ONCE = 25

Keeper = Annotated[Visit, Depends(Allowed(Role.ADMINISTRATOR, Role.MANAGER, Role.REVIEWER, Role.AUDITOR))]
"""Whoever may see how long documents are kept: lists and states, never what stands in a document."""

Actor = Annotated[Visit, Depends(Allowed(*(act.role for act in ACTS.values())))]
"""Who has an act here; each act has its own role."""


@router.get("/administration/retention")
def kept(visit: Keeper, show: str = "all", after: str = "") -> Response:
    """List what is kept by the end of its retention, or a part of it."""
    which = Which(show) if show in set(Which) else Which.ALL
    house, today = visit.house, _today(visit)
    rows = house.keeping.page(which, today=today, after=_position(after), limit=AT_ONCE + 1)
    shown = rows[:AT_ONCE]
    return visit.show(
        "administration_retention.html",
        rows=shown,
        which=which,
        filters=filters(visit.language),
        counts={one: house.keeping.count(one, today=today) for one in Which},
        today=today,
        following=_after(shown[-1]) if len(rows) > AT_ONCE else None,
        people={person.commitment: person.name for person in house.people.everyone()},
        due=lambda row: row.stage is Stage.ARCHIVED and _is_over(row.retention_until, today) and not row.held,
    )


@router.get("/administration/retention/{agreement}")
def one(visit: Keeper, agreement: str) -> Response:
    """Show how one document is kept, by the ledger and by the store, and what this person may do about it."""
    state = _state(visit, agreement)
    held, fault = (), None
    if state.stage is not Stage.DISPOSED:
        try:
            held = look(visit.house, state)
        except ConvenioError as error:
            fault = error
    return visit.show(
        "administration_kept.html",
        held=held,
        fault=fault,
        acts=[act for act in ACTS.values() if may_do(visit, act) and act.possible(state, _today(visit))],
        **_about(visit, state),
    )


@router.get("/administration/retention/{agreement}/certificate.txt")
def destroyed(visit: Keeper, agreement: str) -> Response:
    """Give the certificate of destruction of a disposed document out."""
    state = _state(visit, agreement)
    if state.stage is not Stage.DISPOSED:
        raise HTTPException(404)
    content = certificate(visit.house, AgreementId(state.agreement))
    return attachment(content, f"certificate-{state.agreement}.txt", "text/plain; charset=utf-8")


@router.get("/administration/retention/{agreement}/{act}")
def ask(visit: Actor, agreement: str, act: str) -> Response:
    """Say what will be true after an act, and ask for its reason."""
    return _ask(visit, _state(visit, agreement), _allowed(visit, act))


@router.post("/administration/retention/{agreement}/{act}")
def do(visit: Actor, form: Posted, agreement: str, act: str) -> Response:
    """Do it."""
    state, chosen = _state(visit, agreement), _allowed(visit, act)
    typed = {name: form.text(name) for name in chosen.asks}
    if faults := _faults(visit, typed):
        return _ask(visit, state, chosen, typed=typed, faults=faults)
    try:
        done = chosen.do(visit, AgreementId(state.agreement), typed)
    except ConvenioError as error:
        return _ask(visit, state, chosen, typed=typed, error=error)
    return visit.go(f"{RETENTION}/{state.agreement}", notice=notice_of(visit.language, chosen.name, done.state))


def _state(visit: Visit, agreement: str) -> AgreementState:
    row = visit.house.register.find(agreement)
    if row is None or row.stage not in {Stage.ARCHIVED, Stage.ENDED, Stage.DISPOSED}:
        raise HTTPException(404)
    return visit.house.ledger.state(row.id)


def _allowed(visit: Visit, name: str) -> Act:
    if name not in ACTS:
        raise HTTPException(404)
    act = ACTS[name]
    if not may_do(visit, act):
        raise NotAuthorised(
            "this act is somebody else's",
            expected=f"the role {act.role}" + (f" of the {act.office} office" if act.office else ""),
            remedy="ask somebody who has it",
        )
    return act


def _faults(visit: Visit, typed: Mapping[str, str]) -> dict[str, str]:
    say, faults = visit.language.say, {}
    if "day" in typed and not _is_day(typed["day"]):
        faults["day"] = say("Choose a day, as in 2027-03-31.")
    if typed.get("small_grant") == "":
        faults["small_grant"] = say("Say how large the grant is: it decides how long the document is kept.")
    if not typed["reason"]:
        faults["reason"] = say("Say why, in a few words.")
    return faults


def _ask(
    visit: Visit,
    state: AgreementState,
    act: Act,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    error: ConvenioError | None = None,
) -> Response:
    return visit.show(
        "administration_kept_act.html",
        status=422 if faults else status_of(error) if error else 200,
        act=act,
        possible=act.possible(state, _today(visit)),
        typed=dict.fromkeys(act.asks, "") | dict(typed or {}),
        faults=faults or {},
        error=error,
        **_about(visit, state),
    )


def _about(visit: Visit, state: AgreementState) -> dict[str, object]:
    house = visit.house
    proposer = house.people.behind(state.disposal.by) if state.disposal else None
    return {
        "state": state,
        "row": house.register.show(state.agreement),
        "over": _is_over(state.retention_until, _today(visit)),
        "proposer": proposer.name if proposer else None,
        "proposed_by_me": state.disposal is not None and state.disposal.by == visit.who.commitment,
        "reads": visit.may(Role.MANAGER, Role.REVIEWER, Role.AUDITOR),
        "path": f"{RETENTION}/{state.agreement}",
    }


def _today(visit: Visit) -> date:
    return local_day(visit.house, visit.house.clock())


def _is_over(until: date | None, today: date) -> bool:
    return until is not None and until < today


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _position(text: str) -> Position | None:
    day, _, its_id = text.partition("~")
    if not its_id or (day and not _is_day(day)):
        return None
    return Position(until=date.fromisoformat(day) if day else None, id=AgreementId(its_id))


def _after(row: RegisterRow) -> str:
    return f"{row.retention_until.isoformat() if row.retention_until else ''}~{row.id}"
