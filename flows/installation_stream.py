"""What the ledger says of the installation as a whole, as it grows: each entry is read once by one process."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archive.entries import Recorded
    from archive.ledger import Ledger


class InstallationStream:
    """The entries about the installation; daily ones become thousands, and pages ask for them often."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: tuple[Recorded, ...] = ()
        self._lock = Lock()

    def entries(self) -> tuple[Recorded, ...]:
        """Return all of them, by counter."""
        with self._lock:
            last = self._known[-1].entry.counter if self._known else -1
            self._known += self._ledger.installation_entries(after=last)
            return self._known
