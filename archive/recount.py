"""One walk through the whole ledger, leaf by leaf: everything the database says about itself, proved again.

Memory grows with agreements and objects, not with leaves; every checkpoint costs O(log n) hashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

from sqlalchemy import Connection, Row, select

from archive import entries, tables
from archive.attack import Attack
from archive.checkpoint import open_checkpoint
from archive.exact import read_exact
from archive.findings import Findings
from archive.merkle import leaf_hash
from archive.named import Place, named_by, naming, receipts_of
from archive.named_digests import pairs_of
from archive.register import RegisterRow, row_of
from archive.tile_edge import Edge
from archive.tiles import Tile
from schemas import events as ev
from schemas.errors import ConvenioError
from schemas.evidence import Checkpoint, DepositReceipt, Digest
from schemas.installation import Replay
from schemas.state import AgreementState, Stage


class Reader(Protocol):
    """Whoever wants to see the first ``size`` leaves on the way, and the tiles they make."""

    @property
    def size(self) -> int:
        """How many leaves it takes."""
        ...

    def take(self, leaf: bytes, full: Sequence[tuple[Tile, bytes]]) -> None:
        """Take the next leaf, and the tiles that became full with it."""
        ...

    def end(self, partial: Sequence[tuple[Tile, bytes]]) -> None:
        """Take the tiles that are not full after the last leaf."""
        ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A head of the tree that does not lie in the database, signed by the log's key; ``where`` says whose it is."""

    where: str
    tree_size: int
    root: Digest


@dataclass
class Recount:
    """What the leaves amount to.

    ``whole`` is false where some are missing and nothing after them was read; ``contradicted`` is true where a signed
    checkpoint, or their own hashes, say that they were others; ``signed_size`` is the largest size they are signed in.
    ``named`` and ``naming`` (records and reports among them that name further files) have the first leaf of each;
    ``digests`` are what each agreement names.
    """

    size: int = 0
    whole: bool = True
    root: bytes = b""
    signed_size: int = 0
    contradicted: bool = False
    checkpoints: int = 0
    newest_checkpoints: tuple[int, ...] = ()
    register: dict[str, RegisterRow] = field(default_factory=dict)
    states: dict[str, AgreementState] = field(default_factory=dict)
    named: dict[Place, int] = field(default_factory=dict)
    naming: dict[Place, int] = field(default_factory=dict)
    owners: dict[Place, set[str]] = field(default_factory=dict)
    digests: set[tuple[Digest, str]] = field(default_factory=set)
    certificates: set[Place] = field(default_factory=set)
    receipts: list[DepositReceipt] = field(default_factory=list)
    erased: dict[Digest, int] = field(default_factory=dict)
    inventory: ev.InventoryTaken | None = None

    def requires(self, place: Place) -> bool:
        """Whether an object at ``place`` has to be there: what was disposed of leaves only its certificate.

        Data that several agreements have is stored once, and stays until all of them are disposed of.
        """
        owners = self.owners.get(place, {place.folder.rpartition("/")[2]})
        return place in self.certificates or any(not self._disposed(owner) for owner in owners)

    def _disposed(self, agreement: str) -> bool:
        state = self.states.get(agreement)
        return state is not None and state.stage is Stage.DISPOSED


def recount(
    connection: Connection,
    verifier_key: str,
    findings: Findings,
    *,
    elsewhere: Sequence[Elsewhere] = (),
    reader: Reader | None = None,
) -> Recount:
    """Walk through all leaves and return what they amount to; whatever does not hold is a finding."""
    return _Walk(connection, verifier_key, findings, elsewhere, reader).go()


