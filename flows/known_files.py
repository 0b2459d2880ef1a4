"""What anybody may learn of a file they hold: whether it is one of this installation's documents.

Whoever asks shows the file itself. Of a PDF that bears the organisation's seal they learn the id of the agreement, how
the file stands to the one in the archive, and since when: never title, parties, people, or who is waited for. Drafts,
data and evidence count as unknown, although the ledger names them too: their content could be guessed, and an answer
would confirm the guess. What is sealed cannot be guessed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from archive.entries import Recorded
from archive.wanted import Wanted
from schemas import events as ev
from schemas.evidence import Digest, Evidence, Instant
from schemas.lifecycle import fold
from schemas.state import Stage

if TYPE_CHECKING:
    from flows.wiring import Installation


class Standing(StrEnum):
    """How a sealed PDF stands to the agreement it belongs to."""

    ARCHIVED = "archived"
    """It is the file of record."""
    BEFORE_RENEWAL = "before renewal"
    """It was the file of record until a further timestamp was added."""
    BEFORE_END = "before the end"
    """It is complete or on its way, and more was added before the archive took it."""
    UNDER_WAY = "under way"
    """It is being signed, or waits for the archive."""
    REPLACED = "replaced"
    """Its draft was replaced by another: signatures on it are void."""
    ENDED = "ended"
    """The agreement was ended before everybody had signed."""
    DISPOSED = "disposed"
    """It was in the archive, whose copy was destroyed when its time was over."""


class KnownFile(Evidence):
    """A sealed PDF that the ledger names; ``since`` is when it came to stand like this."""

    agreement: str
    standing: Standing
    since: Instant


def known_file(house: Installation, pdf: Digest) -> KnownFile | None:
    """Return what the ledger says of a PDF by its digest, ``None`` where it names no such sealed PDF."""
    for line in house.catalogue.page(Wanted(asked=pdf)):
        recorded = house.ledger.entries(line.row.id)
        if any(pdf in _sealed(one.entry.event) for one in recorded):
            standing, since = _standing(pdf, recorded)
            return KnownFile(agreement=line.row.id, standing=standing, since=since)
    return None


def _sealed(event: ev.Event) -> tuple[Digest, ...]:
    match event:
        case ev.Prepared(pdf=pdf) | ev.Signed(pdf=pdf) | ev.Concluded(pdf=pdf) | ev.Renewed(pdf=pdf):
            return (pdf,)
    return ()


def _standing(pdf: Digest, recorded: tuple[Recorded, ...]) -> tuple[Standing, datetime]:
    entries = [one.entry for one in recorded]
    state = fold(entries)
    deposited = [entry for entry in entries if isinstance(entry.event, ev.Deposited | ev.Renewed)]
    match state.stage:
        case Stage.DISPOSED:
            return Standing.DISPOSED, state.since
        case Stage.ENDED:
            return Standing.ENDED, state.since
        case Stage.ARCHIVED if deposited[-1].event.receipt.sha256 == pdf:  # pyrefly: ignore  # both kinds have one
            return Standing.ARCHIVED, deposited[-1].occurred_at
        case Stage.ARCHIVED if any(entry.event.receipt.sha256 == pdf for entry in deposited):  # pyrefly: ignore
            return Standing.BEFORE_RENEWAL, deposited[-1].occurred_at
    named = max(entry.counter for entry in entries if pdf in _sealed(entry.event))
    later = [entry for entry in entries[named + 1 :] if isinstance(entry.event, ev.Revised | ev.Edited)]
    if later:
        return Standing.REPLACED, later[0].occurred_at
    if state.stage is Stage.ARCHIVED:
        return Standing.BEFORE_END, deposited[-1].occurred_at
    return Standing.UNDER_WAY, _made_at(pdf, entries)


def _made_at(pdf: Digest, entries: list[ev.Entry]) -> datetime:
    return next(entry.occurred_at for entry in entries if pdf in _sealed(entry.event))
