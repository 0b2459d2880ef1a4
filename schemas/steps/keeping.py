"""From the concluded file through its years in the archive, and the end of what is stored."""

from __future__ import annotations

from datetime import date

from schemas import events as ev
from schemas.errors import FourEyes, NotAuthorised, RefusedTransition
from schemas.people import Role
from schemas.retention import last_day
from schemas.state import AgreementState, ProposedDisposal, Stage
from schemas.steps.step import Changes, Step, same_base

DISPOSABLE = (Stage.ARCHIVED, Stage.ENDED)
"""Stages in which what is stored can be held, and destroyed."""


def _deposited(state: AgreementState, _entry: ev.Entry, event: ev.Deposited) -> Changes:
    same_base(state, event.receipt.sha256)
    return {"stage": Stage.ARCHIVED, "deposits": (event.receipt,)}


def _renewed(state: AgreementState, _entry: ev.Entry, event: ev.Renewed) -> Changes:
    same_base(state, event.base)
    if event.receipt.sha256 != event.pdf:
        raise RefusedTransition("the receipt is another file's", where=state.agreement, got=event.receipt.sha256)
    deposits = (*state.deposits, event.receipt)
    return {"pdf": event.pdf, "report": event.report, "level": event.level, "deposits": deposits, "disposal": None}


def _balance_paid(state: AgreementState, _entry: ev.Entry, event: ev.BalancePaid) -> Changes:
    if state.retention_until is not None:
        raise RefusedTransition("retention has begun already", where=state.agreement, got=state.retention_until)
    if event.until != (until := last_day(event.paid_on, small_grant=event.small_grant)):
        raise RefusedTransition("retention ends on another day", where=state.agreement, got=event.until, expected=until)
    return {"retention_until": event.until}


def _retention_extended(state: AgreementState, _entry: ev.Entry, event: ev.RetentionExtended) -> Changes:
    if state.retention_until is None or event.until <= state.retention_until:
        raise RefusedTransition(
            "retention is only ever extended, once it has begun",
            where=state.agreement,
            got=event.until,
            expected=f"a day after {state.retention_until}" if state.retention_until else "retention that has begun",
        )
    return {"retention_until": event.until, "disposal": None}


def _hold_placed(state: AgreementState, _entry: ev.Entry, _event: ev.HoldPlaced) -> Changes:
    if state.held:
        raise RefusedTransition("a legal hold is in place already", where=state.agreement)
    return {"held": True, "disposal": None}


def _hold_released(state: AgreementState, _entry: ev.Entry, _event: ev.HoldReleased) -> Changes:
    if not state.held:
        raise RefusedTransition("there is no legal hold to release", where=state.agreement)
    return {"held": False}


def _disposal_proposed(state: AgreementState, entry: ev.Entry, event: ev.DisposalProposed) -> Changes:
    require_disposable(state, entry.occurred_at.date())
    if entry.actor.person is None:
        raise NotAuthorised("a person proposes a disposal", where=state.agreement)
    return {"disposal": ProposedDisposal(by=entry.actor.person, listing=event.listing)}


def _disposed(state: AgreementState, entry: ev.Entry, event: ev.Disposed) -> Changes:
    require_disposable(state, entry.occurred_at.date())
    if state.disposal is None:
        raise RefusedTransition(
            "nobody proposed this disposal",
            where=state.agreement,
            expected="a proposal by one administrator, carried out by another",
            remedy=f"convenio archive dispose {state.agreement} --propose",
        )
    if entry.actor.person == state.disposal.by:
        raise FourEyes(
            "whoever proposed a disposal does not carry it out",
            where=state.agreement,
            expected="another administrator",
            remedy="ask another administrator",
        )
    if event.receipts != state.deposits:
        raise RefusedTransition("a disposal names every deposit", where=state.agreement, got=len(event.receipts))
    return {"stage": Stage.DISPOSED}


def require_disposable(state: AgreementState, day: date) -> None:
    """Raise :class:`RefusedTransition` unless the agreement may be destroyed on ``day``.

    What ended without being archived proves nothing, so no retention protects it; a legal hold does.
    """
    if state.stage not in DISPOSABLE:
        raise RefusedTransition(
            "only what is archived or has ended is disposed of",
            where=state.agreement,
            got=state.stage,
            expected=" or ".join(DISPOSABLE),
        )
    if state.held:
        raise RefusedTransition(
            "a legal hold is in place", where=state.agreement, expected="the legal office to release it"
        )
    if state.stage is Stage.ENDED:
        return
    if state.retention_until is None or day <= state.retention_until:
        raise RefusedTransition(
            "retention has not ended",
            where=state.agreement,
            got=f"retention until {state.retention_until}" if state.retention_until else "no end is known",
            expected=f"a day after it, not {day}",
        )


STEPS = {
    "deposited": Step(None, (Stage.CONCLUDED,), _deposited),
    "renewed": Step(None, (Stage.ARCHIVED,), _renewed),
    "balance paid": Step(Role.MANAGER, (Stage.ARCHIVED,), _balance_paid),
    "retention extended": Step(Role.ADMINISTRATOR, (Stage.ARCHIVED,), _retention_extended),
    "hold placed": Step(Role.REVIEWER, DISPOSABLE, _hold_placed),
    "hold released": Step(Role.REVIEWER, DISPOSABLE, _hold_released),
    "disposal proposed": Step(Role.ADMINISTRATOR, DISPOSABLE, _disposal_proposed),
    "disposed": Step(Role.ADMINISTRATOR, DISPOSABLE, _disposed),
}
"""The steps of an archived agreement, and those that are open to one that ended as well."""
