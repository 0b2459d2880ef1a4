"""The object store as the archive sees it: immutable bytes under keys, and an honest word on how they are held.

A key is one or more segments of ASCII letters, digits, ``.``, ``_`` and ``-`` joined by ``/``; no segment begins
with a dot. A key whose last segment begins with 64 hex digits is *content-addressed*: those digits are the SHA-256
of the bytes, and no store hands out or takes other bytes under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from schemas.errors import ConflictingContent, DigestMismatch, Refused
from schemas.evidence import DepositReceipt, Digest, Evidence, Instant, digest_of

_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_NAMED_DIGEST = re.compile(r"([0-9a-f]{64})(?:\.[^/]*)?")
_LONGEST_KEY = 512
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)?")


class LockMode(StrEnum):
    """The two retention modes of S3 Object Lock."""

    GOVERNANCE = "GOVERNANCE"
    """Held against everybody who lacks the right to bypass; for rehearsals."""
    COMPLIANCE = "COMPLIANCE"
    """Held against everybody until the date; for production."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """Encryption at rest asked of S3: ``AES256`` (the store's keys) or ``aws:kms``, with the name of a key there."""

    algorithm: str
    key: str | None = None


class Behaviour(StrEnum):
    """What a store is seen to do, or not, when the probe tries it; see ``archive.probe``."""

    REFUSES_ALTERED_BYTES = "bytes altered on their way are refused"
    CREATES_ONCE = "of eight racing conditional writes exactly one wins"
    KEEPS_VERSIONS = "the first version stays first and readable"
    SHOWS_RETENTION = "the retention asked for is the one reported"
    REFUSES_DELETION = "a locked version is not deleted"
    REFUSES_BYPASS = "a locked version is not deleted with the right to bypass claimed"
    REFUSES_SHORTENING = "a retention is neither shortened nor weakened"
    EXTENDS_RETENTION = "a retention is extended"
    HOLDS_LEGALLY = "a version under legal hold is not deleted, and is once the hold is released"


class Weakness(StrEnum):
    """A setting of a whole bucket that works against what lies in it, or can."""

    VERSIONING_OFF = "versioning is not enabled"
    """What is written next replaces what lies there."""
    LIFECYCLE = "a lifecycle rule expires objects"
    """The store itself deletes what no lock holds, and hides what one does."""
    DEFAULT_RETENTION = "a default retention is set"
    """Objects are locked for a time nobody here chose."""
    UNSEEN = "the bucket's settings cannot be read"
    """These credentials lack the right to look, so that a change would go unseen."""


_WORM = frozenset(Behaviour) - {Behaviour.CREATES_ONCE, Behaviour.HOLDS_LEGALLY}
"""What makes write-once-read-many: CREATES_ONCE spares a second version, the others protect the first.

A legal hold is a right beside the lock.
"""


class ProbedFact(Evidence):
    """One behaviour, whether it was found, and what was seen in the store's own words."""

    behaviour: Behaviour
    holds: bool
    seen: str


class StoreCapabilities(Evidence):
    """What is known about a store by trying it; ``mode`` is the lock mode that was tried.

    A behaviour nobody tried does not hold.
    """

    mode: LockMode | None = None
    facts: tuple[ProbedFact, ...] = ()

    def proves(self, behaviour: Behaviour) -> bool:
        """Return whether the behaviour was tried and found every time."""
        tries = [fact.holds for fact in self.facts if fact.behaviour is behaviour]
        return bool(tries) and all(tries)

    @property
    def findings(self) -> tuple[ProbedFact, ...]:
        """What was seen of every behaviour, in their order; what nobody tried does not hold."""
        why = "not tried: this store has no locks" if self.mode is None else "not tried: the lock was refused before"
        tried = {fact.behaviour for fact in self.facts}
        untried = [ProbedFact(behaviour=one, holds=False, seen=why) for one in Behaviour if one not in tried]
        order = list(Behaviour)
        return tuple(sorted((*self.facts, *untried), key=lambda fact: order.index(fact.behaviour)))

    @property
    def worm(self) -> bool:
        """Whether a stored version provably cannot be altered or deleted before its date."""
        return self.mode is not None and all(self.proves(behaviour) for behaviour in _WORM)

    @property
    def lock_mode(self) -> LockMode | None:
        """The mode objects are locked in; ``None`` unless the lock is proven."""
        return self.mode if self.worm else None

    @property
    def holds_legally(self) -> bool:
        """Whether the store has a legal hold of its own to place; it stands beside a proven lock only."""
        return self.worm and self.proves(Behaviour.HOLDS_LEGALLY)

    @property
    def promise(self) -> str:
        """What may be said of this store to a person: ``WORM`` or ``tamper-evident``."""
        return "WORM" if self.worm else "tamper-evident"


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One version as a listing shows it, or a delete marker (``deleted``), which has no bytes.

    ``version`` is ``None`` in a store that keeps no versions.
    """

    key: str
    version: str | None
    size_bytes: int = 0
    deleted: bool = False


class Holding(Evidence):
    """What a store says of one version without reading it; ``encryption`` is the algorithm at rest it names."""

    size_bytes: int
    lock_mode: str | None = None
    retain_until: Instant | None = None
    held: bool = False
    encryption: str | None = None


class ObjectStore(Protocol):
    """Create-only storage of immutable bytes; every implementation passes ``tests/archive/test_stores.py``.

    *Durability*: when ``put`` returns, the bytes and the name survive a power cut; they were read back and hashed.
    When ``put`` raises, the key holds nothing or the whole content, and the same ``put`` may be repeated.
    *Order*: a key visible in ``keys`` or ``stat`` can be read at once, by every process.
    *Concurrency*: threads and processes may share a store. Of different contents racing for one key one is kept,
    the same for all, and every other caller is refused.
    """

    @property
    def capabilities(self) -> StoreCapabilities:
        """What was proven about this store; the directory proves no lock."""
        ...

    def put(self, key: str, content: bytes, *, retain_until: datetime | None = None) -> DepositReceipt:
        """Store ``content`` under ``key``, or find it there already, and return where it lies.

        ``retain_until`` (aware) is asked of the store in the write itself where the lock is proven, rounded up to
        whole seconds; elsewhere nothing holds it and the receipt's is ``None``. Bytes found there already keep
        the retention of their own deposit.
        Raises ConflictingContent when the key holds other bytes (they stay), DigestMismatch when a content-addressed
        key names other bytes than ``content`` or holds altered ones, StoreUnavailable when the outcome is unknown.
        """
        ...

    def get(self, key: str, *, version: str | None = None) -> bytes:
        """Return the bytes of ``key``: of the receipt's ``version``, else of the first version stored.

        Raises Refused when there are none, DigestMismatch when a content-addressed key holds other bytes.
        """
        ...

    def stat(self, key: str) -> DepositReceipt | None:
        """Return the receipt of what lies under ``key``, by reading and hashing it; ``None`` when nothing does.

        Raises DigestMismatch when a content-addressed key holds other bytes.
        """
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys that begin with ``prefix``, in the order of their bytes.

        Keys stored while the walk goes on may be missing from it.
        """
        ...

    def versions(self, prefix: str = "") -> Iterator[ListedVersion]:
        """Yield all that lies under keys with ``prefix``: every version and delete marker, by the bytes of the keys.

        The versions of one key come newest first.
        """
        ...

    def inspect(self, key: str, version: str | None) -> Holding | None:
        """Return what the store says of a version without reading it; ``None`` when it is not there."""
        ...

    def examine(self, key: str, version: str | None) -> DepositReceipt | None:
        """Read and hash what really lies there, whatever the key names; ``None`` when nothing does."""
        ...

    def weaknesses(self) -> frozenset[Weakness]:
        """Return what is set for the whole store against what lies in it; asked only where the lock is proven."""
        ...

    def extend(self, receipt: DepositReceipt, until: datetime) -> Holding:
        """Have the version locked until ``until`` (aware) at least, and return what the store then says of it.

        Where the lock is not proven nothing is asked of the store. Raises Invalid when the store says it did and did
        not, Refused when the version is not there.
        """
        ...

    def hold(self, receipt: DepositReceipt, *, on: bool) -> Holding:
        """Place or release the store's own legal hold, where that is proven, and return what the store then says.

        ``held`` of the answer says whether the store itself holds it; raises as :meth:`extend`.
        """
        ...

    def dispose(self, receipt: DepositReceipt) -> None:
        """Destroy the version for good; one that is not there is destroyed already.

        Raises Refused while the store holds it.
        """
        ...


def checked_key(key: str) -> str:
    """Return ``key`` as it is, or refuse what could mean another place in some store (``..``, a leading ``/``)."""
    if len(key) > _LONGEST_KEY or not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise Refused(
            "this is not an object key",
            got=repr(key[: _LONGEST_KEY + 1]),
            expected="segments of letters, digits, '.', '_' and '-' joined by '/', none beginning with a dot, "
            f"at most {_LONGEST_KEY} characters",
        )
    return key


def checked_prefix(prefix: str) -> str:
    """Return ``prefix`` as it is, or refuse what no key can begin with."""
    if not _PREFIX.fullmatch(prefix):
        raise Refused("no object key begins like this", got=repr(prefix), expected="the beginning of a key, or nothing")
    return prefix


def named_digest(key: str) -> Digest | None:
    """Return the SHA-256 a content-addressed key names, else ``None``."""
    match = _NAMED_DIGEST.fullmatch(key.rpartition("/")[2])
    return match[1] if match else None


def checked_content(key: str, content: bytes, *, store: str) -> Digest:
    """Return the SHA-256 of ``content``; raises DigestMismatch when ``key`` names another."""
    digest = digest_of(content)
    named = named_digest(key)
    if named is not None and digest != named:
        raise DigestMismatch(
            "the bytes are not the ones the key names",
            where=f"{key} in {store}",
            got=digest,
            expected=named,
            remedy="keep both as they are and compare with another copy; an altered archive is an incident",
        )
    return digest


def same_content(receipt: DepositReceipt, digest: Digest) -> DepositReceipt:
    """Return ``receipt`` when it is about the bytes with ``digest``; raises ConflictingContent otherwise."""
    if receipt.sha256 != digest:
        raise ConflictingContent(
            "another content is stored under this key, and stays",
            where=f"{receipt.key} in {receipt.store}",
            got=digest,
            expected=receipt.sha256,
            remedy="name the new content differently; stored objects are never replaced",
        )
    return receipt


def nothing_stored(key: str, *, store: str, version: str | None = None) -> Refused:
    """Return the refusal for a key, or a version of it, that holds nothing."""
    return Refused(
        "nothing is stored under this key" if version is None else "this version of the object does not exist",
        where=f"{key} in {store}",
        got=version,
        remedy="check the key and version against the deposit receipt in the ledger",
    )
