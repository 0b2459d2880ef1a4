"""From draft to archive as a pure fold: ``transition(state, entry)`` gives the next state or refuses.

::

    requested ──drafted──> in review ──approved (all offices)──> approved ──prepared──> signing ──all signed──> signed
        ^                     │  │                                                                                │
        │             returned│  │rejected                                                               concluded│
        └─revised, edited─────┘  └──> ended <── withdrawn, declined, lapsed                                       v
                                        └─────────> disposed <── archived (renewed, held) <──deposited── concluded

A revision is possible until the document is concluded: it voids every approval and every signature.
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas import events as ev
from schemas.errors import NotAuthorised, RefusedTransition
from schemas.people import Role
from schemas.signature import SigningWay
from schemas.state import AgreementState
from schemas.steps import drafting, keeping, signing

STEPS = {**drafting.STEPS, **signing.STEPS, **keeping.STEPS}
"""Every step after the request, by the type of its event."""


def fold(entries: Iterable[ev.Entry]) -> AgreementState:
    """Return the state that ``entries`` (of one agreement, in order, at least one) amount to."""
    state: AgreementState | None = None
    for entry in entries:
        state = transition(state, entry)
    if state is None:
        raise RefusedTransition("an agreement without entries has no state")
    return state


def transition(state: AgreementState | None, entry: ev.Entry) -> AgreementState:
    """Return the state after ``entry``.

    Raises :class:`RefusedTransition` where the stage does not allow the event, :class:`NotAuthorised` and
    :class:`FourEyes` where the actor may not do it, :class:`StaleBase` where it is about other bytes than the
    newest.
    """
    _check_actor(entry)
    event = entry.event
    if state is None:
        if not isinstance(event, ev.Requested):
            raise RefusedTransition(
                "the first entry of an agreement is its request",
                where=entry.agreement,
                got=event.type,
                expected="requested",
            )
        _check_counter(entry, 0)
        return drafting.requested(entry, event)
    if entry.agreement != state.agreement:
        raise RefusedTransition("an entry of another agreement", where=state.agreement, got=entry.agreement)
    _check_counter(entry, state.counter + 1)
    step = STEPS.get(event.type)
    if step is None or state.stage not in step.at:
        raise RefusedTransition(
            f"{state.agreement} is {state.stage}: it cannot be {event.type} now",
            where=f"{state.agreement}, draft {state.draft}",
            got=state.stage,
            expected=" or ".join(step.at) if step else "no agreement yet",
        )
    changes = step.change(state, entry, event)
    moved = changes.get("stage", state.stage) != state.stage
    return state.model_copy(
        update={"counter": entry.counter, "since": entry.occurred_at if moved else state.since, **changes}
    )


def _check_actor(entry: ev.Entry) -> None:
    event, expected = entry.event, _whose(entry)
    if entry.actor.role is not expected or (expected is None) != (entry.actor.person is None):
        raise NotAuthorised(
            f"{event.type} is an act of {expected or 'the system'}",
            where=entry.agreement,
            got=entry.actor.role or "the system",
            expected=expected or "the system",
        )


def _whose(entry: ev.Entry) -> Role | None:
    """Return whose act an event is; that somebody signed on paper, a reviewer records."""
    event = entry.event
    if isinstance(event, ev.Requested):
        return Role.MANAGER
    if isinstance(event, ev.Signed) and event.way is SigningWay.PAPER:
        return Role.REVIEWER
    if event.type not in STEPS:
        raise RefusedTransition("this is no event of an agreement", where=entry.agreement, got=event.type)
    return STEPS[event.type].by


def _check_counter(entry: ev.Entry, expected: int) -> None:
    if entry.counter != expected:
        raise RefusedTransition(
            "the entries of an agreement are counted without gaps",
            where=entry.agreement,
            got=entry.counter,
            expected=expected,
        )
