"""How the messages of the mail folder fare: how many of each fate, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from flows.wiring import Installation


@dataclass(frozen=True)
class Heap:
    """Messages of one fate: how many, and when the first and the last one came to it."""

    count: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class MailTally:
    """All messages that were written, and of those for a mail server what became of them."""

    written: Heap
    waiting: Heap
    sent: Heap
    refused: Heap


def tally(house: Installation) -> MailTally:
    """Count the messages of the mail folder; see :mod:`flows.mail` for where they lie."""
    folder = house.mail.folder
    return MailTally(
        written=_heap(folder.glob("*.eml")),
        waiting=_heap((folder / "outgoing").glob("[!.]*")),
        sent=_heap((folder / "sent").glob("[!.]*")),
        refused=_heap((folder / "undeliverable").glob("[!.]*")),
    )


def _heap(paths: Iterable[Path]) -> Heap:
    times = []
    for path in paths:
        try:
            times.append(path.stat().st_mtime)
        except OSError:  # it was moved on meanwhile
            continue
    ends = (datetime.fromtimestamp(at, UTC) for at in (min(times), max(times))) if times else (None, None)
    return Heap(len(times), *ends)
