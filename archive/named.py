"""Which stored objects an entry names by digest, so that store and ledger can be compared both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archive.layout import data_key, working_key
from schemas import events as ev
from schemas.events import Entry
from schemas.evidence import DepositReceipt, Digest


class Place(NamedTuple):
    """Where an object lies, whatever its ending: the folder of its key, and the SHA-256 the key names."""

    folder: str
    digest: Digest


def place_of(key: str, digest: Digest) -> Place:
    """Return the place of a content-addressed key."""
    return Place(key.rpartition("/")[0], digest)


def named_by(entry: Entry) -> Iterator[Place]:
    """Yield the places of the working objects that ``entry`` names; its deposits are :func:`receipts_of`."""
    for digest in _data(entry):
        yield place_of(data_key(digest), digest)
    for digest in _files(entry):
        yield place_of(working_key(entry.agreement, digest, "file"), digest)


def receipts_of(entry: Entry) -> Iterator[DepositReceipt]:
    """Yield the receipts of what ``entry`` deposits."""
    if isinstance(entry.event, ev.Deposited | ev.Renewed):
        yield entry.event.receipt


def _data(entry: Entry) -> tuple[Digest, ...]:
    match entry.event:
        case ev.Requested() | ev.Revised() | ev.Edited() as event:
            return (event.data,)
    return ()


def _files(entry: Entry) -> tuple[Digest, ...]:
    match entry.event:
        case ev.Edited() as event:
            return (event.docx,)
        case ev.Drafted(content=content):
            return (content.template, content.manifest, content.docx, content.pdf)
        case ev.Prepared() as event:
            return (event.pdf,)
        case ev.Signed() as event:
            return (event.pdf,) if event.evidence is None else (event.pdf, event.evidence)
        case ev.Delegated() as event:
            return (event.authority,)
        case ev.Concluded() as event:
            return (event.pdf, event.report)
        case ev.Renewed() | ev.FixityChecked() | ev.RestoreDrilled() as event:
            return (event.report,)
        case ev.Disposed() as event:
            return (event.certificate,)
        case ev.InventoryTaken() | ev.DisposalProposed() as event:
            return (event.listing,)
    return ()
