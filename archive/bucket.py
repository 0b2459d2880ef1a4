"""One bucket of versions, act by act: what the versioned store and the probe need of S3, without its client.

The words are those of the S3 API (2006-03-01): PutObject, GetObject, HeadObject, ListObjectVersions, DeleteObject,
PutObjectRetention, PutObjectLegalHold. Each act is tried once and ends with an answer, RefusedByStore or
StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http.client import responses
from typing import Protocol

from archive.store import Encryption, Holding, ListedVersion, LockMode, Weakness
from schemas.errors import Refused


class RefusedByStore(Refused):
    """The store answered with an error; ``status`` is the HTTP status and ``code`` the error code of its answer."""

    def __init__(self, what: str, *, where: str, status: int, code: str, remedy: str | None = None) -> None:
        super().__init__(what, where=where, got=status_line(status, code), remedy=remedy)
        self.status = status
        self.code = code


def status_line(status: int, code: str) -> str:
    """Return an answer as a person reads it; one without a body, as to HEAD, has its status for a code."""
    return f"{status} {responses.get(status, '')}".rstrip() if code == str(status) else f"{status} {code}"


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version as read: its bytes and the lock the store reports for it.

    ``version`` is ``None`` in a bucket that keeps no versions.
    """

    content: bytes
    version: str | None
    lock_mode: str | None = None
    retain_until: datetime | None = None
    encryption: str | None = None


class VersionedBucket(Protocol):
    """The acts; threads may share a bucket. ``name`` is how receipts call it."""

    @property
    def name(self) -> str:
        """The bucket's name in receipts and refusals."""
        ...

    @property
    def encryption(self) -> Encryption | None:
        """What every write asks for at rest."""
        ...

    def put(
        self,
        key: str,
        content: bytes,
        *,
        create_only: bool = True,
        lock_mode: LockMode | None = None,
        retain_until: datetime | None = None,
    ) -> str | None:
        """Write one version with its SHA-256 declared and return its VersionId.

        ``create_only`` sends ``If-None-Match: *``; status 412 says that the key is taken.
        """
        ...

    def put_altered(self, key: str, content: bytes, sent: bytes) -> None:
        """Declare and sign ``content`` but send ``sent``, as a fault on the way would."""
        ...

    def read(self, key: str, version: str | None = None) -> StoredVersion:
        """Read one version, or the newest, with the lock the store reports."""
        ...

    def head(self, key: str, version: str | None) -> Holding:
        """Ask what the store says of one version, without its bytes."""
        ...

    def versions(self, prefix: str) -> Iterator[ListedVersion]:
        """List versions and delete markers by the bytes of their keys; the versions of one key newest first.

        A store that cannot list versions lists its keys, each without a version.
        """
        ...

    def delete(self, key: str, version: str | None = None, *, bypass: bool = False) -> None:
        """Delete one version, or set a delete marker; ``bypass`` claims the right to overrule GOVERNANCE."""
        ...

    def retain(self, key: str, version: str, mode: LockMode, until: datetime, *, bypass: bool = False) -> None:
        """Ask for another retention of one version."""
        ...

    def hold(self, key: str, version: str, *, on: bool) -> None:
        """Ask for the legal hold of one version to be placed or released."""
        ...

    def weaknesses(self) -> frozenset[Weakness]:
        """Ask how the bucket is set: versioning, lifecycle, default retention."""
        ...