class _Walk:
    def __init__(
        self,
        connection: Connection,
        verifier_key: str,
        findings: Findings,
        elsewhere: Sequence[Elsewhere],
        reader: Reader | None,
    ) -> None:
        self._connection, self._key, self._findings, self._reader = connection, verifier_key, findings, reader
        self._elsewhere: dict[int, list[Elsewhere]] = {}
        for one in elsewhere:
            self._elsewhere.setdefault(one.tree_size, []).append(one)
        self._differing: list[Elsewhere] = []
        self._tree, self._replay = Edge(), Replay()
        self._counters: dict[str, int] = {}
        self._broken: set[str] = set()
        self._found = Recount(states=self._replay.states)

    def go(self) -> Recount:
        found = self._found
        signed = self._signed()
        waiting = next(signed, None)
        while waiting is not None and waiting.tree_size == 0:
            waiting = self._compare_signed(waiting, signed)
        for row in self._rows():
            if row.leaf_index != self._tree.size:
                found.whole = False
                self._findings.attack(
                    Attack.LEAF_MISSING, f"leaf {row.leaf_index} comes next", f"leaf {self._tree.size}"
                )
                break
            self._take(row)
            self._compare_elsewhere()
            while waiting is not None and waiting.tree_size == self._tree.size:
                waiting = self._compare_signed(waiting, signed)
        found.size, found.root = self._tree.size, self._tree.root()
        self._check_size()
        if found.whole:
            for checkpoint in chain([] if waiting is None else [waiting], signed):
                self._findings.attack(
                    Attack.DATABASE_ROLLED_BACK,
                    f"the database's own checkpoint covers {checkpoint.tree_size} leaves, it has {found.size}",
                    f"checkpoint of {checkpoint.tree_size}",
                )
        self._judge_differing()
        return found

    def _take(self, row: Row) -> None:
        where, kept = f"leaf {row.leaf_index}", bytes(row.leaf_hash)
        hashed = leaf_hash(row.leaf)
        if hashed != kept:
            self._found.contradicted = True
            self._findings.attack(Attack.LEAF_ALTERED, f"its bytes hash to {hashed.hex()}, not {kept.hex()}", where)
        # what was hashed when it was appended is what the tree was made of
        full = list(self._tree.extend([kept]))
        if self._reader is not None and self._tree.size <= self._reader.size:
            self._reader.take(row.leaf, full)
            if self._tree.size == self._reader.size:
                self._reader.end(list(self._tree.partial()))
        try:
            entry = read_exact(ev.Entry, row.leaf, where=where)
        except ConvenioError as fault:
            if hashed == kept:
                self._findings.attack(Attack.LEAF_ALTERED, fault.what, where)
            return
        if (entry.op_id, entry.agreement, entry.counter) != (row.op_id, row.agreement, row.counter):
            self._findings.attack(Attack.LEAF_ALTERED, "its row says otherwise than the leaf", where)
        self._follow(entry, where)
        self._collect(entry, row.leaf_index)

    def _follow(self, entry: ev.Entry, where: str) -> None:
        """Follow one agreement; after its first fault the rest of it would only repeat that fault."""
        if entry.agreement in self._broken:
            return
        expected = self._counters.get(entry.agreement, -1) + 1
        if entry.counter != expected:
            self._broken.add(entry.agreement)
            self._findings.attack(
                Attack.COUNTER_GAP, f"{entry.agreement} goes on with entry {entry.counter}, not {expected}", where
            )
            return
        self._counters[entry.agreement] = entry.counter
        try:
            state = self._replay.take(entry)
        except ConvenioError as fault:
            self._broken.add(entry.agreement)
            self._findings.attack(Attack.HISTORY_IMPOSSIBLE, f"{entry.agreement}: {fault.what}", where)
            return
        if state is not None:
            self._found.register[entry.agreement] = row_of(state, entry.occurred_at)

    def _collect(self, entry: ev.Entry, leaf_index: int) -> None:
        for place in named_by(entry):
            self._found.named.setdefault(place, leaf_index)
            self._found.owners.setdefault(place, set()).add(entry.agreement)
            if isinstance(entry.event, ev.Disposed):
                self._found.certificates.add(place)
        for place in naming(entry):
            self._found.naming.setdefault(place, leaf_index)
        self._found.digests.update(pairs_of(entry))
        self._found.receipts.extend(receipts_of(entry))
        if isinstance(entry.event, ev.PersonErased):
            self._found.erased[entry.event.person] = leaf_index
        elif isinstance(entry.event, ev.InventoryTaken):
            self._found.inventory = entry.event

    def _compare_signed(self, checkpoint: Checkpoint, signed: Iterator[Checkpoint]) -> Checkpoint | None:
        """Compare one of the database's own checkpoints with the tree of its size and return the next one."""
        if self._tree.root().hex() == checkpoint.root:
            self._found.signed_size = checkpoint.tree_size
        else:
            self._found.contradicted = True
            self._findings.attack(
                Attack.LEDGER_REWRITTEN,
                f"the leaves lead to root {self._tree.root().hex()}, signed was {checkpoint.root}",
                f"checkpoint of {checkpoint.tree_size}",
            )
        return next(signed, None)

    def _compare_elsewhere(self) -> None:
        for one in self._elsewhere.pop(self._tree.size, ()):
            if one.root != self._tree.root().hex():
                self._differing.append(one)

    def _judge_differing(self) -> None:
        for one in self._differing:
            size = one.tree_size
            # a tree that the log's key vouches for too: then the key signed two that contradict each other
            forked = self._found.signed_size >= size
            self._found.contradicted = True
            self._findings.attack(
                Attack.FORK if forked else Attack.LEDGER_REWRITTEN,
                f"{one.where} holds a signed checkpoint of {size} leaves with root {one.root}; "
                "the database's leaves lead to another",
                one.where,
            )

    def _check_size(self) -> None:
        recorded = entries.size(self._connection)
        if self._found.whole and self._found.size < recorded:
            self._found.whole = False
            self._findings.attack(
                Attack.LEAF_MISSING, f"the ledger says it has {recorded} leaves", f"leaf {self._found.size}"
            )
        elif self._found.size > recorded:
            self._findings.attack(
                Attack.LEAF_BEYOND_SIZE, f"the ledger says it has {recorded} leaves", f"leaf {recorded}"
            )

    def _rows(self) -> Iterator[Row]:
        statement = select(tables.ledger_entries).order_by(tables.ledger_entries.c.leaf_index)
        return iter(self._connection.execute(statement.execution_options(yield_per=1000)))

    def _signed(self) -> Iterator[Checkpoint]:
        """Yield the database's own checkpoints that hold as signed notes, the smallest first."""
        columns = tables.checkpoints.c
        statement = select(columns.tree_size, columns.note).order_by(columns.tree_size)
        for row in self._connection.execute(statement.execution_options(yield_per=1000)):
            where = f"checkpoint of {row.tree_size}"
            try:
                checkpoint = open_checkpoint(row.note, self._key)
            except ConvenioError as fault:
                self._findings.attack(Attack.CHECKPOINT_FORGED, fault.what, where)
                continue
            if checkpoint.tree_size != row.tree_size:
                self._findings.attack(Attack.CHECKPOINT_FORGED, f"it is of {checkpoint.tree_size} leaves", where)
                continue
            self._found.checkpoints += 1
            self._found.newest_checkpoints = (*self._found.newest_checkpoints, checkpoint.tree_size)[-2:]
            yield checkpoint
