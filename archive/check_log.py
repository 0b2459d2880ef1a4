"""The published log against the database: every checkpoint, tile and entry bundle is what the leaves give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from archive.attack import Attack
from archive.checkpoint import open_checkpoint
from archive.findings import Findings
from archive.log_store import CHECKPOINT, LogStore, kept_path
from archive.recount import Elsewhere, Reader, Recount
from archive.tiles import WIDTH, Tile, decode_bundle, encode_bundle
from schemas.errors import ConvenioError
from schemas.evidence import Checkpoint

_KEPT = kept_path(0)[:-1]

_KEPT_DIFFERENCES = 100
"""Of more tiles that differ the first ones say enough."""


class LogCheck(Reader):
    """Compares the log store with the leaves of the database as they go by.

    ``look`` comes before the database is read: the publisher only shows what the database has already, so that a
    log that is ahead is never a matter of timing.
    """

    def __init__(self, log: LogStore, verifier_key: str, findings: Findings) -> None:
        self._log, self._key, self._findings = log, verifier_key, findings
        self._newest: Checkpoint | None = None
        self._bundle: list[bytes] = []
        self._bundles = self._tiles = 0
        self._differing: list[tuple[Tile, bytes, bytes]] = []

    @property
    def size(self) -> int:
        """How many leaves the newest published checkpoint covers."""
        return 0 if self._newest is None else self._newest.tree_size

    def look(self) -> list[Elsewhere]:
        """Read every published checkpoint and return those that the log's key signed."""
        found = []
        for path in [CHECKPOINT, *self._kept()]:
            checkpoint = self._opened(path)
            if checkpoint is not None:
                found.append(Elsewhere(f"{path} in {self._log.name}", checkpoint.tree_size, checkpoint.root))
            if path == CHECKPOINT:
                self._newest = checkpoint
        return found

    def take(self, leaf: bytes, full: Sequence[tuple[Tile, bytes]]) -> None:
        """Collect a leaf; compare what became full."""
        self._bundle.append(leaf)
        if len(self._bundle) == WIDTH:
            self._compare_bundle()
        for tile, content in full:
            self._compare(tile, content)

    def end(self, partial: Sequence[tuple[Tile, bytes]]) -> None:
        """Compare what is not full at the size published."""
        if self._bundle:
            self._compare_bundle()
        for tile, content in partial:
            self._compare(tile, content)

    def compare(self, recount: Recount) -> None:
        """Judge what differs and how far the log is, once the leaves went by."""
        before = self._findings.attacks
        for tile, held, expected in self._differing:
            self._judge(recount, tile, held, expected)
        if self.size > recount.size and recount.whole:
            self._findings.attack(
                Attack.DATABASE_ROLLED_BACK,
                f"the published checkpoint covers {self.size} leaves, the database has {recount.size}",
                f"{CHECKPOINT} in {self._log.name}",
            )
        elif recount.newest_checkpoints and self.size < recount.newest_checkpoints[0]:
            self._findings.attack(
                Attack.LOG_ROLLED_BACK,
                f"it shows a checkpoint of {self.size} leaves; {recount.newest_checkpoints[-1]} were published",
                f"{CHECKPOINT} in {self._log.name}",
            )
        elif recount.newest_checkpoints and self.size < recount.newest_checkpoints[-1]:
            # the publisher signs before it shows: it may have been stopped in between, and goes on from there
            self._findings.open(
                "published log",
                f"it shows {self.size} leaves, {recount.newest_checkpoints[-1]} are signed: publish again",
                f"{CHECKPOINT} in {self._log.name}",
            )
        elif self._newest is not None and self._findings.attacks == before:
            self._findings.holds(
                "published log", f"{self.size} leaves, {self._tiles} tiles and {self._bundles} entry bundles are theirs"
            )

    def _judge(self, recount: Recount, tile: Tile, held: bytes, expected: bytes) -> None:
        """Say which of two that differ was altered: the database where its leaves contradict what was signed."""
        where = f"{tile.path} in {self._log.name}"
        if not recount.contradicted:
            self._findings.attack(Attack.TILE_ALTERED, "it is not what the database's leaves give", where)
        elif tile.level is None:
            first = tile.index * WIDTH
            for at, (published, kept) in enumerate(zip_longest(_leaves(held), _leaves(expected)), start=first):
                if published != kept:
                    self._findings.attack(Attack.LEAF_ALTERED, "it was published otherwise", f"leaf {at}")

    def _kept(self) -> Iterator[str]:
        return (path for path in self._log.paths(_KEPT) if path.removeprefix(_KEPT).isdecimal())

    def _opened(self, path: str) -> Checkpoint | None:
        note = self._log.get(path)
        if note is None:
            return None
        try:
            checkpoint = open_checkpoint(note.decode(), self._key)
        except (ConvenioError, UnicodeDecodeError) as fault:
            said = fault.what if isinstance(fault, ConvenioError) else "it is not text"
            self._findings.attack(Attack.CHECKPOINT_FORGED, said, f"{path} in {self._log.name}")
            return None
        if path not in {CHECKPOINT, kept_path(checkpoint.tree_size)}:
            self._findings.attack(
                Attack.CHECKPOINT_FORGED, f"it is of {checkpoint.tree_size} leaves", f"{path} in {self._log.name}"
            )
        return checkpoint

    def _compare_bundle(self) -> None:
        tile = Tile(None, self._bundles, len(self._bundle))
        self._compare(tile, encode_bundle(self._bundle))
        self._bundles += 1
        self._tiles -= 1
        self._bundle = []

    def _compare(self, tile: Tile, expected: bytes) -> None:
        where, held = f"{tile.path} in {self._log.name}", self._log.get(tile.path)
        self._tiles += 1
        if held is None and tile.width < WIDTH and (full := self._log.get(tile.full.path)) is not None:
            held = full[: len(expected)]  # a partial tile may go once the full one is there (C2SP tlog-tiles)
        if held is None:
            self._findings.attack(Attack.TILE_MISSING, "the published log lacks it", where)
        elif held != expected and len(self._differing) < _KEPT_DIFFERENCES:
            self._differing.append((tile, held, expected))


def _leaves(bundle: bytes) -> tuple[bytes, ...]:
    """Return the leaves of a bundle; none of one that is cut off."""
    try:
        return decode_bundle(bundle, where="entry bundle")
    except ConvenioError:
        return ()
