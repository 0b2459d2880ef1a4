"""How a signatory named their delegate: when, why, and as whom.

Who is known here keeps their name, whatever the signatory calls them. What they were called is kept beside the ledger,
for the legal office to compare, until the delegate is erased or the agreement is disposed of.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from archive.openings import Openings
from schemas import events as ev

if TYPE_CHECKING:
    from archive.transaction import Transaction
    from flows.wiring import Installation
    from schemas.events import Entry
    from schemas.evidence import AgreementId


@dataclass(frozen=True)
class Naming:
    """When a delegate was named, why, and as whom; what was erased is ``None``."""

    at: datetime
    reason: str | None
    named_as: str | None


def keep_name(tx: Transaction, agreement: AgreementId, event: ev.Delegated, name: str) -> None:
    """Keep as whom ``event`` names the delegate."""
    # the reason's commitment tells this naming of the same person from another
    content = {"named_as": name, "remark": event.remark}
    tx.remember_opening(content, secrets.token_hex(32), agreement=agreement, person=event.delegate)


def naming_of(house: Installation, entries: Iterable[Entry], signatory: str) -> Naming:
    """Return how ``signatory`` named their delegate, the last one by these entries of an agreement.

    Raises :class:`ValueError` where they named nobody.
    """
    found: tuple[Entry, ev.Delegated] | None = None
    for entry in entries:
        if isinstance(entry.event, ev.Delegated) and entry.event.signatory == signatory:
            found = entry, entry.event
    if found is None:
        raise ValueError(f"{signatory} has named nobody")
    entry, event = found
    reason = house.remarks.get(event.remark)
    kept = (json.loads(one.content) for one in Openings(house.engine).of_person(entry.agreement, event.delegate))
    return Naming(
        at=entry.occurred_at,
        reason=None if reason is None else reason.text,
        named_as=next((one["named_as"] for one in kept if one.get("remark") == event.remark), None),
    )
