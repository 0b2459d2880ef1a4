"""Making anew what is only derived: the register, what is searched, and what drafts ask attention for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.catalogue import enter_all
from flows.risk import assess_waiting

if TYPE_CHECKING:
    from flows.wiring import Installation


def rebuild(house: Installation) -> int:
    """Make register, catalogue and risks anew from ledger and store; return how many lines the register has."""
    lines = house.register.rebuild()
    enter_all(house)
    assess_waiting(house)
    return lines
