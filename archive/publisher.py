"""Publishing the ledger: tiles first, then the signature over them, then what everybody reads.

::

    tiles         what the log store lacks, each read back
    consistency   the tree of the tiles begins with every tree signed or shown before (RFC 9162 2.1.4)
    record        the signed checkpoint, by compare-and-swap, in the database
    cosign        the witnesses' signatures, as far as they answer
    keep          checkpoints/<size>, create-only
    show          checkpoint, which moves on
    stamp         checkpoints/<size>.tsr, an RFC 3161 token over the kept bytes

Every step may be repeated: a publisher killed at any of them is completed by the next one. Work and memory grow with
what is new. Ed25519 is deterministic: a checkpoint lost after signing is signed alike again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Engine

from archive import publication
from archive.checkpoint import CheckpointKey, open_checkpoint, sign_checkpoint
from archive.cosignature import with_cosignatures
from archive.database import reading, writing
from archive.lease import LEASE, Lease
from archive.log_position import Position, read_position
from archive.log_store import CHECKPOINT, LogStore, kept_path, token_path
from archive.log_writer import write_tiles
from archive.merkle import EMPTY_ROOT, ConsistencyProof, verify_consistency
from archive.signed_note import SignatureLine
from archive.tiles import TileTree
from schemas.errors import ConflictingContent, ConvenioError, Invalid, Unavailable, WitnessDisagrees
from schemas.evidence import Checkpoint

POLL_SECONDS = 0.02


class Step(StrEnum):
    """The durable steps, in their order; a publisher calls its ``step`` with ``before ...`` and ``after ...``."""

    TILES = "tiles"
    CONSISTENCY = "consistency"
    RECORD = "record"
    COSIGN = "cosign"
    KEEP = "keep"
    SHOW = "show"
    STAMP = "stamp"


class Cosigner(Protocol):
    """A witness as the publisher sees it; see :class:`archive.witness_client.WitnessClient`."""

    name: str
    required: bool

    def seen(self, signed: Checkpoint) -> int:
        """Return the size of the tree the witness has cosigned last."""
        ...

    def cosign(self, checkpoint: Checkpoint, prove: Callable[[int], ConsistencyProof]) -> SignatureLine:
        """Return the witness's co-signature on ``checkpoint``; ``prove`` gives the proof from an older size."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """What is published now: the checkpoint with its co-signatures, its token if there is one, and what is missing.

    ``complaints`` are sentences: a witness that did not answer or disagrees, a timestamp authority that did not answer.
    """

    checkpoint: Checkpoint
    token: bytes | None
    complaints: tuple[str, ...]


class Publisher:
    """Publishes the ledger in ``engine`` to ``store``, signed with ``key``; safe to use from several processes.

    ``stamp`` returns an RFC 3161 token (DER) over the bytes it is given. ``step`` is called around each durable step.
    ``clock`` gives aware instants in UTC.
    """

    def __init__(
        self,
        engine: Engine,
        key: CheckpointKey,
        store: LogStore,
        clock: Callable[[], datetime],
        *,
        stamp: Callable[[bytes], bytes] | None = None,
        witnesses: Sequence[Cosigner] = (),
        step: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._engine = engine
        self._key = key
        self._store = store
        self._clock = clock
        self._stamp = stamp
        self._witnesses = witnesses
        self._step = step
        self._sleep = sleep

    def publish(self) -> Published:
        """Publish everything appended so far and return what is shown; with nothing new, what is there.

        Raises :class:`Invalid`, and signs nothing, where database, log store and required witnesses contradict each
        other: the message says with which sizes. Raises :class:`Unavailable` where one of them does not answer, or
        another publisher holds the lease for too long.
        """
        lease = self._leased()
        complaints: list[str] = []
        try:
            at = read_position(self._engine, self._key, self._store)
            shown = at.kept
            if at.signed is not None and (shown is None or shown.tree_size < at.signed.tree_size):
                # a publisher died after signing: what it signed is shown first
                self._write_tiles(lease, at, at.signed.tree_size)
                if at.kept is None:
                    self._keep_earlier(lease, at.signed)
                shown = self._show(lease, at.signed, complaints)
                at = replace(at, kept=shown)
            if at.signed is None or at.size > at.signed.tree_size:
                self._ask_witnesses(at.signed, complaints)
                root = self._write_tiles(lease, at, at.size)
                signed = sign_checkpoint(self._key, tree_size=at.size, root=root)
                with self._durable(lease, Step.RECORD), writing(self._engine) as connection:
                    lease.check(connection)
                    publication.record(connection, signed, self._clock(), self._key.verifier_key)
                shown = self._show(lease, signed, complaints)
            elif shown is not None and (at.shown is None or at.shown.tree_size < shown.tree_size):
                shown = self._show(lease, shown, complaints)
            if shown is None:
                raise Invalid("nothing is shown after publishing", where=self._store.name)
            return Published(shown, self._token(lease, shown, complaints), tuple(complaints))
        finally:
            with suppress(Unavailable):
                lease.give_back()

    def _leased(self) -> Lease:
        begun = self._clock()
        while (lease := Lease.take(self._engine, self._clock)) is None:
            if self._clock() > begun + 2 * LEASE:
                raise Unavailable("another publisher is at work", where=self._key.name, remedy="try again later")
            self._sleep(POLL_SECONDS)
        return lease

    @contextmanager
    def _durable(self, lease: Lease, step: Step) -> Generator[None]:
        """Run a durable step, if the lease still holds."""
        lease.renew()
        self._step(f"before {step}")
        yield
        self._step(f"after {step}")

    def _write_tiles(self, lease: Lease, at: Position, size: int) -> bytes:
        """Write the tiles of the tree of ``size`` leaves, prove it to begin with what was signed, return its root."""
        with self._durable(lease, Step.TILES):
            root = write_tiles(self._engine, self._store, kept=at.kept, size=size, alive=lease.renew)
        with self._durable(lease, Step.CONSISTENCY):
            tree = TileTree(size, self._store.get)
            for signed in (at.signed, at.kept, at.shown):
                if signed is not None:
                    _check_begins(tree, signed, root)
        return root

    def _keep_earlier(self, lease: Lease, signed: Checkpoint) -> None:
        """Keep the checkpoints before ``signed`` in a log store that holds none; their co-signatures are lost."""
        with reading(self._engine) as connection:
            earlier = [one for one in publication.every(connection, self._key.verifier_key) if one != signed]
        for checkpoint in earlier:
            lease.renew()
            self._store.put_once(kept_path(checkpoint.tree_size), checkpoint.note.encode())

    def _show(self, lease: Lease, signed: Checkpoint, complaints: list[str]) -> Checkpoint:
        """Have ``signed`` co-signed, kept and shown; return it as it was kept."""
        path = kept_path(signed.tree_size)
        kept = self._store.get(path)
        if kept is None:
            with self._durable(lease, Step.COSIGN):
                note = self._cosigned(signed, complaints).encode()
            with self._durable(lease, Step.KEEP):
                # of two publishers that race here, the first one's co-signatures stay
                with suppress(ConflictingContent):
                    self._store.put_once(path, note)
                kept = self._store.get(path) or note
        opened = open_checkpoint(kept.decode(), self._key.verifier_key)
        if (opened.tree_size, opened.root) != (signed.tree_size, signed.root):
            raise Invalid(
                "the log store keeps another tree than was signed",
                where=path,
                got=opened.root,
                expected=signed.root,
                remedy="two ledgers were signed with one key: keep both checkpoints, they prove it",
            )
        if self._store.get(CHECKPOINT) != kept:
            with self._durable(lease, Step.SHOW):
                self._store.replace(CHECKPOINT, kept)
        return opened

    def _ask_witnesses(self, signed: Checkpoint | None, complaints: list[str]) -> None:
        """Raise :class:`WitnessDisagrees` where a required witness has seen more than this database signed."""
        known = signed or sign_checkpoint(self._key, tree_size=0, root=EMPTY_ROOT)
        for witness in self._witnesses:
            with _excused(witness, complaints):
                seen = witness.seen(known)
                if seen > known.tree_size:
                    raise WitnessDisagrees(
                        "a witness is ahead of the database",
                        where=witness.name,
                        got=f"a database signed up to {known.tree_size} leaves",
                        expected=f"at least the {seen} leaves the witness has seen",
                        remedy="the database was rolled back: restore it, or rebuild it from the log",
                    )

    def _cosigned(self, signed: Checkpoint, complaints: list[str]) -> str:
        tree = TileTree(signed.tree_size, self._store.get)
        lines = []
        for witness in self._witnesses:
            with _excused(witness, complaints):
                lines.append(witness.cosign(signed, lambda old: tree.consistency(old, signed.tree_size)))
        return with_cosignatures(signed.note, lines)

    def _token(self, lease: Lease, shown: Checkpoint, complaints: list[str]) -> bytes | None:
        """Return the token over what is shown, made if it is missing.

        Older checkpoints without one are left alone: a token over a tree says the time of all that it begins with.
        """
        path = token_path(shown.tree_size)
        token = self._store.get(path)
        if token is None and self._stamp is not None:
            try:
                token = self._stamp(shown.note.encode())
            except ConvenioError as fault:
                complaints.append(f"the checkpoint of {shown.tree_size} leaves has no timestamp yet: {fault.what}")
                return None
            with self._durable(lease, Step.STAMP):
                with suppress(ConflictingContent):
                    self._store.put_once(path, token)
                token = self._store.get(path)
        return token


def _check_begins(tree: TileTree, signed: Checkpoint, root: bytes) -> None:
    """Raise :class:`Invalid` unless the tree of the published tiles has this root and begins with ``signed``."""
    proof = tree.consistency(signed.tree_size, tree.size)
    verify_consistency(proof, old_root=bytes.fromhex(signed.root), new_root=root)


@contextmanager
def _excused(witness: Cosigner, complaints: list[str]) -> Generator[None]:
    """Go on without a witness that does not answer or disagrees, unless it is required.

    What it saw is its word, which it does not sign: one that nobody relies on could stop the ledger by it.
    """
    try:
        yield
    except Unavailable as fault:
        if witness.required:
            raise
        complaints.append(f"witness {witness.name} did not co-sign: {fault.what}")
    except WitnessDisagrees as fault:
        if witness.required:
            raise
        complaints.append(f"witness {witness.name} disagrees: {fault.what}; got {fault.got}, expected {fault.expected}")
