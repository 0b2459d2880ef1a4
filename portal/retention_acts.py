"""What people may do about how long a document is kept: whose each act is, when it can be done, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flows import commands
from flows.act import Done
from flows.disposal import is_disposable
from schemas.evidence import AgreementId
from schemas.people import Office, Role
from schemas.state import AgreementState, Stage

if TYPE_CHECKING:
    from portal.visit import Visit


@dataclass(frozen=True)
class Act:
    """One act: whose it is, when it can be done, and how."""

    name: str
    role: Role
    possible: Callable[[AgreementState, date], bool]
    do: Callable[[Visit, AgreementId, Mapping[str, str]], Done]
    asks: tuple[str, ...] = ("reason",)
    office: Office | None = None


def _paid(visit: Visit, agreement: AgreementId, typed: Mapping[str, str]) -> Done:
    return commands.balance_paid(
        visit.house,
        agreement,
        by=visit.who.email,
        paid_on=date.fromisoformat(typed["day"]),
        small_grant=typed["small_grant"] == "yes",
        reason=typed["reason"],
    )


def _extend(visit: Visit, agreement: AgreementId, typed: Mapping[str, str]) -> Done:
    until = date.fromisoformat(typed["day"])
    return commands.extend_retention(visit.house, agreement, by=visit.who.email, until=until, reason=typed["reason"])


def _by_reason(command: Callable[..., Done]) -> Callable[[Visit, AgreementId, Mapping[str, str]], Done]:
    return lambda visit, agreement, typed: command(visit.house, agreement, by=visit.who.email, reason=typed["reason"])


def _dispose(visit: Visit, agreement: AgreementId, typed: Mapping[str, str]) -> Done:
    return commands.dispose(visit.house, agreement, by=visit.who.email, authority=typed["reason"])


def _keepable(state: AgreementState) -> bool:
    return state.stage in {Stage.ARCHIVED, Stage.ENDED}


ACTS = {
    act.name: act
    for act in (
        Act(
            "paid",
            Role.MANAGER,
            lambda state, _today: state.stage is Stage.ARCHIVED and state.retention_until is None,
            _paid,
            ("day", "small_grant", "reason"),
        ),
        Act(
            "extend",
            Role.ADMINISTRATOR,
            lambda state, _today: state.stage is Stage.ARCHIVED and state.retention_until is not None,
            _extend,
            ("day", "reason"),
        ),
        Act(
            "hold",
            Role.REVIEWER,
            lambda state, _today: _keepable(state) and not state.held,
            _by_reason(commands.place_hold),
            office=Office.LEGAL,
        ),
        Act(
            "release",
            Role.REVIEWER,
            lambda state, _today: _keepable(state) and state.held,
            _by_reason(commands.release_hold),
            office=Office.LEGAL,
        ),
        Act("propose", Role.ADMINISTRATOR, is_disposable, _by_reason(commands.propose_disposal)),
        Act(
            "dispose",
            Role.ADMINISTRATOR,
            lambda state, today: is_disposable(state, today) and state.disposal is not None,
            _dispose,
        ),
    )
}


def may_do(visit: Visit, act: Act) -> bool:
    """Whether an act is this visitor's."""
    return visit.may(act.role) and (act.office is None or act.office in visit.who.offices)


def keeps(visit: Visit) -> bool:
    """Whether any of the acts is this visitor's."""
    return any(may_do(visit, act) for act in ACTS.values())
