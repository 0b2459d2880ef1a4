"""Which stored objects an entry names by digest, so that store and ledger can be compared both ways.

::

    entries ── digest ──> data, drafts, revisions, evidence records, seal reports     named_by
    evidence record ── digest ──> the scan as received, and its detached seal         named_in
    seal report ── digest ──> ETSI reports                                            named_in
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from archive.exact import first_fault
from archive.layout import data_key, working_key
from schemas import events as ev
from schemas.errors import Invalid
from schemas.events import Entry
from schemas.evidence import DepositReceipt, Digest, SealReport
from schemas.records import ClickRecord, PaperRecord


class Place(NamedTuple):
    """Where an object lies, whatever its ending: the folder of its key, and the SHA-256 the key names."""

    folder: str
    digest: Digest

    @property
    def key(self) -> str:
        """The key without its ending."""
        return f"{self.folder}/{self.digest}"


_NAMING: TypeAdapter[ClickRecord | PaperRecord | SealReport] = TypeAdapter(ClickRecord | PaperRecord | SealReport)


def place_of(key: str, digest: Digest) -> Place:
    """Return the place of a content-addressed key."""
    return Place(key.rpartition("/")[0], digest)


def named_by(entry: Entry) -> Iterator[Place]:
    """Yield the places of the working objects that ``entry`` names; its deposits are :func:`receipts_of`."""
    for digest in _data(entry):
        yield place_of(data_key(digest), digest)
    for digest in _files(entry):
        yield place_of(working_key(entry.agreement, digest, "file"), digest)


def naming(entry: Entry) -> Iterator[Place]:
    """Yield the places of the records and reports that ``entry`` names and that name further files: JSON each."""
    match entry.event:
        case ev.Signed(evidence=str() as digest):
            yield place_of(working_key(entry.agreement, digest, "json"), digest)
        case ev.Concluded() | ev.Renewed() as event:
            yield place_of(working_key(entry.agreement, event.report, "json"), event.report)


def named_in(place: Place, content: bytes) -> dict[Place, str]:
    """Return the places of the files that the record or report at ``place`` names, and what each of them is.

    ``content`` has the digest of its place: then its word is the ledger's. Raises :class:`Invalid` where it is neither
    an evidence record nor a seal report.
    """
    try:
        read = _NAMING.validate_json(content)
    except ValidationError as cause:
        raise Invalid(
            "neither an evidence record nor a seal report", where=place.key, got=first_fault(cause)
        ) from cause
    match read:
        case PaperRecord():
            files = {read.scan: "the scan of a paper original", read.seal: "the detached seal over a scan"}
        case SealReport():
            files = {one.sha256: "an ETSI report of a validation" for one in read.etsi_reports}
        case ClickRecord():
            files = {}
    return {Place(place.folder, digest): what for digest, what in files.items()}


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
        case ev.Edited() | ev.TemplateAdopted() as event:
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
