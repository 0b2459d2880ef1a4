"""What was done to the installation, told in one line each: acts of administrators, and what the system did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from schemas import events as ev
from schemas.evidence import Digest

if TYPE_CHECKING:
    from archive.entries import Recorded
    from flows.wiring import Installation
    from schemas.people import Person

DAILY = (ev.InventoryTaken, ev.FixityChecked)
"""What the system records each day."""


@dataclass(frozen=True)
class Deed:
    """One entry: ``by`` and ``about`` are people, ``None`` where there is nobody or they were erased."""

    counter: int
    leaf_index: int
    at: datetime
    event: ev.Event
    by_system: bool
    by: Person | None
    about: Person | None
    digest: Digest | None
    remark: str | None


def deeds(
    house: Installation, *, daily: bool = False, before: int | None = None, limit: int = 50
) -> tuple[tuple[Deed, ...], bool]:
    """Return at most ``limit`` deeds before counter ``before``, the newest first, and whether there are older ones.

    What the system records each day is left out unless ``daily``.
    """
    chosen = [
        recorded
        for recorded in reversed(house.stream.entries())
        if (before is None or recorded.entry.counter < before)
        and (daily or not isinstance(recorded.entry.event, DAILY))
    ]
    people = {person.commitment: person for person in house.people.everyone()}
    return tuple(_deed(house, one, people) for one in chosen[:limit]), len(chosen) > limit


def _deed(house: Installation, recorded: Recorded, people: dict[Digest, Person]) -> Deed:
    entry = recorded.entry
    event, by = entry.event, entry.actor.person
    kept = house.remarks.get(event.remark) if isinstance(event, ev.PersonErased) else None
    return Deed(
        counter=entry.counter,
        leaf_index=recorded.leaf_index,
        at=entry.occurred_at,
        event=event,
        by_system=by is None,
        by=people.get(by) if by is not None else None,
        about=people.get(event.person) if hasattr(event, "person") else None,
        digest=_digest(event),
        remark=kept.text if kept else None,
    )


def _digest(event: ev.Event) -> Digest | None:
    match event:
        case ev.InventoryTaken():
            return event.listing
        case ev.FixityChecked() | ev.RestoreDrilled():
            return event.report
        case ev.TemplateAdopted() | ev.TemplateRetired():
            return event.docx
        case ev.PoliciesChanged():
            return event.policies
        case ev.BackedUp():
            return event.backup
        case ev.WebhookChanged():
            return event.url
    return getattr(event, "person", None)
