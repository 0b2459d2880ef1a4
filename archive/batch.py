"""Many acts in one transaction: the database is asked and written once for all of them.

Each act is judged by itself, as :meth:`archive.transaction.Transaction.append` judges it: exactly once, in its place
of its agreement's history, allowed by the lifecycle. What one act is refused for does not touch the others.

::

    before the lock     entry, leaf and state after each act, from what is remembered of its agreement
    in the lock         which ids are taken and which agreements moved on; those acts are made again
    one commit          all leaves, the size, the register
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from archive import entries, named_digests, register, webhooks
from archive.database import writing
from archive.entries import Recorded
from archive.transaction import Appended, check_same_act, entry_of
from schemas.errors import ConvenioError, Refused
from schemas.events import Entry, Event
from schemas.evidence import AgreementId, Digest
from schemas.lifecycle import transition
from schemas.people import Actor
from schemas.state import AgreementState

LARGEST = 500
"""Acts in one transaction: what others wait for, and what one question to the database can name."""

REMEMBERED = 10_000
"""Agreements whose state is remembered between batches."""


class NewAgreement(NamedTuple):
    """In place of an agreement's id: the next one of its type and year, such as ``MOU-2026-0001``."""

    document_type: str
    year: int


@dataclass(frozen=True, slots=True)
class Act:
    """An act to be appended once under ``op_id``."""

    agreement: AgreementId | NewAgreement
    op_id: Digest
    occurred_at: datetime
    actor: Actor
    event: Event


@dataclass(frozen=True, slots=True)
class _Made:
    """What an act comes to if its agreement stands at ``before``: an entry, or a refusal."""

    before: AgreementState | None
    entry: Entry | None = None
    leaf: bytes = b""
    after: AgreementState | None = None
    refused: ConvenioError | None = None


