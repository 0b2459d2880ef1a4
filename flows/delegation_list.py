"""Who signs for whom, in the agreements that are being signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.act import data_of
from schemas.state import Stage

if TYPE_CHECKING:
    from archive.register import RegisterRow
    from flows.wiring import Installation
    from schemas.evidence import SignatoryId
    from schemas.people import Person

LOOKED_AT = 200
"""So many agreements under signature are looked at, the longest-waiting first."""


@dataclass(frozen=True)
class DelegationLine:
    """One delegation; ``delegate`` is ``None`` where they were erased."""

    row: RegisterRow
    signatory: SignatoryId
    name: str
    delegate: Person | None
    confirmed: bool


def delegation_lines(house: Installation) -> tuple[DelegationLine, ...]:
    """Return every delegation that stands in agreements under signature, unconfirmed ones first."""
    lines, rows = [], house.register.rows(stage=Stage.SIGNING)[:LOOKED_AT]
    states = house.ledger.states([row.id for row in rows])
    for row in rows:
        state = states[row.id]
        names = {one.id: str(one.name) for one in data_of(house, state.data).signatories} if state.delegations else {}
        for one in state.delegations:
            delegate = house.people.behind(one.delegate)
            lines.append(DelegationLine(row, one.signatory, names.get(one.signatory, ""), delegate, one.confirmed))
    return tuple(sorted(lines, key=lambda line: line.confirmed))
