"""Every file that the ledger names of one agreement, in whatever stage it is, by the name it has in a dossier."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from archive.enclosed import etsi_name
from archive.history import AGREEMENT_PDF, SEAL_REPORT, record_name
from archive.layout import data_key, working_key
from archive.record import read_seal_report
from schemas import events as ev
from schemas.errors import Refused
from schemas.evidence import AgreementId, Digest, Evidence
from schemas.records import PaperRecord, read_record
from schemas.state import Stage

if TYPE_CHECKING:
    from flows.wiring import Installation


class EvidenceFile(Evidence):
    """One file: its name in a dossier (a revision on the way to the archive has one of its own), and its SHA-256."""

    name: str
    digest: Digest


def evidence_files(house: Installation, agreement: AgreementId) -> tuple[EvidenceFile, ...]:
    """Return the file of record, then the others in the order in which the ledger names them.

    There are none of an agreement that was disposed of.
    """
    state = house.ledger.state(agreement)
    if state.stage is Stage.DISPOSED:
        return ()
    named: dict[str, Digest] = {}
    for recorded in house.ledger.entries(agreement):
        named |= _named(house, agreement, recorded.entry.event, recorded.entry.counter)
    if state.receipt is not None:
        record = state.receipt.sha256
        named = {AGREEMENT_PDF: record} | {name: digest for name, digest in named.items() if digest != record}
    return tuple(EvidenceFile(name=name, digest=digest) for name, digest in named.items())


def evidence_file(house: Installation, agreement: AgreementId, digest: Digest) -> tuple[str, bytes]:
    """Return name and content of one of these files; raise :class:`Refused` where the ledger names none like this."""
    found = next((one for one in evidence_files(house, agreement) if one.digest == digest), None)
    if found is None:
        raise Refused("the ledger names no such file of this agreement", where=agreement, got=digest)
    receipt = house.ledger.state(agreement).receipt
    if found.name == AGREEMENT_PDF and receipt is not None:
        return found.name, house.store.get(receipt.key, version=receipt.version)
    key = _key(house, agreement, found)
    return found.name if PurePath(found.name).suffix else found.name + PurePath(key).suffix, house.store.get(key)


def _key(house: Installation, agreement: AgreementId, file: EvidenceFile) -> str:
    if file.name.endswith("/data.json"):
        return data_key(file.digest)
    key = next(iter(house.store.keys(working_key(agreement, file.digest, ""))), None)
    if key is None:
        raise Refused("a file the ledger names is not in the store", where=file.name, expected=f"SHA-256 {file.digest}")
    return key


def _named(house: Installation, agreement: AgreementId, event: ev.Event, counter: int) -> dict[str, Digest]:
    match event:
        case ev.Requested() | ev.Revised():
            return {f"drafts/{event.draft}/data.json": event.data}
        case ev.Edited():
            return {f"drafts/{event.draft}/data.json": event.data, f"drafts/{event.draft}/edited.docx": event.docx}
        case ev.Drafted(draft=draft, content=content):
            return {
                f"drafts/{draft}/draft.pdf": content.pdf,
                f"drafts/{draft}/draft.docx": content.docx,
                f"drafts/{draft}/manifest.json": content.manifest,
                f"templates/{content.template}.docx": content.template,
            }
        case ev.Prepared():
            return {f"revisions/{counter}-prepared.pdf": event.pdf}
        case ev.Signed():
            signed = {f"revisions/{counter}-signed-by-{event.signatory}.pdf": event.pdf}
            return signed if event.evidence is None else signed | _evidence(house, agreement, event.evidence)
        case ev.Delegated():
            return {f"authority/{event.authority}": event.authority}
        case ev.Concluded():
            return {f"revisions/{counter}-concluded.pdf": event.pdf, **_reports(house, agreement, event.report, "")}
        case ev.Renewed():
            return {
                f"revisions/{counter}-renewed.pdf": event.pdf,
                **_reports(house, agreement, event.report, f"renewals/{counter}/"),
            }
    return {}


def _evidence(house: Installation, agreement: AgreementId, digest: Digest) -> dict[str, Digest]:
    record = read_record(house.store.get(working_key(agreement, digest, "json")))
    found = {record_name(digest): digest}
    if isinstance(record, PaperRecord):
        found[f"evidence/{record.scan}.{record.extension}"] = record.scan
        found[f"evidence/{record.seal}.p7s"] = record.seal
    return found


def _reports(house: Installation, agreement: AgreementId, digest: Digest, folder: str) -> dict[str, Digest]:
    report = read_seal_report(house.store.get(working_key(agreement, digest, "json")))
    etsi = {folder + etsi_name(one.field): one.sha256 for one in report.etsi_reports}
    return {folder + SEAL_REPORT: digest, **etsi}
