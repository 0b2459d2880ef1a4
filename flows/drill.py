"""The restore drill: make the ledger anew in a scratch folder from what would be left, and compare both.

Nothing is written to the published log: the scratch installation only reads it. The installation goes on meanwhile:
log, store and people are compared as they were when the drill began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sqlalchemy import Engine, select

from archive import tables
from archive.database import reading
from archive.layout import deposit_folder, working_folder, working_key
from archive.log_store import CHECKPOINT, LogStore, kept_path
from archive.personal import PERSONAL
from archive.store import ListedVersion, ObjectStore
from archive.transaction import op_id_of
from flows.backup import Backup, restore_files
from flows.checkpoints import publish_checkpoint
from flows.deadline import local_day
from flows.dossiers import dossier_of
from flows.files import write_new
from flows.restore import Restored, restore
from flows.verification import verify_file
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import ConvenioError, Refused
from schemas.evidence import AgreementId, Checkpoint, Digest, Evidence, Instant, Verdict, canonical_json, digest_of
from schemas.installation import INSTALLATION
from schemas.people import SYSTEM
from schemas.state import Stage


class Drill(Evidence):
    """What a drill made anew, and how it differs from what is here; no difference means equal.

    ``leaves`` and ``root`` are those of the newest published checkpoint; ``dossiers`` counts the archived agreements
    whose dossier, written from the restored ledger, verified. ``disposed`` were disposed of while the drill went on:
    what was stored of them is not compared.
    """

    at: Instant
    leaves: int
    root: Digest
    agreements: int
    dossiers: int
    differences: tuple[str, ...]
    disposed: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether everything that was compared is the same."""
        return not self.differences


def drill(house: Installation, backup: Backup, scratch: Path) -> Drill:
    """Restore from ``backup``, the published log and the store into the empty folder ``scratch``, and compare.

    The result goes into the ledger. Raises :class:`Unavailable` where a store does not answer, and whatever refuses
    the restore itself: a drill that cannot restore has failed, and says so by its exit code.
    """
    # listed before the ledger is published: every object is stored before the entry that names it
    store, there = _AsListed(house.store), _personal_rows(house.engine)
    log = _Frozen(house.log_store, publish_checkpoint(house))
    restore_files(backup, scratch)
    settings = house.settings.model_copy(update={"home": scratch, "database_url": None})
    other = _Scratch(settings, house.clock, restoring=True, frozen_store=cast("ObjectStore", store), frozen_log=log)
    try:
        restored = restore(other, backup.keys.ledger, backup=backup)
        dossiers, faults = _verified_dossiers(other, backup, scratch)
        # asked last: whatever was found missing until now was disposed of by now, or is missing
        disposed = _disposed_meanwhile(house, other)
        result = Drill(
            at=house.clock(),
            leaves=restored.ledger.checkpoint.tree_size,
            root=restored.ledger.checkpoint.root,
            agreements=restored.ledger.agreements,
            dossiers=dossiers,
            differences=(
                *_differences(house.engine, other.engine, restored, there, disposed),
                *(fault for agreement, fault in faults if agreement not in disposed),
            ),
            disposed=disposed,
        )
    finally:
        other.close()
    _record(house, result)
    return result


@dataclass(frozen=True)
class _Scratch(Installation):
    """An installation in another home that reads log and store of the one that is drilled."""

    frozen_store: ObjectStore = field(kw_only=True)
    frozen_log: LogStore = field(kw_only=True)

    @property
    def store(self) -> ObjectStore:  # pyrefly: ignore  # made elsewhere, and not by this installation
        """The real store, listed as it was; a restored ledger only reads it."""
        return self.frozen_store

    def require_ready(self, *, closely: bool = False) -> None:
        """Ask nothing: the installation that is drilled was asked, and the seal need not be in a backup's files."""

    @property
    def log_store(self) -> LogStore:  # pyrefly: ignore  # the same
        """The real log as it was, which nothing may be published to from here."""
        return self.frozen_log


