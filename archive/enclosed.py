"""Files of a dossier that other files in it name by digest: scans by their records, ETSI reports by a seal report.

::

    entries ── digest ──> evidence/<sha256>.json ── digest ──> the scan as received, and its detached seal
    entries ── digest ──> the newest seal report  ── digest ──> etsi/<field>.xml
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from archive.exact import first_fault
from archive.history import History, record_name
from archive.record import read_seal_report
from schemas.errors import Invalid
from schemas.events import Entry, Prepared, Signed
from schemas.evidence import Digest
from schemas.records import ClickRecord, PaperRecord, read_record

Read = Callable[[str], bytes]
"""Returns the content of a member by its name; raises where it is missing."""


def enclosed_files(history: History, read: Read) -> dict[str, Digest]:
    """Return every file that others name, by its member name; raises :class:`Invalid` where one of those is no such."""
    files: dict[str, Digest] = {}
    for entry in recorded_signatures(history):
        record = evidence_record(history, entry, read)
        if isinstance(record, PaperRecord):
            files[f"evidence/{record.scan}.{record.extension}"] = record.scan
            files[f"evidence/{record.seal}.p7s"] = record.seal
    newest, _ = history.reports[-1]
    return files | {etsi_name(one.field): one.sha256 for one in read_seal_report(read(newest)).etsi_reports}


def recorded_signatures(history: History) -> tuple[Entry, ...]:
    """Return every signature, also of a void draft, that an evidence record stands behind."""
    return tuple(entry for entry in history.entries if isinstance(entry.event, Signed) and entry.event.evidence)


def click_records(history: History, read: Read) -> tuple[tuple[Entry, ClickRecord], ...]:
    """Return every signature by click with its record, also of a void draft; raises as :func:`evidence_record`."""
    found = ((entry, evidence_record(history, entry, read)) for entry in recorded_signatures(history))
    return tuple((entry, record) for entry, record in found if isinstance(record, ClickRecord))


def evidence_record(history: History, entry: Entry, read: Read) -> ClickRecord | PaperRecord:
    """Return the evidence record behind the signature in ``entry``.

    Raises :class:`Invalid` where it is about another signature, by another person, or over another file.
    """
    event = entry.event
    if not isinstance(event, Signed):
        raise Invalid("this entry is no signature", where=f"entry {entry.counter}", got=event.type)
    name = record_name(event.evidence or "")
    try:
        record = read_record(read(name))
    except ValidationError as cause:
        raise Invalid("this is no evidence record", where=name, got=first_fault(cause)) from cause
    prepared = _prepared_before(history, entry)
    said = {"way": record.type, "agreement": record.agreement, "draft": record.draft, "signatory": record.signatory}
    said |= {"base": record.base, "person": record.person}
    expected = {"way": event.way, "agreement": entry.agreement, "draft": prepared.draft, "signatory": event.signatory}
    expected |= {"base": event.base, "person": entry.actor.person}
    if said != expected:
        names = [name for name, value in said.items() if value != expected[name]]
        raise Invalid(
            f"the evidence record is about another signature: another {' and '.join(names)}",
            where=name,
            got=", ".join(str(said[name]) for name in names),
            expected=", ".join(str(expected[name]) for name in names),
        )
    is_paper = isinstance(record, PaperRecord)
    shown = record.compared_with if is_paper else record.link_bound_to
    files = (prepared.pdf, prepared.base) if is_paper else (prepared.pdf,)
    if shown not in files:
        raise Invalid(
            "the evidence record is about another file than the one that was prepared for signing",
            where=name,
            got=shown,
            expected=" or ".join(files),
        )
    return record


def _prepared_before(history: History, entry: Entry) -> Prepared:
    earlier = (one.event for one in history.entries if one.counter < entry.counter)
    return [event for event in earlier if isinstance(event, Prepared)][-1]


def etsi_name(field: str) -> str:
    """Return the member name of the ETSI report on a field."""
    return f"etsi/{field.replace(':', '-')}.xml"