class BatchAppender:
    """Appends batches to the ledger in ``engine``; threads take turns.

    Remembers where agreements stand after their committed entries. Entries are append-only and counted without gaps:
    what is remembered holds as long as nobody appended after it, which each batch asks for in its lock.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._remembered: OrderedDict[str, AgreementState] = OrderedDict()
        self._one_at_a_time = Lock()

    def append(self, acts: Sequence[Act]) -> tuple[Appended | ConvenioError, ...]:
        """Append up to :data:`LARGEST` acts and return, for each, what was appended or why it was refused.

        All that was appended is durable on return. Raises :class:`schemas.errors.Unavailable` where the database does
        not answer: nothing of the batch is in the ledger then, or all of it, and repeating it finds out.
        """
        if len(acts) > LARGEST:
            raise Refused("a batch is too large", got=f"{len(acts)} acts", expected=f"at most {LARGEST}")
        if not acts:
            return ()
        with self._one_at_a_time:
            made = self._make(acts)
            with writing(self._engine, patient=True) as connection:
                batch = _Batch(connection, self._current(connection, acts))
                results = tuple(batch.take(act, one) for act, one in zip(acts, made, strict=True))
                batch.write()
            self._remember(batch.states.items())
        return results

    def _make(self, acts: Iterable[Act]) -> list[_Made | None]:
        """Make the acts on what is remembered, one after the other; ``None`` for new agreements."""
        standing: dict[str, AgreementState] = {}
        made: list[_Made | None] = []
        for act in acts:
            if isinstance(act.agreement, NewAgreement):
                made.append(None)
                continue
            before = standing.get(act.agreement) or self._remembered.get(act.agreement)
            one = _make(act, act.agreement, before)
            if one.after is not None:
                standing[act.agreement] = one.after
            made.append(one)
        return made

    def _current(self, connection: Connection, acts: Iterable[Act]) -> _Standing:
        """Return what the batch stands on, with the size locked: nothing of it changes before the commit."""
        size = entries.size(connection, lock=True)
        agreements = {act.agreement for act in acts if not isinstance(act.agreement, NewAgreement)}
        counters = entries.last_counters(connection, agreements)
        states: dict[str, AgreementState] = {}
        for agreement, counter in counters.items():
            state = self._remembered.get(agreement)
            if state is None or state.counter != counter:
                for recorded in entries.of_agreement(
                    connection, agreement, after=-1 if state is None else state.counter
                ):
                    state = transition(state, recorded.entry)
            if state is not None:
                states[agreement] = state
        known = entries.by_op_ids(connection, {act.op_id for act in acts})
        return _Standing(size, states, known)

    def _remember(self, states: Iterable[tuple[str, AgreementState]]) -> None:
        for agreement, state in states:
            self._remembered[agreement] = state
            self._remembered.move_to_end(agreement)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Standing:
    """The ledger as a batch finds it: its size, where its agreements stand, which of its ids are taken."""

    size: int
    states: dict[str, AgreementState]
    known: dict[Digest, Recorded]


class _Batch:
    """One transaction's acts, taken in order."""

    def __init__(self, connection: Connection, standing: _Standing) -> None:
        self._connection = connection
        self._size = standing.size
        self._known = standing.known
        self._leaves: list[tuple[Entry, bytes]] = []
        self._numbers: dict[NewAgreement, int] = {}
        self._begun: set[str] = set()
        self._moved: dict[str, Entry] = {}
        self.states = standing.states

    def take(self, act: Act, made: _Made | None) -> Appended | ConvenioError:
        """Return what the act came to; ``made`` counts only if its agreement still stands where it was made."""
        try:
            if (first := self._known.get(act.op_id)) is not None:
                new = isinstance(act.agreement, NewAgreement)
                check_same_act(first.entry, first.entry.agreement if new else act.agreement, act.actor, act.event)
                return Appended(leaf_index=first.leaf_index, entry=first.entry, repeated=True)
            agreement = self._new_id(act.agreement) if isinstance(act.agreement, NewAgreement) else act.agreement
        except ConvenioError as refused:
            return refused
        before = self.states.get(agreement)
        if made is None or made.before is not before:
            made = _make(act, agreement, before)
        if made.entry is None or made.after is None:
            return made.refused or Refused("nothing came of this act", where=agreement)
        if isinstance(act.agreement, NewAgreement):
            self._numbers[act.agreement] += 1
        return self._append(agreement, made.entry, made.leaf, made.after)

    def write(self) -> None:
        """Write everything taken."""
        if not self._leaves:
            return
        entries.append(self._connection, self._size, *self._leaves)
        moved = [(self.states[agreement], last.occurred_at) for agreement, last in self._moved.items()]
        register.write_all(self._connection, moved, self._begun)
        named_digests.note(self._connection, *(entry for entry, _ in self._leaves))
        webhooks.tell(self._connection, *(entry for entry, _ in self._leaves))
        for new, last in self._numbers.items():
            if last:
                register.give_numbers(self._connection, new.document_type.upper(), new.year, last)

    def _append(self, agreement: str, entry: Entry, leaf: bytes, after: AgreementState) -> Appended:
        if entry.counter == 0:
            self._begun.add(agreement)
        leaf_index = self._size + len(self._leaves)
        self._leaves.append((entry, leaf))
        self._moved[agreement] = entry
        self.states[agreement] = after
        appended = Appended(leaf_index=leaf_index, entry=entry, repeated=False)
        self._known[entry.op_id] = appended
        return appended

    def _new_id(self, new: NewAgreement) -> AgreementId:
        """Return the id a new agreement gets; its number is taken when the request is appended."""
        if new not in self._numbers:
            self._numbers[new] = register.last_number(self._connection, new.document_type.upper(), new.year)
        return register.agreement_id(new.document_type.upper(), new.year, self._numbers[new] + 1)


def _make(act: Act, agreement: AgreementId | str, before: AgreementState | None) -> _Made:
    try:
        entry, leaf = entry_of(
            op_id=act.op_id,
            agreement=agreement,
            counter=0 if before is None else before.counter + 1,
            occurred_at=act.occurred_at,
            actor=act.actor,
            event=act.event,
        )
        return _Made(before, entry, leaf, transition(before, entry))
    except ConvenioError as refused:
        return _Made(before, refused=refused)
