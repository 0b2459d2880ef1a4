"""An object store over one bucket of versions: what a key names is the first version stored under it.

Some gateways ignore ``If-None-Match`` in buckets that keep versions (Ceph RGW 16.2 does), and a lock stops neither
later versions nor delete markers. So after every write the versions are listed and the first decides; it is read back
by its VersionId, and the receipt names it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count, takewhile
from typing import TypeVar

from archive.bucket import RefusedByStore, StoredVersion, VersionedBucket
from archive.store import (
    Behaviour,
    ObjectStore,
    StoreCapabilities,
    checked_content,
    checked_key,
    checked_prefix,
    nothing_stored,
    same_content,
)
from schemas.errors import Invalid, StoreUnavailable
from schemas.evidence import DepositReceipt

_PASSING = frozenset({"BadDigest", "RequestTimeout", "SlowDown", "XAmzContentSHA256Mismatch"})
"""Error codes with a status below 500 that a repetition can mend: slow, throttled, or damaged on the way."""

_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "InvalidVersionId", "MethodNotAllowed"})
"""Error codes of a read that found no bytes; MethodNotAllowed is what a delete marker named as a version answers."""

T = TypeVar("T")


class VersionedStore(ObjectStore):
    """An object store in ``bucket``; ``capabilities`` is what the probe proved about that very bucket.

    ``attempts`` bounds how often an act is tried; ``pause`` waits between two tries, for 0.2, 0.4, 0.8 ... seconds.
    """

    def __init__(
        self,
        bucket: VersionedBucket,
        capabilities: StoreCapabilities,
        *,
        attempts: int = 4,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bucket = bucket
        self._capabilities = capabilities
        self._attempts = attempts
        self._pause = pause

    @property
    def capabilities(self) -> StoreCapabilities:
        """What the probe proved about the bucket."""
        return self._capabilities

    def put(self, key: str, content: bytes, *, retain_until: datetime | None = None) -> DepositReceipt:
        """Write the first version, or find it; see :meth:`ObjectStore.put`."""
        digest = checked_content(checked_key(key), content, store=self._bucket.name)
        until = None
        if retain_until is not None and self._capabilities.lock_mode is not None:
            until = _whole_seconds(retain_until)
        written, receipt = self._repeated(lambda: self._write_or_find(key, content, until))
        same_content(receipt, digest)
        if written and until is not None:
            self._check_lock(receipt, until)
        return receipt

    def get(self, key: str, *, version: str | None = None) -> bytes:
        """Read one version, the first unless another is named."""
        checked_key(key)
        if version is None:
            found = self._repeated(lambda: self._first(key))
        else:
            found = self._repeated(lambda: self._read(key, version))
        if found is None:
            raise nothing_stored(key, store=self._bucket.name, version=version)
        checked_content(key, found.content, store=self._bucket.name)
        return found.content

    def stat(self, key: str) -> DepositReceipt | None:
        """Read and hash the first version."""
        checked_key(key)
        found = self._repeated(lambda: self._first(key))
        return None if found is None else self._receipt(key, found)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield every key that has a version, also behind a delete marker."""
        checked_prefix(prefix)
        last = None
        for listed in self._repeated(lambda: list(self._bucket.versions(prefix))):
            if listed.key != last:
                last = listed.key
                yield last

    def _write_or_find(self, key: str, content: bytes, until: datetime | None) -> tuple[bool, DepositReceipt]:
        """Return whether the first version is the one written here, and its receipt."""
        written = None
        # a repetition comes by here too: where writes are not conditional, the try before may have been stored
        found = None if self._capabilities.proves(Behaviour.CREATES_ONCE) else self._first(key)
        if found is None:
            try:
                written = self._bucket.put(
                    key, content, lock_mode=None if until is None else self._capabilities.lock_mode, retain_until=until
                )
            except RefusedByStore as refusal:
                if refusal.status != 412:
                    raise
            found = self._first(key)
        if found is None:
            raise StoreUnavailable(
                "the object is not listed after it was written", where=f"{key} in {self._bucket.name}"
            )
        return written is not None and written == found.version, self._receipt(key, found)

    def _check_lock(self, receipt: DepositReceipt, until: datetime) -> None:
        mode = self._capabilities.lock_mode
        if (receipt.lock_mode, receipt.retain_until) != (mode, until):
            raise Invalid(
                "the store does not report the retention it was given",
                where=f"{receipt.key} in {receipt.store}, version {receipt.version}",
                got=f"{receipt.lock_mode} until {receipt.retain_until}",
                expected=f"{mode} until {until}",
                remedy="probe the store again before anything else is deposited",
            )

    def _first(self, key: str) -> StoredVersion | None:
        versions = list(takewhile(lambda listed: listed.key == key, self._bucket.versions(key)))
        return self._read(key, versions[-1].version) if versions else None

    def _read(self, key: str, version: str | None) -> StoredVersion | None:
        try:
            return self._bucket.read(key, version)
        except RefusedByStore as refusal:
            # AWS calls a VersionId it never gave an invalid argument
            if refusal.code in _ABSENT or (version is not None and refusal.code == "InvalidArgument"):
                return None
            raise

    def _receipt(self, key: str, found: StoredVersion) -> DepositReceipt:
        proven = self._capabilities.lock_mode is not None
        return DepositReceipt(
            store=self._bucket.name,
            key=key,
            version=found.version,
            sha256=checked_content(key, found.content, store=self._bucket.name),
            size_bytes=len(found.content),
            lock_mode=found.lock_mode if proven else None,
            retain_until=found.retain_until if proven else None,
        )

    def _repeated(self, act: Callable[[], T]) -> T:
        """Do ``act`` until it is answered; throttling and conflicts (409) count as no answer."""
        for attempt in count(1):
            try:
                return act()
            except StoreUnavailable:
                if attempt >= self._attempts:
                    raise
            except RefusedByStore as refusal:
                if refusal.status != 409 and refusal.code not in _PASSING:
                    raise
                if attempt >= self._attempts:
                    raise StoreUnavailable(
                        f"the store refused {attempt} times for a passing reason",
                        where=refusal.where,
                        got=refusal.got,
                        remedy="repeat later",
                    ) from refusal
            self._pause(0.1 * 2**attempt)
        raise AssertionError


def _whole_seconds(instant: datetime) -> datetime:
    return datetime.fromtimestamp(math.ceil(instant.timestamp()), UTC)
