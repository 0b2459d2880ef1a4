"""Fixity: whether everything stored is still there, as it was, and held as it has to be.

Every version is listed and every deposit's lock is asked for; what is due today is read whole and hashed. Objects
whose keys begin with ``probe/`` are the probe's own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby

from archive.inventory import PROBED
from archive.named import Place, named_in, place_of
from archive.store import Holding, ListedVersion, LockMode, ObjectStore, Weakness, named_digest
from schemas.errors import DigestMismatch, Invalid, Refused
from schemas.evidence import DepositReceipt, Evidence, digest_of

WHOLE_STORE = "the whole store"
"""What stands for a key where a fault is of no single object."""


class Damage(StrEnum):
    """What can be wrong with something stored."""

    ALTERED = "altered"
    """The bytes are not the ones that were stored."""
    MISSING = "missing"
    """The ledger names it, and it is not there."""
    DELETE_MARKER = "delete marker"
    """Somebody deleted it; the version beneath is kept."""
    NEWER_VERSION = "newer version"
    """Other bytes lie over it; the version beneath is kept."""
    LOCK_MISSING = "lock missing"
    """The deposit was locked, and is no longer."""
    LOCK_SHORTENED = "lock shortened"
    """The lock ends before it has to, or is weaker than it was."""
    HOLD_MISSING = "legal hold missing"
    """The ledger says that it is held, and the store, which has legal holds, does not hold it."""
    LOCKS_UNPROVEN = "locks no longer proven"
    """Deposits were locked here, and the store is no longer seen to enforce locks."""


class Fault(Evidence):
    """One fault: what, of which version, what was got and what was expected; a weakness is the whole store's."""

    damage: Damage | Weakness
    key: str
    version: str | None = None
    got: str | None = None
    expected: str | None = None


