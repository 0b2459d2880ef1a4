"""Whether the database still holds what was published, asked before anything is appended to it.

::

    published log    newest checkpoint: N leaves, root R      read once for each process, before the lock
    database         at least N leaves, and R signed at N     looked at in the lock, one row

A database that was set back would otherwise grow another history from there, and the next publication only would
notice. What the log says is not verified here: whoever contradicts the database is refused, and the publisher and
the check of the ledger, which hold the key, find out who is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection, select

from archive.checkpoint import parse_checkpoint
from archive.log_store import CHECKPOINT, LogStore
from archive.tables import checkpoints
from schemas.errors import ConvenioError, Invalid
from schemas.evidence import Checkpoint

REMEDY = (
    "write nothing: move the database aside and keep it, then bring back what was published: convenio restore BACKUP"
)


class Continuity:
    """What one process knows of the ledger before it writes: what ``log`` shows, and the size it saw last itself."""

    def __init__(self, log: Callable[[], LogStore]) -> None:
        self._log = log
        self._shown: Checkpoint | None = None
        self._size = 0

    def look(self) -> None:
        """Read what the log shows, unless that is known; come before the transaction.

        The publisher shows only what the database has already. A log that does not answer, refuses to, or shows no
        checkpoint contradicts nothing: it is asked again before the next transaction.
        """
        if self._shown is None:
            with suppress(ConvenioError, UnicodeDecodeError):
                note = self._log().get(CHECKPOINT)
                self._shown = None if note is None else parse_checkpoint(note.decode())

    def require(self, connection: Connection, size: int) -> None:
        """Raise :class:`Invalid` where a ledger of ``size`` leaves lacks what was published, or what it had before."""
        if size < self._size:
            raise Invalid(
                "the database was set back while this process worked with it",
                got=f"{size} entries",
                expected=f"at least {self._size} entries: {self._size - size} missing",
                remedy=REMEDY,
            )
        if self._shown is not None and self._shown.tree_size and _root(connection, self._shown) != self._shown.root:
            raise database_behind(size, self._shown, self._log())

    def grown(self, size: int) -> None:
        """Remember the size a transaction led to."""
        self._size = max(self._size, size)


def database_behind(size: int, shown: Checkpoint, log: LogStore) -> Invalid:
    """Return the refusal of a database of ``size`` leaves that lacks what ``log`` shows."""
    published = f"{shown.tree_size} published entries"
    if size < shown.tree_size:
        return Invalid(
            "the database is behind the published log: it was set back to an older copy, or is a new one",
            where=f"{CHECKPOINT} in {log.name}",
            got=f"{size} entries in the database",
            expected=f"at least the {published}: {shown.tree_size - size} missing",
            remedy=REMEDY,
        )
    return Invalid(
        "the database is not the one that was published: it was set back, and written to since",
        where=f"{CHECKPOINT} in {log.name}",
        got=f"{size} entries in the database, never signed as the log shows them",
        expected=f"the {published} with root {shown.root}",
        remedy=REMEDY,
    )


def _root(connection: Connection, shown: Checkpoint) -> str | None:
    """Return the root the database signed over as many leaves as the log shows."""
    statement = select(checkpoints.c.note).where(checkpoints.c.tree_size == shown.tree_size)
    note = connection.execute(statement).scalar_one_or_none()
    return None if note is None else parse_checkpoint(note).root
