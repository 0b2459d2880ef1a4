"""A bucket of versions in memory, and one write of it that goes wrong in a given way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from archive.bucket import RefusedByStore, StoredVersion, VersionedBucket
from archive.log_bucket import BucketLog
from archive.store import (
    Behaviour,
    Encryption,
    Holding,
    ListedVersion,
    LockMode,
    ProbedFact,
    StoreCapabilities,
    Weakness,
)
from archive.versioned import VersionedStore
from schemas.errors import StoreUnavailable
from tests.worlds import World

PROVEN = StoreCapabilities(facts=(ProbedFact(behaviour=Behaviour.CREATES_ONCE, holds=True, seen="1 of 8 won, 1 kept"),))
"""What the probe would find of a bucket in memory: conditional writes, and no lock."""


class Wrong(StrEnum):
    """What goes wrong with one write."""

    FAILING = "failing"
    PERSISTED = "failing but persisted"
    LATE = "landing late"
    TRUNCATED = "truncated"
    CONFLICT = "409"
    STORM = "503 storm"


class MemoryBucket(VersionedBucket):
    """Versions by key, oldest first; ``wrong`` happens to write number ``at``, counted from 0 by :meth:`break_at`."""

    name = "memory"
    encryption: Encryption | None = None

    def __init__(self) -> None:
        self.kept: dict[str, list[bytes]] = {}
        self.deleted: set[str] = set()
        self._wrong: Wrong | None = None
        self._writes = self._at = 0
        self._late: list[tuple[str, bytes]] = []

    def copied(self) -> MemoryBucket:
        copy = MemoryBucket()
        copy.kept = {key: list(versions) for key, versions in self.kept.items()}
        copy.deleted = set(self.deleted)
        return copy

    def break_at(self, at: int, wrong: Wrong) -> None:
        self._wrong, self._at, self._writes = wrong, at, 0

    @property
    def writes(self) -> int:
        """How many writes were tried since :meth:`break_at`."""
        return self._writes

    def put(
        self,
        key: str,
        content: bytes,
        *,
        create_only: bool = True,
        lock_mode: LockMode | None = None,
        retain_until: datetime | None = None,
    ) -> str | None:
        number, self._writes = self._writes, self._writes + 1
        if number < self._at or (number > self._at and self._wrong is not Wrong.STORM) or self._wrong is None:
            version = self._write(key, content, create_only=create_only)
            self._land()
            return version
        match self._wrong:
            case Wrong.PERSISTED:
                self._write(key, content, create_only=create_only)
            case Wrong.LATE:
                self._late.append((key, content))
            case Wrong.TRUNCATED:
                self._write(key, content[: len(content) // 2], create_only=create_only)
            case Wrong.CONFLICT:
                raise RefusedByStore("the store refused", where=key, status=409, code="ConditionalRequestConflict")
            case Wrong.STORM if number >= self._at + 9:
                return self._write(key, content, create_only=create_only)
            case _:
                pass
        raise StoreUnavailable("the store did not answer", where=key, got="503 SlowDown")

    def read(self, key: str, version: str | None = None) -> StoredVersion:
        versions = self.kept.get(key, [])
        number = len(versions) if version is None else int(version)
        if not 1 <= number <= len(versions):
            raise RefusedByStore("the store refused", where=key, status=404, code="NoSuchKey")
        return StoredVersion(content=versions[number - 1], version=str(number))

    def head(self, key: str, version: str | None) -> Holding:
        return Holding(size_bytes=len(self.read(key, version).content))

    def versions(self, prefix: str) -> Iterator[ListedVersion]:
        for key in sorted(self.kept):
            if key.startswith(prefix):
                if key in self.deleted:
                    yield ListedVersion(key, "marker", deleted=True)
                for number in range(len(self.kept[key]), 0, -1):
                    yield ListedVersion(key, str(number), len(self.kept[key][number - 1]))

    def weaknesses(self) -> frozenset[Weakness]:
        return frozenset()

    def put_altered(self, key: str, content: bytes, sent: bytes) -> None:
        raise NotImplementedError

    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        """Set a delete marker, which hides the versions beneath from whoever names none."""
        self.deleted.add(key)

    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        raise NotImplementedError

    def hold(self, key: str, version: str, *, on: bool) -> None:
        raise NotImplementedError

    def _write(self, key: str, content: bytes, *, create_only: bool) -> str:
        versions = self.kept.setdefault(key, [])
        if create_only and versions:
            raise RefusedByStore("the store refused", where=key, status=412, code="PreconditionFailed")
        versions.append(content)
        return str(len(versions))

    def _land(self) -> None:
        """Let a write arrive that everybody gave up, whatever lies there by now."""
        for key, content in self._late:
            self.kept.setdefault(key, []).append(content)
        self._late = []


class BucketWorld(World):
    """A world whose store and log are buckets."""

    def over(self, objects: MemoryBucket, log: MemoryBucket) -> BucketWorld:
        self.objects, self.published = objects, log
        self.store = VersionedStore(objects, PROVEN, pause=lambda _: None)
        self.log = BucketLog(log)
        return self

    def copied_over(self, folder: Path) -> BucketWorld:
        """The same world again, its buckets included."""
        copy = self.copied_to(folder)
        return BucketWorld(copy.folder, now=self.now).over(self.objects.copied(), self.published.copied())

    def bucket(self, act: str) -> MemoryBucket:
        return self.published if act == "publish" else self.objects
