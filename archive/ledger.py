"""The ledger: an append-only Merkle log of everything that happened, and the only truth about an agreement's state."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from archive import entries, register
from archive.continuity import Continuity
from archive.database import reading, writing
from archive.entries import Recorded
from archive.merkle import Tree
from archive.proposals import unknown
from archive.transaction import Transaction
from schemas.evidence import AgreementId
from schemas.installation import INSTALLATION
from schemas.lifecycle import fold
from schemas.state import AgreementState


class Ledger:
    """The ledger in one database; safe to use from several threads and processes at once.

    What a method returns was read in one transaction. Leaves are checked against their hashes whenever they are
    read: an altered one raises :class:`schemas.errors.Invalid` with its index. ``continuity`` is asked before
    anything is appended.
    """

    recorded: bool | None = False
    """Whether a transaction of this process came to stand; ``None`` where it broke off while that was decided."""

    def __init__(self, engine: Engine, continuity: Continuity | None = None) -> None:
        self._engine = engine
        self._continuity = continuity

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Yield the right to append, which one transaction has at a time.

        All of it is durable when the block ends; nothing of it when the block raises. Waits for other writers, and
        raises :class:`schemas.errors.Unavailable` where they take too long or the disk is full, and
        :class:`schemas.errors.Invalid` where the database lacks what was published.
        """
        continuity = self._continuity
        if continuity is not None:
            continuity.look()
        with writing(self._engine) as connection:
            transaction = Transaction(connection)
            if continuity is not None:
                continuity.require(connection, transaction.size)
            yield transaction
            transaction.close()
            self.recorded = self.recorded or None
        self.recorded = True
        if continuity is not None:
            continuity.grown(transaction.size)

    @property
    def size(self) -> int:
        """Number of leaves."""
        with reading(self._engine) as connection:
            return entries.size(connection)

    def entries(self, agreement: AgreementId | str) -> tuple[Recorded, ...]:
        """Return the agreement's entries by counter, with their leaf indexes.

        Raises :class:`schemas.errors.Refused` for an unknown agreement, proposing the nearest known one.
        """
        with reading(self._engine) as connection:
            found = entries.of_agreement(connection, agreement)
            if not found:
                raise unknown("agreement", agreement, register.known_agreements(connection))
        return found

    def installation_entries(self, *, after: int = -1) -> tuple[Recorded, ...]:
        """Return the entries about the installation as a whole after counter ``after``, by counter."""
        with reading(self._engine) as connection:
            return entries.of_agreement(connection, INSTALLATION, after=after)

    def state(self, agreement: AgreementId | str) -> AgreementState:
        """Return where the agreement stands; raises as :meth:`entries`."""
        return fold(recorded.entry for recorded in self.entries(agreement))

    def states(self, agreements: Collection[AgreementId]) -> dict[AgreementId, AgreementState]:
        """Return where each of these agreements stands; an unknown one is left out."""
        with reading(self._engine) as connection:
            found = entries.of_agreements(connection, agreements)
        return {AgreementId(name): fold(one.entry for one in its) for name, its in found.items()}

    def tree(self, size: int | None = None) -> Tree:
        """Return the tree over the first ``size`` leaves (all by default); make one for several proofs."""
        with reading(self._engine) as connection:
            return Tree(entries.hashes(connection, entries.size(connection) if size is None else size))
