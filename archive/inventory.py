"""What lies in the store on one day: a line for each object, and the Merkle root over all lines (RFC 9162 2.1).

::

    {"key":"agreements/v1/...","sha256":"...","size_bytes":82113,"version":"..."}     RFC 8785, sorted by key

The root goes into the ledger and the listing into the store, so that whatever vanishes later was there provably.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pydantic import Field

from archive.exact import exact_json, read_exact
from archive.merkle import Tree, leaf_hash
from archive.store import ListedVersion, ObjectStore, named_digest
from schemas.errors import Invalid, StoreUnavailable
from schemas.evidence import Digest, Evidence

PROBED = "probe/"
"""Where the probe of the store's behaviour writes; nothing there is of any agreement."""


class InventoryLine(Evidence):
    """One object: the first version stored under its key, which is the one the store hands out."""

    key: str
    version: str | None
    size_bytes: int = Field(ge=0)
    sha256: Digest


@dataclass(frozen=True, slots=True)
class Inventory:
    """All objects of one moment: how many, the root over their lines, and the lines as they are stored."""

    objects: int
    root: Digest
    listing: bytes


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One key with what lies under it: the first version, what was laid over it later, and deletion markers."""

    key: str
    first: ListedVersion | None
    later: tuple[ListedVersion, ...]
    markers: int


def stored_objects(store: ObjectStore, prefix: str = "") -> Iterator[StoredObject]:
    """Yield every object of the store by key, but the probe's own."""
    for key, group in groupby(store.versions(prefix), key=lambda listed: listed.key):
        listed = list(group)
        versions = [one for one in listed if not one.deleted]
        if not key.startswith(PROBED):
            yield StoredObject(
                key=key,
                first=versions[-1] if versions else None,
                later=tuple(versions[:-1]),
                markers=len(listed) - len(versions),
            )


def take_inventory(store: ObjectStore) -> Inventory:
    """Return the inventory of ``store`` as it is; only what has no digest in its key is read.

    Raises :class:`StoreUnavailable` where the store does not answer.
    """
    hashes, lines = [], []
    for found in stored_objects(store):
        if found.first is None:
            continue
        line = exact_json(
            InventoryLine(
                key=found.key,
                version=found.first.version,
                size_bytes=found.first.size_bytes,
                sha256=named_digest(found.key) or _read_digest(store, found.first),
            )
        )
        hashes.append(leaf_hash(line))
        lines.append(line + b"\n")
    return Inventory(objects=len(lines), root=Tree(hashes).root().hex(), listing=b"".join(lines))


def read_inventory(listing: bytes, *, root: Digest, objects: int) -> Iterator[InventoryLine]:
    """Yield the lines of a stored listing after it was proved to be the one with ``root``.

    Raises :class:`Invalid` where it is another one or not canonical.
    """
    lines = listing.splitlines()
    found = Tree(leaf_hash(line) for line in lines).root().hex()
    if found != root or listing != b"".join(line + b"\n" for line in lines):
        raise Invalid(
            "the listing is not the one the ledger holds the root of",
            got=f"{len(lines)} lines, root {found}",
            expected=f"{objects} lines, root {root}",
        )
    for number, line in enumerate(lines, start=1):
        yield read_exact(InventoryLine, line, where=f"line {number}")


def _read_digest(store: ObjectStore, listed: ListedVersion) -> Digest:
    receipt = store.examine(listed.key, listed.version)
    if receipt is None:
        raise StoreUnavailable("an object vanished while it was listed", where=listed.key, remedy="list again")
    return receipt.sha256
