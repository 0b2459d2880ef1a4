"""Find out what a bucket really does, by trying it: stores echo the lock's headers and enforce nothing.

Everything happens under ``probe/`` with small objects of its own, never on real keys: some stores answer a lock
request by replacing the object. What the store proves to keep locked stays there until its short retention ends; later
probes remove it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archive.bucket import RefusedByStore, StoredVersion, VersionedBucket
from archive.store import Behaviour, LockMode, ProbedFact, StoreCapabilities, checked_key
from schemas.errors import Refused, StoreUnavailable

_SCRATCH = "probe/"
_LOCKED = "probe/locked/"
_RACERS = 8
_CONTENT = b"Convenio probes what this store does.\n"

_Look = Callable[[str, str], tuple[bool, str]]
"""Takes a key and a VersionId; returns whether all is as it should be, and what was seen."""


def probe(
    bucket: VersionedBucket,
    *,
    mode: LockMode,
    now: datetime,
    run: str,
    retention: timedelta = timedelta(minutes=10),
) -> StoreCapabilities:
    """Return what ``bucket`` was seen to do with locks of ``mode``.

    ``now`` is aware; ``run`` names this probe and no other. ``retention`` is how long the probe's own locked objects
    stay at most; it must exceed the difference between the store's clock and ``now``.
    Raises StoreUnavailable when the bucket does not answer, RefusedByStore when it takes no object at all, and Refused
    when it does not encrypt as it is asked to: nothing is then known about it.
    """
    checked_key(run)
    until = (now.astimezone(UTC) + retention).replace(microsecond=0)
    trial = _Trial(bucket, mode, run, until, sooner=until - retention / 2, later=until + retention / 2)
    trial.encryption()
    facts = (trial.altered_bytes(), trial.race(), trial.versions(), *trial.lock(), trial.hold())
    _tidy(bucket, run)
    return StoreCapabilities(mode=mode, facts=facts)


@dataclass(frozen=True, slots=True)
class _Trial:
    bucket: VersionedBucket
    mode: LockMode
    run: str
    until: datetime
    sooner: datetime
    later: datetime

    def encryption(self) -> None:
        """Demand that a write is encrypted at rest as asked, where that is asked."""
        if (asked := self.bucket.encryption) is None:
            return
        key = f"{_SCRATCH}{self.run}/encrypted"
        refusal = _refusal(lambda: self.bucket.put(key, _CONTENT))
        found = None if refusal else self.bucket.read(key).encryption
        if found != asked.algorithm:
            raise Refused(
                "the store does not encrypt at rest as it is asked to",
                where=f"{key} in {self.bucket.name}",
                got=refusal or f"a write taken, and {found or 'no'} encryption reported",
                expected=asked.algorithm,
                remedy="give the store its keys, or leave sse out of CONVENIO_ARCHIVE_URL and encrypt its disks",
            )

    def altered_bytes(self) -> ProbedFact:
        """Send other bytes than the ones declared and signed."""
        key = f"{_SCRATCH}{self.run}/altered"
        refusal = _refusal(lambda: self.bucket.put_altered(key, _CONTENT, _CONTENT.swapcase()))
        return ProbedFact(
            behaviour=Behaviour.REFUSES_ALTERED_BYTES, holds=refusal is not None, seen=refusal or "the bytes were taken"
        )

    def race(self) -> ProbedFact:
        """Let eight conditional writes of one key run at once."""
        key = f"{_SCRATCH}{self.run}/race"

        def write(racer: int) -> str | StoreUnavailable | None:
            try:
                return _refusal(lambda: self.bucket.put(key, _CONTENT + bytes([racer])))
            except StoreUnavailable as fault:
                return fault

        with ThreadPoolExecutor(_RACERS) as racers:
            answers = list(racers.map(write, range(_RACERS)))
        lost = [answer for answer in answers if isinstance(answer, StoreUnavailable)]
        if len(lost) == _RACERS:
            raise lost[0]
        winners, kept = answers.count(None), len(self._versions(key))
        return ProbedFact(
            behaviour=Behaviour.CREATES_ONCE,
            holds=winners == 1 and kept == 1 and not lost,
            seen=f"{winners} of {_RACERS} won, {kept} kept" + (f", {len(lost)} got no answer" if lost else ""),
        )

    def versions(self) -> ProbedFact:
        """Write a second version and a delete marker over a first, and look for the first."""
        key = f"{_SCRATCH}{self.run}/versions"
        first = self.bucket.put(key, _CONTENT)
        self.bucket.put(key, _CONTENT.swapcase(), create_only=False)
        self.bucket.delete(key)
        listed = self._versions(key)
        if first is None or len(listed) != 2 or listed[-1] != first:
            return ProbedFact(
                behaviour=Behaviour.KEEPS_VERSIONS, holds=False, seen=f"{len(listed)} versions are listed of two"
            )
        kept, seen = self._intact(key, first)
        return ProbedFact(behaviour=Behaviour.KEEPS_VERSIONS, holds=kept, seen=seen)

    def lock(self) -> list[ProbedFact]:
        """Lock one version in its write, then try all that a lock must withstand."""
        key = f"{_LOCKED}{self.run}"
        try:
            version = self.bucket.put(key, _CONTENT, lock_mode=self.mode, retain_until=self.until)
        except RefusedByStore as refusal:
            return [ProbedFact(behaviour=Behaviour.SHOWS_RETENTION, holds=False, seen=f"lock refused: {refusal.got}")]
        if version is None:
            return [ProbedFact(behaviour=Behaviour.SHOWS_RETENTION, holds=False, seen="the store keeps no versions")]
        locked, seen = self._locked(key, version)
        weaker = [(self.mode, self.sooner)]
        if self.mode is LockMode.COMPLIANCE:
            weaker.append((LockMode.GOVERNANCE, self.until))
        return [
            ProbedFact(behaviour=Behaviour.SHOWS_RETENTION, holds=locked, seen=seen),
            # the gentlest first: whatever succeeds leaves nothing for the tries after it to hold on to
            *(
                self._withstands(
                    Behaviour.REFUSES_SHORTENING,
                    self._locked,
                    key,
                    version,
                    lambda mode=mode, until=until, bypass=bypass: self.bucket.retain(
                        key, version, mode, until, bypass=bypass
                    ),
                )
                for mode, until in weaker
                for bypass in (False, True)
            ),
            self._extended(key, version),
            self._withstands(
                Behaviour.REFUSES_DELETION, self._intact, key, version, lambda: self.bucket.delete(key, version)
            ),
            self._withstands(
                Behaviour.REFUSES_BYPASS,
                self._intact,
                key,
                version,
                lambda: self.bucket.delete(key, version, bypass=True),
            ),
        ]

    def hold(self) -> ProbedFact:
        """Place a legal hold on one version, try to delete it, release the hold and delete it."""
        key = f"{_LOCKED}{self.run}-held"
        version = self.bucket.put(key, _CONTENT)
        if version is None:
            return self._hold_fact("the store keeps no versions", holds=False)
        if refusal := _refusal(lambda: self.bucket.hold(key, version, on=True)):
            return self._hold_fact(f"hold refused: {refusal}", holds=False)
        kept = _refusal(lambda: self.bucket.delete(key, version, bypass=True))
        unharmed, seen = self._intact(key, version)
        if kept is None or not unharmed or not self.bucket.head(key, version).held:
            return self._hold_fact(f"{kept or 'deleted under hold'}; {seen}", holds=False)
        let_go = _refusal(lambda: self.bucket.hold(key, version, on=False)) or _refusal(
            lambda: self.bucket.delete(key, version)
        )
        return self._hold_fact(f"{kept}; {let_go or 'deleted once released'}", holds=let_go is None)

    def _hold_fact(self, seen: str, *, holds: bool) -> ProbedFact:
        return ProbedFact(behaviour=Behaviour.HOLDS_LEGALLY, holds=holds, seen=seen)

    def _extended(self, key: str, version: str) -> ProbedFact:
        refusal = _refusal(lambda: self.bucket.retain(key, version, self.mode, self.later))
        holds, seen = self._locked(key, version, self.later)
        return ProbedFact(
            behaviour=Behaviour.EXTENDS_RETENTION,
            holds=refusal is None and holds,
            seen=f"{refusal or 'accepted'}; {seen}",
        )

    def _withstands(
        self, behaviour: Behaviour, look: _Look, key: str, version: str, attack: Callable[[], None]
    ) -> ProbedFact:
        """Attack the locked version; a refusal counts only when ``look`` finds everything as before."""
        refusal = _refusal(attack)
        unharmed, seen = look(key, version)
        return ProbedFact(
            behaviour=behaviour, holds=refusal is not None and unharmed, seen=f"{refusal or 'accepted'}; {seen}"
        )

    def _locked(self, key: str, version: str, until: datetime | None = None) -> tuple[bool, str]:
        intact, seen = self._intact(key, version)
        if not intact:
            return False, seen
        found = self.bucket.read(key, version)
        holds = found.lock_mode == self.mode and found.retain_until == (until or self.until)
        return holds, f"{found.lock_mode} until {found.retain_until}"

    def _intact(self, key: str, version: str) -> tuple[bool, str]:
        try:
            found: StoredVersion = self.bucket.read(key, version)
        except RefusedByStore as refusal:
            return False, f"the version cannot be read: {refusal.got}"
        intact = found.content == _CONTENT
        return intact, "the version is intact" if intact else "the version holds other bytes"

    def _versions(self, key: str) -> list[str | None]:
        return [listed.version for listed in self.bucket.versions(key) if listed.key == key and not listed.deleted]


def _refusal(act: Callable[[], object]) -> str | None:
    """Return how the store refused ``act``, or ``None`` when it did not."""
    try:
        act()
    except Refused as refusal:
        return refusal.got or refusal.what
    return None


def _tidy(bucket: VersionedBucket, run: str) -> None:
    """Delete what this probe wrote and what earlier ones had to leave locked, as far as the store lets go of it."""
    for prefix in (f"{_SCRATCH}{run}/", _LOCKED):
        for listed in list(bucket.versions(prefix)):
            _refusal(lambda listed=listed: bucket.delete(listed.key, listed.version))
