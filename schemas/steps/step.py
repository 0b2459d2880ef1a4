"""What a step of the way is, and the checks that several steps share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas import events as ev
from schemas.errors import StaleBase
from schemas.evidence import Digest
from schemas.people import Role
from schemas.state import AgreementState, Stage

Changes = dict[str, object]
"""New values of an agreement's state, by field."""


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of event: whose act it is (``None`` for the system's), at which stages, and what it changes.

    ``change`` raises what :func:`schemas.lifecycle.transition` raises.
    """

    by: Role | None
    at: tuple[Stage, ...]
    change: Callable[[AgreementState, ev.Entry, Any], Changes]


REVIEWABLE = (Stage.REQUESTED, Stage.IN_REVIEW, Stage.RETURNED, Stage.APPROVED)
"""Stages before anybody is asked to sign."""


def ended(_state: AgreementState, _entry: ev.Entry, _event: ev.Event) -> Changes:
    """Return the end of an agreement."""
    return {"stage": Stage.ENDED}


def same_draft(state: AgreementState, got: int, expected: int) -> None:
    """Raise :class:`StaleBase` unless the event is about draft ``expected``."""
    if got != expected:
        raise StaleBase(
            f"draft {expected} is the one to act on",
            where=state.agreement,
            got=f"draft {got}",
            expected=f"draft {expected}",
        )


def same_base(state: AgreementState, base: Digest) -> None:
    """Raise :class:`StaleBase` unless ``base`` is the newest revision."""
    if base != state.pdf:
        raise StaleBase(
            "somebody else acted first; these bytes are no longer the newest revision",
            where=state.agreement,
            got=base,
            expected=state.pdf,
            remedy="load the newest revision and repeat",
        )
