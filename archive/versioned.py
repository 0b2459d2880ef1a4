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
    Holding,
    ListedVersion,
    ObjectStore,
    StoreCapabilities,
    Weakness,
    checked_content,
    checked_key,
    checked_prefix,
    nothing_stored,
    same_content,
)
from schemas.errors import Invalid, Refused, StoreUnavailable
from schemas.evidence import DepositReceipt, digest_of

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
        if retain_until is not None and self.capabilities.lock_mode is not None:
            until = _whole_seconds(retain_until)
        written, found = self._repeated(lambda: self._write_or_find(key, content, until))
        receipt = same_content(self._receipt(key, found), digest)
        if written and until is not None:
            self._check_lock(receipt, until)
        if written:
            self._check_encryption(receipt, found)
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
        for listed in self.versions(prefix):
            if listed.key != last and not listed.deleted:
                last = listed.key
                yield last

    def versions(self, prefix: str = "") -> Iterator[ListedVersion]:
        """List every version and delete marker."""
        checked_prefix(prefix)
        return iter(self._repeated(lambda: list(self._bucket.versions(prefix))))

    def inspect(self, key: str, version: str | None) -> Holding | None:
        """Ask for the version's headers."""
        checked_key(key)
        return self._repeated(lambda: self._head(key, version))

    def examine(self, key: str, version: str | None) -> DepositReceipt | None:
        """Read and hash one version, without comparing it with its key."""
        checked_key(key)
        found = self._repeated(lambda: self._read(key, version))
        return None if found is None else self._described(key, found)

    def weaknesses(self) -> frozenset[Weakness]:
        """Ask for the bucket's settings, where its lock is relied on."""
        return self._repeated(self._bucket.weaknesses) if self.capabilities.worm else frozenset()

    def extend(self, receipt: DepositReceipt, until: datetime) -> Holding:
        """Move the lock on where it ends before ``until``; see :meth:`ObjectStore.extend`."""
        holding, version, mode = self._there(receipt), receipt.version, self.capabilities.lock_mode
        end = _whole_seconds(until)
        if mode is None or version is None or (holding.retain_until is not None and holding.retain_until >= end):
            return holding
        self._repeated(lambda: self._bucket.retain(receipt.key, version, mode, end))
        holding = self._there(receipt)
        if (holding.lock_mode, holding.retain_until) != (mode, end):
            raise _not_done(receipt, f"{holding.lock_mode} until {holding.retain_until}", f"{mode} until {end}")
        return holding

    def hold(self, receipt: DepositReceipt, *, on: bool) -> Holding:
        """Place or release the store's legal hold; see :meth:`ObjectStore.hold`."""
        holding, version = self._there(receipt), receipt.version
        if not self.capabilities.holds_legally or version is None or holding.held is on:
            return holding
        self._repeated(lambda: self._bucket.hold(receipt.key, version, on=on))
        holding = self._there(receipt)
        if holding.held is not on:
            raise _not_done(receipt, "no legal hold" if on else "a legal hold", "a legal hold" if on else "none")
        return holding

    def dispose(self, receipt: DepositReceipt) -> None:
        """Delete one version and make sure that it is gone; see :meth:`ObjectStore.dispose`."""
        if self.inspect(receipt.key, receipt.version) is None:
            return
        try:
            self._repeated(lambda: self._bucket.delete(receipt.key, receipt.version))
        except RefusedByStore as refusal:
            raise Refused(
                "the store does not let go of this version",
                where=_place_of(receipt),
                got=refusal.got,
                expected="no lock and no legal hold on it, and the right to delete versions",
                remedy="see how it is held (convenio archive retention), and repeat when that has ended",
            ) from refusal
        if self.inspect(receipt.key, receipt.version) is not None:
            raise _not_done(receipt, "the version is still there", "a version that is gone")

    def _there(self, receipt: DepositReceipt) -> Holding:
        holding = self.inspect(receipt.key, receipt.version)
        if holding is None:
            raise nothing_stored(receipt.key, store=self._bucket.name, version=receipt.version)
        return holding

    def _write_or_find(self, key: str, content: bytes, until: datetime | None) -> tuple[bool, StoredVersion]:
        """Return whether the first version is the one written here, and that version."""
        written, mode = None, self.capabilities.lock_mode
        # a repetition comes by here too: where writes are not conditional, the try before may have been stored
        found = None if self.capabilities.proves(Behaviour.CREATES_ONCE) else self._first(key)
        if found is None:
            try:
                version = self._bucket.put(key, content, lock_mode=None if until is None else mode, retain_until=until)
                written = (version,)
            except RefusedByStore as refusal:
                if refusal.status != 412:
                    raise
            found = self._first(key)
        if found is None:
            raise StoreUnavailable(
                "the object is not listed after it was written", where=f"{key} in {self._bucket.name}"
            )
        return written == (found.version,), found

    def _check_encryption(self, receipt: DepositReceipt, found: StoredVersion) -> None:
        asked = self._bucket.encryption
        if asked is not None and found.encryption != asked.algorithm:
            raise Invalid(
                "the store does not report the encryption it was asked for",
                where=_place_of(receipt),
                got=found.encryption or "none",
                expected=asked.algorithm,
                remedy="probe the store again before anything else is deposited",
            )

    def _check_lock(self, receipt: DepositReceipt, until: datetime) -> None:
        mode = self.capabilities.lock_mode
        if (receipt.lock_mode, receipt.retain_until) != (mode, until):
            raise Invalid(
                "the store does not report the retention it was given",
                where=_place_of(receipt),
                got=f"{receipt.lock_mode} until {receipt.retain_until}",
                expected=f"{mode} until {until}",
                remedy="probe the store again before anything else is deposited",
            )

    def _first(self, key: str) -> StoredVersion | None:
        own = takewhile(lambda listed: listed.key == key, self._bucket.versions(key))
        versions = [listed.version for listed in own if not listed.deleted]
        return self._read(key, versions[-1]) if versions else None

    def _head(self, key: str, version: str | None) -> Holding | None:
        try:
            return self._bucket.head(key, version)
        except RefusedByStore as refusal:
            # the answer to a HEAD has no body, and so no code; 405 is a delete marker's
            if refusal.status in {404, 405} or (version is not None and refusal.status == 400):
                return None
            raise

    def _read(self, key: str, version: str | None) -> StoredVersion | None:
        try:
            return self._bucket.read(key, version)
        except RefusedByStore as refusal:
            # AWS calls a VersionId it never gave an invalid argument
            if refusal.code in _ABSENT or (version is not None and refusal.code == "InvalidArgument"):
                return None
            raise

    def _receipt(self, key: str, found: StoredVersion) -> DepositReceipt:
        checked_content(key, found.content, store=self._bucket.name)
        return self._described(key, found)

    def _described(self, key: str, found: StoredVersion) -> DepositReceipt:
        proven = self.capabilities.lock_mode is not None
        return DepositReceipt(
            store=self._bucket.name,
            key=key,
            version=found.version,
            sha256=digest_of(found.content),
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


def _place_of(receipt: DepositReceipt) -> str:
    return f"{receipt.key} in {receipt.store}, version {receipt.version}"


def _not_done(receipt: DepositReceipt, got: str, expected: str) -> Invalid:
    return Invalid(
        "the store says that it was done, and it was not",
        where=_place_of(receipt),
        got=got,
        expected=expected,
        remedy="probe the store again (convenio archive probe) before it is relied on",
    )


def _whole_seconds(instant: datetime) -> datetime:
    return datetime.fromtimestamp(math.ceil(instant.timestamp()), UTC)
