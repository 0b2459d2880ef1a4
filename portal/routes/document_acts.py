"""What a manager does to a document without changing its text: remind, give more time, withdraw."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Response

from flows.commands import extend, remind, withdraw
from flows.remind import waited_for
from portal.document_view import id_of, standing
from portal.forms import Posted
from portal.reading import agreement_of
from portal.visit import Manager, Visit
from schemas.errors import ConvenioError, InputError, Unavailable
from schemas.state import AgreementState

router = APIRouter()


@router.get("/documents/{agreement}/remind")
def ask_to_remind(visit: Manager, agreement: str) -> Response:
    """Say who would be written to."""
    return _remind(visit, agreement_of(visit, agreement))


@router.post("/documents/{agreement}/remind")
def send_reminders(visit: Manager, agreement: str, form: Posted) -> Response:  # noqa: ARG001  # sent by our own page
    """Write to whoever the document waits for."""
    state = agreement_of(visit, agreement)
    try:
        reminded = remind(visit.house, id_of(state), by=visit.who.email)
    except ConvenioError as error:
        return _remind(visit, state, error)
    say = visit.language.say
    said = [say("Written to %(names)s.", names=", ".join(reminded.now))] if reminded.now else []
    if reminded.before:
        said.append(say("Reminded today already: %(names)s.", names=", ".join(reminded.before)))
    return visit.go(_path(state), notice=" ".join(said))


@router.get("/documents/{agreement}/extend")
def ask_to_extend(visit: Manager, agreement: str) -> Response:
    """Ask for another last day to sign."""
    return _extend(visit, agreement_of(visit, agreement))


@router.post("/documents/{agreement}/extend")
def give_more_time(visit: Manager, agreement: str, form: Posted) -> Response:
    """Give the signatories until the end of another day."""
    state, day, reason = agreement_of(visit, agreement), form.text("sign_by"), form.text("reason")
    faults: dict[str, str] = {}
    until = _day(day)
    if until is None:
        faults["sign_by"] = visit.language.say("Choose a day, as in 2027-03-31.")
    if not reason:
        faults["reason"] = visit.language.say("Say why, in a few words.")
    if until is None or faults:
        return _extend(visit, state, typed={"sign_by": day, "reason": reason}, faults=faults)
    try:
        extend(visit.house, id_of(state), sign_by=until, by=visit.who.email, reason=reason)
    except ConvenioError as error:
        return _extend(visit, state, error, typed={"sign_by": day, "reason": reason})
    return visit.go(_path(state), notice=visit.language.say("There is more time to sign. Everybody concerned is told."))


@router.get("/documents/{agreement}/withdraw")
def ask_to_withdraw(visit: Manager, agreement: str) -> Response:
    """Say what withdrawing means, and ask for the reason."""
    return _withdraw(visit, agreement_of(visit, agreement))


@router.post("/documents/{agreement}/withdraw")
def end_it(visit: Manager, agreement: str, form: Posted) -> Response:
    """End the document with a reason."""
    state, reason = agreement_of(visit, agreement), form.text("reason")
    if not reason:
        faults = {"reason": visit.language.say("Say why, in a few words.")}
        return _withdraw(visit, state, typed={"reason": reason}, faults=faults)
    try:
        withdraw(visit.house, id_of(state), by=visit.who.email, reason=reason)
    except ConvenioError as error:
        return _withdraw(visit, state, error, typed={"reason": reason})
    return visit.go(_path(state), notice=visit.language.say("%(id)s is withdrawn.", id=state.agreement))


def _remind(visit: Visit, state: AgreementState, error: ConvenioError | None = None) -> Response:
    return _page(visit, "document_remind.html", state, error, people=waited_for(visit.house, state))


def _extend(
    visit: Visit,
    state: AgreementState,
    error: ConvenioError | None = None,
    *,
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    values = {"sign_by": "", "reason": "", **(typed or {})}
    return _page(visit, "document_extend.html", state, error, typed=values, faults=faults or {})


def _withdraw(
    visit: Visit,
    state: AgreementState,
    error: ConvenioError | None = None,
    *,
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    return _page(
        visit, "document_withdraw.html", state, error, typed={"reason": "", **(typed or {})}, faults=faults or {}
    )


def _page(visit: Visit, page: str, state: AgreementState, error: ConvenioError | None, **values: object) -> Response:
    status = 200
    if error is not None or values.get("faults"):
        status = 422 if error is None or isinstance(error, InputError) else 409
    if isinstance(error, Unavailable):
        status = 503
    return visit.show(page, status=status, state=state, error=error, **values, **standing(visit, state))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _path(state: AgreementState) -> str:
    return f"/documents/{state.agreement}"
