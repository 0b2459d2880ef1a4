"""The ledger: an append-only Merkle log of everything that happened, and the only truth about an agreement's state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from archive import entries, register
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
    read: an altered one raises :class:`schemas.errors.Invalid` with its index.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Yield the right to append, which one transaction has at a time.

        All of it is durable when the block ends; nothing of it when the block raises. Waits for other writers, and
        raises :class:`schemas.errors.Unavailable` where they take too long or the disk is full.
        """
        with writing(self._engine) as connection:
            transaction = Transaction(connection)
            yield transaction
            transaction.close()

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

    def installation_entries(self) -> tuple[Recorded, ...]:
        """Return the entries about the installation as a whole, by counter."""
        with reading(self._engine) as connection:
            return entries.of_agreement(connection, INSTALLATION)

    def state(self, agreement: AgreementId | str) -> AgreementState:
        """Return where the agreement stands; raises as :meth:`entries`."""
        return fold(recorded.entry for recorded in self.entries(agreement))

    def tree(self, size: int | None = None) -> Tree:
        """Return the tree over the first ``size`` leaves (all by default); make one for several proofs."""
        with reading(self._engine) as connection:
            return Tree(entries.hashes(connection, entries.size(connection) if size is None else size))