class _AsListed:
    """A store whose whole listing is the one of when this was made; all else is the store's own."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._listing = tuple(store.versions())

    def versions(self, prefix: str = "") -> Iterator[ListedVersion]:
        """Yield what was listed; under a prefix what lies there now, as an entry may name what was stored since."""
        return self._store.versions(prefix) if prefix else iter(self._listing)

    def __getattr__(self, name: str) -> object:
        """Return what the store itself has."""
        return getattr(self._store, name)


@dataclass(frozen=True)
class _Frozen(LogStore):
    """A log as it was when ``newest`` was published: nothing later is seen, nothing is written."""

    log: LogStore
    newest: Checkpoint

    @property
    def name(self) -> str:
        """The real log's."""
        return self.log.name

    def put_once(self, path: str, content: bytes) -> None:
        """Refuse, unless nothing would change."""
        self.replace(path, content)

    def replace(self, path: str, content: bytes) -> None:
        """Refuse, unless nothing would change."""
        if self.get(path) != content:
            raise Refused("a restore drill publishes nothing", where=f"{path} in {self.name}")

    def get(self, path: str) -> bytes | None:
        """Read the real log; the newest checkpoint is the one it was."""
        return self.newest.note.encode() if path == CHECKPOINT else self.log.get(path)

    def paths(self, prefix: str = "") -> Iterator[str]:
        """List the real log without later checkpoints."""
        return (path for path in self.log.paths(prefix) if not self._is_later(path))

    def _is_later(self, path: str) -> bool:
        prefix = kept_path(0)[:-1]
        size = path.removeprefix(prefix).removesuffix(".tsr")
        return path.startswith(prefix) and size.isdecimal() and int(size) > self.newest.tree_size


def _personal_rows(engine: Engine) -> dict[str, frozenset[str]]:
    """Return the keys of everything that only a backup brings back, by table."""
    with reading(engine) as connection:
        return {
            table.name: frozenset(connection.execute(select(next(iter(table.primary_key.columns)))).scalars())
            for table in PERSONAL
        }


def _differences(
    here: Engine,
    there: Engine,
    restored: Restored,
    needed: Mapping[str, frozenset[str]],
    disposed: Sequence[AgreementId],
) -> Iterator[str]:
    gone = tuple(folder(agreement) for agreement in disposed for folder in (deposit_folder, working_folder))
    for finding in restored.report.findings:
        if finding.verdict is not Verdict.VALID and not (finding.place or "").startswith(gone):
            yield f"{finding.part}: {finding.reason} ({finding.place})"
    if _notes(here, restored) != _notes(there, restored):
        yield f"{CHECKPOINT}s: not the same bytes"
    for table, restored_keys in _personal_rows(there).items():
        if lost := needed[table] - restored_keys:
            yield f"{table}: {len(lost)} rows are not in the backup; take a newer one"


def _notes(engine: Engine, restored: Restored) -> list[str]:
    columns = tables.checkpoints.c
    size = restored.ledger.checkpoint.tree_size
    statement = select(columns.note).where(columns.tree_size <= size).order_by(columns.tree_size)
    with reading(engine) as connection:
        return list(connection.execute(statement).scalars())


def _disposed_meanwhile(house: Installation, other: Installation) -> tuple[AgreementId, ...]:
    """Return the agreements that ``house`` disposed of after the entries that ``other`` was restored from."""
    known = {row.id for row in other.register.rows() if row.stage is not Stage.DISPOSED}
    return tuple(row.id for row in house.register.rows(stage=Stage.DISPOSED) if row.id in known)


def _verified_dossiers(other: Installation, backup: Backup, scratch: Path) -> tuple[int, list[tuple[AgreementId, str]]]:
    """Return how many dossiers verify with the pinned keys, and what is wrong with the others, by agreement."""
    verified, faults = 0, []
    for row in other.register.rows(stage=Stage.ARCHIVED):
        path = scratch / "dossiers" / f"{row.id}.zip"
        try:
            write_new(path, dossier_of(other, row.id), private=True)
            report = verify_file(path, backup.keys)
        except ConvenioError as fault:
            faults.append((row.id, f"dossier of {row.id}: {fault.what}"))
            continue
        if report.verdict is Verdict.INVALID:
            wrong = next(finding for finding in report.findings if finding.verdict is Verdict.INVALID)
            faults.append((row.id, f"dossier of {row.id}: {wrong.part}: {wrong.reason}"))
        else:
            verified += 1
    return verified, faults


def _record(house: Installation, result: Drill) -> None:
    report = canonical_json(result.model_dump(mode="json"))
    digest = digest_of(report)
    house.store.put(working_key(INSTALLATION, digest, "json"), report)
    event = ev.RestoreDrilled(
        day=local_day(house, result.at), leaves=result.leaves, root=result.root, equal=result.equal, report=digest
    )
    with house.ledger.transaction() as tx:
        tx.append_installation(op_id_of("restore drilled", digest), result.at, SYSTEM, event)
