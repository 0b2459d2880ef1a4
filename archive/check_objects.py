"""Store against ledger, both ways: what entries name is there as named, and what is there somebody named.

What a named record or report names is named too: its own digest stands in the ledger.

Locks stop neither delete markers nor newer versions, so both are looked for: the object beneath is still the one that
was deposited, and whoever laid something over it is found out.
"""

from __future__ import annotations

from typing import NamedTuple

from archive.attack import Attack
from archive.findings import Findings
from archive.inventory import StoredObject, read_inventory, stored_objects
from archive.layout import deposit_key, working_key
from archive.named import Place, named_in, place_of
from archive.recount import Recount
from archive.store import ObjectStore, named_digest
from schemas.errors import DigestMismatch, Invalid, Refused
from schemas.evidence import DepositReceipt
from schemas.installation import INSTALLATION
from schemas.state import AgreementState, Stage

_WORK, _DATA, _DEPOSITS = "work/v1/", "work/v1/data", "agreements/v1/"


class _Named(NamedTuple):
    """The first leaf by which an object is named, and its words."""

    leaf: int
    said: str


class ObjectCheck:
    """Compares a listing of ``store`` with what the ledger amounts to.

    ``look`` comes before the ledger is read: every object is stored before the entry that names it, so whatever an
    entry names that was read later and is not listed is looked up once more before it counts as missing.
    """

    def __init__(self, store: ObjectStore, findings: Findings, *, read_all: bool) -> None:
        self._store, self._findings, self._read_all = store, findings, read_all
        self._objects: dict[str, StoredObject] = {}
        self._places: dict[Place, str] = {}
        self._named: dict[Place, _Named] = {}
        self._altered: set[str] = set()

    def look(self) -> None:
        """List the whole store; raises :class:`StoreUnavailable` where it does not answer."""
        for found in stored_objects(self._store):
            self._objects[found.key] = found
            if (digest := named_digest(found.key)) is not None:
                self._places[place_of(found.key, digest)] = found.key

    def compare(self, recount: Recount) -> None:
        """Compare the listing with the ledger."""
        before = self._findings.attacks
        self._named = {
            place: _Named(leaf, f"leaf {leaf} names {place.digest}") for place, leaf in recount.named.items()
        }
        self._follow(recount)
        self._missing(recount)
        for receipt in recount.receipts:
            self._deposit(recount, receipt)
        unnamed = [self._covered(recount, found) for found in self._objects.values()].count(False)
        read = self._read() if self._read_all else 0
        if self._findings.attacks == before:
            said = (
                f"{len(self._objects)} objects, {len(recount.named)} named by entries, "
                f"{len(self._named) - len(recount.named)} by records and reports, {len(recount.receipts)} deposits"
            )
            read_too = f", {read} read and hashed" if self._read_all else ", listed only"
            left = f"; {unnamed} working copies of stages that were broken off" if unnamed else ""
            self._findings.holds("objects", said + read_too + left)
        self._inventory(recount)

    def _follow(self, recount: Recount) -> None:
        """Add what the records and reports name that are there."""
        for place, leaf in recount.naming.items():
            if not recount.requires(place) or not self._is_there(place):
                continue
            key = self._places[place]
            try:
                files = named_in(place, self._store.get(key))
            except Refused:
                continue  # listed, and gone since
            except DigestMismatch as fault:
                self._altered.add(key)
                self._findings.attack(
                    Attack.OBJECT_ALTERED, f"its bytes hash to {fault.got}, its name says otherwise", key
                )
                continue
            except Invalid as fault:
                self._findings.open("objects", f"what it names is not known: {fault.what}, {fault.got}", key)
                continue
            for named, what in files.items():
                self._named.setdefault(named, _Named(leaf, f"{what}, named by {place.digest}, which leaf {leaf} names"))

    def _missing(self, recount: Recount) -> None:
        needed = {place: named for place, named in self._named.items() if recount.requires(place)}
        missing = {place: named for place, named in needed.items() if not self._is_there(place)}
        if not missing:
            return
        first = min(named.leaf for named in missing.values())
        lasting = sum(named.leaf < first for named in needed.values())
        rolled_back = lasting and len(missing) > 1 and len(needed) - lasting == len(missing)
        if rolled_back:
            self._findings.attack(
                Attack.STORE_ROLLED_BACK,
                f"all {len(missing)} objects first named by leaf {first} or later are missing, none before",
                f"leaf {first}",
            )
        for place, named in missing.items():
            self._findings.attack(Attack.OBJECT_MISSING, named.said, place.key)

    def _is_there(self, place: Place) -> bool:
        if place not in self._places:
            # stored after the listing, if at all
            for found in stored_objects(self._store, place.key):
                self._objects[found.key] = found
                self._places[place] = found.key
        key = self._places.get(place)
        return key is not None and self._objects[key].first is not None

    def _deposit(self, recount: Recount, receipt: DepositReceipt) -> None:
        agreement = receipt.key.removeprefix(_DEPOSITS).partition("/")[0]
        if (state := recount.states.get(agreement)) is not None and state.stage is Stage.DISPOSED:
            return
        where = f"{receipt.key}, version {receipt.version}" if receipt.version else receipt.key
        found = self._store.examine(receipt.key, receipt.version)
        if found is None:
            self._findings.attack(Attack.OBJECT_MISSING, "a deposit is gone", where)
        elif found.sha256 != receipt.sha256:
            self._findings.attack(
                Attack.OBJECT_ALTERED, f"a deposit hashes to {found.sha256}, not {receipt.sha256}", where
            )

    def _covered(self, recount: Recount, found: StoredObject) -> bool:
        """Whether an entry names the object, or its stage has not come to its entry yet (no alarm, and ``False``)."""
        self._overlaid(found)
        folder = found.key.rpartition("/")[0]
        digest = named_digest(found.key)
        if digest is None or not self._known(recount, folder):
            self._findings.attack(Attack.OBJECT_UNRECORDED, "no entry speaks of such an object", found.key)
            return True
        if folder.startswith(_DEPOSITS):
            self._deposit_recorded(recount, found.key)
            return True
        return Place(folder, digest) in self._named

    def _known(self, recount: Recount, folder: str) -> bool:
        if folder == _DATA:
            return True
        for prefix in (_WORK, _DEPOSITS):
            if folder.startswith(prefix):
                owner = folder.removeprefix(prefix)
                return owner in recount.states or (prefix == _WORK and owner == INSTALLATION)
        return False

    def _deposit_recorded(self, recount: Recount, key: str) -> None:
        agreement = key.removeprefix(_DEPOSITS).partition("/")[0]
        state = recount.states[agreement]
        if any(receipt.key == key for receipt in recount.receipts) or _is_about_to_deposit(state, key):
            return
        if self._extends_record(state, key):
            self._findings.open("renewal", "a renewed file of record lies there, and no entry deposited it yet", key)
            return
        self._findings.attack(Attack.OBJECT_UNRECORDED, "no entry deposited this", key)

    def _extends_record(self, state: AgreementState, key: str) -> bool:
        """Whether an object begins with the whole file of record, as a renewal whose entry is to come does."""
        if state.stage is not Stage.ARCHIVED or state.receipt is None:
            return False
        try:
            record = self._store.get(state.receipt.key, version=state.receipt.version)
            content = self._store.get(key)
        except (Refused, Invalid):
            return False  # altered or gone: said of each where it is looked at
        return len(content) > len(record) and content.startswith(record)

    def _overlaid(self, found: StoredObject) -> None:
        if found.markers:
            self._findings.attack(Attack.DELETE_MARKER, "somebody deleted it; the version beneath is kept", found.key)
        if found.first is None:
            return
        for later in found.later:
            above = self._store.examine(found.key, later.version)
            # two writers at the same instant may both store the same bytes where writes are not conditional
            if above is not None and above.sha256 != named_digest(found.key):
                self._findings.attack(
                    Attack.NEWER_VERSION, f"version {later.version} holds other bytes, {above.sha256}", found.key
                )

    def _read(self) -> int:
        """Read the first version of every object and return how many there are."""
        read = 0
        for found in self._objects.values():
            named = named_digest(found.key)
            if found.first is None or named is None:
                continue
            content = self._store.examine(found.key, found.first.version)
            read += 1
            if content is not None and content.sha256 != named and found.key not in self._altered:
                self._findings.attack(
                    Attack.OBJECT_ALTERED, f"its bytes hash to {content.sha256}, its name says otherwise", found.key
                )
        return read

    def _inventory(self, recount: Recount) -> None:
        taken = recount.inventory
        if taken is None:
            return
        key = working_key(INSTALLATION, taken.listing, "jsonl")
        try:
            lines = list(read_inventory(self._store.get(key), root=taken.root, objects=taken.objects))
        except Refused:
            return  # the listing is missing: an entry names it, and that was said
        except Invalid as fault:
            self._findings.attack(Attack.INVENTORY_FORGED, fault.what, f"inventory of {taken.day}")
            return
        before = self._findings.attacks
        for line in lines:
            place, found = Place(line.key.rpartition("/")[0], line.sha256), self._objects.get(line.key)
            if not recount.requires(place) or (place in self._named and found is None):
                continue  # disposed of; or missing, and said so
            if found is None or found.first is None:
                self._findings.attack(Attack.OBJECT_MISSING, f"it was there on {taken.day}", line.key)
            elif (found.first.version, found.first.size_bytes) != (line.version, line.size_bytes):
                self._findings.attack(Attack.OBJECT_ALTERED, f"another version or size than on {taken.day}", line.key)
        if self._findings.attacks == before:
            self._findings.holds("inventory", f"all {taken.objects} objects of {taken.day} are there")


def _is_about_to_deposit(state: AgreementState, key: str) -> bool:
    """Whether a deposit lies in the store before its entry: bytes first, then the ledger."""
    return state.stage is Stage.CONCLUDED and state.pdf is not None and key == deposit_key(state.agreement, state.pdf)