class FixityReport(Evidence):
    """What one sweep found; ``promise`` is what the store was seen to keep that day."""

    day: date
    promise: str
    listed: int
    read: int
    read_bytes: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit as the ledger knows it: until when it has to be locked where it is, and whether it is held."""

    receipt: DepositReceipt
    locked_until: datetime
    held: bool


def due_on(day: date, last: date | None, days: int) -> Callable[[str], bool]:
    """Return which keys are read whole on ``day``, where the last sweep was on ``last``: each within ``days`` days.

    A key's day follows from its digest; the days that were missed are made up for.
    """
    missed = days if last is None else min((day - last).days, days)
    turns = {(day.toordinal() - back) % days for back in range(missed)}
    return lambda key: int(digest_of(key.encode())[:12], 16) % days in turns


def sweep(
    store: ObjectStore,
    *,
    deposits: Sequence[Deposit],
    named: Collection[Place],
    naming: Collection[Place] = (),
    due: Callable[[str], bool],
    day: date,
) -> FixityReport:
    """Return what is wrong with the store; raises :class:`StoreUnavailable` where it does not answer.

    ``named`` are the places of all other objects the ledger names, ``naming`` of the records and reports among them:
    what these name has to be there too. Read the ledger before this lists the store, for bytes are stored before the
    entry that names them.
    """
    look = _Sweep(store, due)
    look.settings()
    look.listing()
    look.deposits(deposits)
    look.missing({*named, *look.named_by(naming)})
    return FixityReport(
        day=day,
        promise=store.capabilities.promise,
        listed=look.listed,
        read=look.read,
        read_bytes=look.read_bytes,
        faults=tuple(sorted(look.faults, key=lambda fault: (fault.key, fault.version or "", fault.damage))),
    )


class _Sweep:
    def __init__(self, store: ObjectStore, due: Callable[[str], bool]) -> None:
        self._store = store
        self._due = due
        self._places: dict[Place, str] = {}
        self.faults: set[Fault] = set()
        self.listed = self.read = self.read_bytes = 0

    def settings(self) -> None:
        """Find what is set against everything that lies in the store."""
        for weakness in self._store.weaknesses():
            self._fault(weakness, WHOLE_STORE)

    def listing(self) -> None:
        """Go through every version of every key, and read what is due."""
        for key, group in groupby(self._store.versions(), key=lambda listed: listed.key):
            versions = list(group)
            if key.startswith(PROBED):
                continue
            self.listed += len(versions)
            if any(listed.deleted for listed in versions):
                self._fault(Damage.DELETE_MARKER, key)
            kept = [listed for listed in versions if not listed.deleted]
            if kept:
                self._key(key, kept)

    def _key(self, key: str, kept: list[ListedVersion]) -> None:
        named = named_digest(key)
        if named is not None:
            self._places[place_of(key, named)] = key
        first = kept[-1]
        # two writers at one instant may both have stored the same bytes: only others are an alarm
        for newer in kept[:-1]:
            found = self._examine(key, newer.version)
            if found is None or found.sha256 != named:
                self._fault(Damage.NEWER_VERSION, key, newer.version, found and found.sha256, named)
        if self._due(key):
            found = self._examine(key, first.version)
            if found is None:
                self._fault(Damage.MISSING, key, first.version, "listed, and cannot be read")
            elif named is not None and found.sha256 != named:
                self._fault(Damage.ALTERED, key, first.version, found.sha256, named)

    def deposits(self, deposits: Sequence[Deposit]) -> None:
        """Ask how each deposit is held."""
        proven = self._store.capabilities.lock_mode is not None
        for deposit in deposits:
            receipt = deposit.receipt
            holding = self._store.inspect(receipt.key, receipt.version)
            if holding is None:
                self._fault(Damage.MISSING, receipt.key, receipt.version, expected=receipt.sha256)
                continue
            if holding.size_bytes != receipt.size_bytes and not self._known_altered(receipt):
                self._fault(
                    Damage.ALTERED,
                    receipt.key,
                    receipt.version,
                    f"{holding.size_bytes} bytes",
                    f"{receipt.size_bytes} bytes",
                )
            if receipt.lock_mode is not None:
                self._lock(deposit, holding)
                if not proven:
                    self._fault(Damage.LOCKS_UNPROVEN, receipt.key, receipt.version, expected=receipt.lock_mode)
            if deposit.held and self._store.capabilities.holds_legally and not holding.held:
                self._fault(Damage.HOLD_MISSING, receipt.key, receipt.version)

    def _known_altered(self, receipt: DepositReceipt) -> bool:
        return any(
            (fault.damage, fault.key, fault.version) == (Damage.ALTERED, receipt.key, receipt.version)
            for fault in self.faults
        )

    def _lock(self, deposit: Deposit, holding: Holding) -> None:
        receipt, got = deposit.receipt, f"{holding.lock_mode} until {holding.retain_until}"
        until = deposit.locked_until
        if receipt.retain_until is not None:
            until = max(until, receipt.retain_until)
        expected = f"{receipt.lock_mode} until {until}"
        if holding.lock_mode is None or holding.retain_until is None:
            self._fault(Damage.LOCK_MISSING, receipt.key, receipt.version, "no lock", expected)
        elif holding.retain_until < until or _weaker(holding.lock_mode, receipt.lock_mode):
            self._fault(Damage.LOCK_SHORTENED, receipt.key, receipt.version, got, expected)

    def named_by(self, naming: Collection[Place]) -> Iterator[Place]:
        """Yield the places of all files that records and reports name, and find which of these were altered."""
        for place in sorted(place for place in naming if place in self._places):
            key = self._places[place]
            try:
                yield from named_in(place, self._store.get(key))
            except Refused:
                continue  # listed, and gone since
            except DigestMismatch as fault:
                if (Damage.ALTERED, key) not in {(known.damage, known.key) for known in self.faults}:
                    self._fault(Damage.ALTERED, key, got=fault.got, expected=place.digest)
            except Invalid:
                continue  # its bytes are the ones named: what they mean is for the check of the ledger to say

    def missing(self, named: Collection[Place]) -> None:
        """Find what the ledger names and the listing does not show."""
        for place in sorted(set(named) - self._places.keys()):
            self._fault(Damage.MISSING, place.key, expected=place.digest)

    def _examine(self, key: str, version: str | None) -> DepositReceipt | None:
        found = self._store.examine(key, version)
        self.read += 1
        self.read_bytes += found.size_bytes if found else 0
        return found

    def _fault(
        self,
        damage: Damage | Weakness,
        key: str,
        version: str | None = None,
        got: str | None = None,
        expected: str | None = None,
    ) -> None:
        self.faults.add(Fault(damage=damage, key=key, version=version, got=got, expected=expected))


def _weaker(mode: str, asked: str | None) -> bool:
    return asked == LockMode.COMPLIANCE and mode != LockMode.COMPLIANCE
