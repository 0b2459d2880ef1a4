"""What a draft asks attention for, counted plainly: it orders the reviewers' queue and stands there in words.

No weight is hidden: each reason has its points in :data:`WEIGHTS`, and a draft has their sum. It judges nothing; it
says where to look first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel

from archive.layout import working_key
from schemas.clause import FINANCIAL, Position, Subject
from schemas.manifest import DraftManifest
from schemas.money import Money
from schemas.place import ADEQUATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.wiring import Installation
    from schemas.document import Document
    from schemas.manifest import ClauseUse
    from schemas.state import AgreementState
    from templates.selection import UsedClause

MANY_PARTIES = 5
LARGE_SUM = Decimal(100_000)


class Reason(StrEnum):
    """Why a reviewer should look closely; the number beside it says how much of it there is."""

    EDITED = "edited"
    """Somebody edited the text by hand."""
    OWN_CLAUSES = "own clauses"
    """Clauses written for this document, which the library does not provide for."""
    FALLBACKS = "fallbacks"
    """Clauses chosen as a fallback."""
    OPEN_FACTS = "open facts"
    """Facts that are assumed, conflicting or blank."""
    MONEY = "money"
    """Clauses or terms about payment, penalties, liability or intellectual property."""
    LARGE_SUMS = "large sums"
    """Sums of :data:`LARGE_SUM` or more, in whatever currency."""
    PERSONAL_DATA = "personal data"
    """Personal data passes between the parties."""
    DATA_ABROAD = "data abroad"
    """Parties in countries that personal data may not go to without more."""
    PARTIES = "parties"
    """Parties, where they are many."""


WEIGHTS: Mapping[Reason, tuple[int, int]] = {
    Reason.EDITED: (5, 5),
    Reason.OWN_CLAUSES: (3, 9),
    Reason.FALLBACKS: (1, 3),
    Reason.OPEN_FACTS: (1, 3),
    Reason.MONEY: (3, 3),
    Reason.LARGE_SUMS: (1, 2),
    Reason.PERSONAL_DATA: (1, 1),
    Reason.DATA_ABROAD: (3, 3),
    Reason.PARTIES: (1, 1),
}
"""Points for each one of a reason, and the most that all of a reason count for."""


class Level(StrEnum):
    """How closely to look, in one word."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True)
class Risk:
    """The reasons of a draft with how much of each there is, the weightiest first."""

    reasons: Mapping[Reason, int]

    @property
    def points(self) -> int:
        """The sum of what the reasons count for."""
        return sum(_points(reason, count) for reason, count in self.reasons.items())

    @property
    def level(self) -> Level:
        """How closely to look."""
        return level_of(self.points)


def level_of(points: int) -> Level:
    """Return the word for a number of points: high from 6 on, medium from 3 on."""
    return Level.HIGH if points >= 6 else Level.MEDIUM if points >= 3 else Level.LOW


def risk_of(document: Document, clauses: Iterable[ClauseUse | UsedClause], state: AgreementState) -> Risk:
    """Return what the current draft of ``state``, made of ``document`` with ``clauses``, asks attention for."""
    used = tuple(clauses)
    subjects = [*document.subjects, *(clause.subject for clause in used)]
    positions = [clause.position for clause in used]
    personal_data = bool(getattr(document, "personal_data", False)) or Subject.DATA_TRANSFER in subjects
    abroad = {party.country.value for party in document.parties if party.country.value not in {*ADEQUATE, None}}
    counts = {
        Reason.EDITED: int(state.edited is not None),
        Reason.OWN_CLAUSES: positions.count(Position.DEVIATION),
        Reason.FALLBACKS: positions.count(Position.FALLBACK),
        Reason.OPEN_FACTS: len(state.open_facts),
        Reason.MONEY: len(FINANCIAL & set(subjects)),
        Reason.LARGE_SUMS: sum(money.amount >= LARGE_SUM for money in _sums(document)),
        Reason.PERSONAL_DATA: int(personal_data),
        Reason.DATA_ABROAD: len(abroad) if personal_data else 0,
        Reason.PARTIES: len(document.parties) if len(document.parties) >= MANY_PARTIES else 0,
    }
    found = [(reason, count) for reason, count in counts.items() if count]
    return Risk(dict(sorted(found, key=lambda one: -_points(*one))))


def risk_of_draft(house: Installation, state: AgreementState) -> Risk | None:
    """Return what the current draft of an agreement asks attention for; ``None`` where it is not rendered."""
    from flows.act import data_of  # noqa: PLC0415  # the documents' models are imported when first needed

    if state.content is None:
        return None
    kept = house.store.get(working_key(state.agreement, state.content.manifest, "json"))
    manifest = DraftManifest.model_validate_json(kept)
    return risk_of(data_of(house, state.data), manifest.clauses, state)


def keep_risk(house: Installation, state: AgreementState, risk: Risk) -> None:
    """Keep what the current draft of ``state`` asks attention for, so that the queue can be ordered by it."""
    reasons = {str(reason): count for reason, count in risk.reasons.items()}
    house.review_queue.keep(state.agreement, state.draft, risk.points, reasons)


def assess_waiting(house: Installation) -> int:
    """Assess every draft in review that nobody has assessed, and return how many that were."""
    assessed = 0
    for agreement in house.review_queue.unassessed():
        state = house.ledger.state(agreement)
        if (risk := risk_of_draft(house, state)) is not None:
            keep_risk(house, state, risk)
            assessed += 1
    return assessed


def known(reasons: Mapping[str, int]) -> Mapping[Reason, int]:
    """Return reasons as they are kept, without those that nobody knows any more."""
    return {Reason(name): count for name, count in reasons.items() if name in set(Reason)}


def _points(reason: Reason, count: int) -> int:
    each, most = WEIGHTS[reason]
    return min(each * count, most)


def _sums(value: object) -> Iterator[Money]:
    if isinstance(value, Money):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _sums(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _sums(item)
