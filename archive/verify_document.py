"""Approved = signed = archived: the files of a dossier against its history."""

from __future__ import annotations

from collections.abc import Mapping

from archive.confirmations import confirmed_facts
from archive.dossier import receipt_name
from archive.enclosed import enclosed_files, recorded_signatures
from archive.exact import exact_json, read_exact
from archive.examination import Examination
from archive.history import AGREEMENT_PDF, SEAL_REPORT, History
from archive.record import read_seal_report
from archive.revisions import Revision, revisions_within
from archive.verify_ledger import member
from schemas.errors import DigestMismatch, Invalid
from schemas.events import Concluded, Renewed
from schemas.evidence import DepositReceipt, Digest, SealReport, Verdict, digest_of
from schemas.manifest import DraftManifest
from schemas.signature import LEVELS
from schemas.state import Approval

_DRAFTED = ("drafts/", "templates/", "authority/", "evidence/")


def verify_files(examination: Examination, members: Mapping[str, bytes], history: History) -> None:
    """Examine that every file is the one the ledger names: drafts, confirmations, approvals, revisions, deposit."""
    drafted = {name: digest for name, digest in history.files.items() if name.startswith(_DRAFTED)}
    examination.check(
        "drafts",
        lambda: _same_digests(members, drafted),
        lambda names: f"{len(names)} files of {history.state.draft} drafts are the ones the ledger names",
        place="drafts/",
    )
    examination.check(
        "confirmations",
        lambda: confirmed_facts(history.proposals, lambda draft: member(members, f"drafts/{draft}/data.json")),
        lambda paths: f"{len(paths)} facts confirmed by a manager, each open before and otherwise unchanged",
        place="drafts/",
    )
    examination.check(
        "approvals",
        lambda: _approved(members, history),
        lambda given: (
            f"draft {history.state.draft} was approved, by digest of its data, template, manifest, DOCX and PDF, for "
            + " and ".join(approval.office for approval in given)
        ),
        place=f"drafts/{history.state.draft}/",
    )
    examination.check(
        "draft manifest",
        lambda: _manifest(members, history),
        lambda manifest: (
            f"draft {manifest.draft} was made from {manifest.template.id} version {manifest.template.version} "
            f"({manifest.template.edition}) and {len(manifest.clauses)} clauses"
            + (", then edited by hand" if manifest.edited_by_hand else "")
        ),
        place=f"drafts/{history.state.draft}/manifest.json",
    )
    examination.check(
        "approved = signed = archived",
        lambda: revisions_within(member(members, AGREEMENT_PDF), history.revisions),
        _chain_told,
        place=AGREEMENT_PDF,
    )
    examination.check(
        "deposit",
        lambda: _deposited(members, history),
        lambda receipts: (
            f"the archive received this file, {receipts[-1].size_bytes} bytes, as {receipts[-1].key}"
            + (f", after {len(receipts) - 1} files that it extends" if receipts[1:] else "")
        ),
        place=AGREEMENT_PDF,
    )


def verify_recorded_report(
    examination: Examination, members: Mapping[str, bytes], history: History
) -> SealReport | None:
    """Examine the validations that were recorded at conclusion and at renewals; return the newest."""
    reports = examination.check(
        "seal report",
        lambda: _recorded(members, history),
        lambda found: "; ".join(
            f"recorded at {what}: {report.verdict}, {report.level}, {len(report.signatures)} marks"
            for what, report in zip(("conclusion", *("renewal" for _ in found[1:])), found, strict=True)
        ),
        place=SEAL_REPORT,
    )
    return None if reports is None else reports[-1]


def verify_enclosed(
    examination: Examination, members: Mapping[str, bytes], history: History
) -> dict[str, Digest] | None:
    """Examine evidence records, and the files that records and the newest report name; return these files."""

    def enclosed() -> dict[str, Digest]:
        files = enclosed_files(history, lambda name: member(members, name))
        _same_digests(members, files)
        return files

    return examination.check(
        "evidence records",
        enclosed,
        lambda files: (
            f"{len(recorded_signatures(history))} records of clicks and paper originals, each of the signature in the "
            f"ledger; {len(files)} files that records and the seal report name are the ones they name"
        ),
        place="evidence/",
    )


def _same_digests(members: Mapping[str, bytes], files: Mapping[str, Digest]) -> tuple[str, ...]:
    for name, digest in files.items():
        if (got := digest_of(member(members, name))) != digest:
            raise DigestMismatch("the file is not the one the ledger names", where=name, got=got, expected=digest)
    return tuple(files)


def _approved(members: Mapping[str, bytes], history: History) -> tuple[Approval, ...]:
    folder = f"drafts/{history.state.draft}"
    for approval in history.state.approvals:
        covers = approval.covers
        files = {
            f"{folder}/data.json": covers.data,
            f"templates/{covers.template}.docx": covers.template,
            f"{folder}/manifest.json": covers.manifest,
            f"{folder}/draft.docx": covers.docx,
            f"{folder}/draft.pdf": covers.pdf,
        }
        for name, digest in files.items():
            if (got := digest_of(member(members, name))) != digest:
                raise DigestMismatch(
                    f"the file is not the one the {approval.office} office approved",
                    where=name,
                    got=got,
                    expected=digest,
                )
    return history.state.approvals


def _manifest(members: Mapping[str, bytes], history: History) -> DraftManifest:
    name, content = f"drafts/{history.state.draft}/manifest.json", history.state.content
    manifest = read_exact(DraftManifest, member(members, name), where=name)
    said = (manifest.agreement, manifest.draft, manifest.data, manifest.template.sha256, manifest.docx)
    covers = (content.data, content.template, content.docx) if content else ()
    expected = (history.agreement, history.state.draft, *covers)
    if said != expected or manifest.edited_by_hand != history.state.edited:
        raise Invalid(
            "the manifest describes another draft",
            where=name,
            got=", ".join(map(str, said)),
            expected=", ".join(map(str, expected)),
        )
    return manifest


def _chain_told(revisions: tuple[Revision, ...]) -> str:
    approved, *later = revisions
    return (
        f"the approved PDF is the first {approved.size_bytes} bytes of the archived one; "
        f"{len(later)} recorded revisions extend it ({', '.join(revision.what for revision in later)})"
    )


def _deposited(members: Mapping[str, bytes], history: History) -> tuple[DepositReceipt, ...]:
    receipt, pdf = history.receipts[-1], member(members, AGREEMENT_PDF)
    if digest_of(pdf) != receipt.sha256:
        raise DigestMismatch(
            "the file is not the one the archive received",
            where=AGREEMENT_PDF,
            got=digest_of(pdf),
            expected=receipt.sha256,
        )
    if len(pdf) != receipt.size_bytes:
        where = receipt_name(len(history.receipts) - 1)
        raise Invalid("the receipt states another size", where=where, got=receipt.size_bytes, expected=len(pdf))
    for number, recorded in enumerate(history.receipts):
        if member(members, receipt_name(number)) != exact_json(recorded):
            raise Invalid("the receipt is not the one in the ledger", where=receipt_name(number))
    return history.receipts


def _recorded(members: Mapping[str, bytes], history: History) -> tuple[SealReport, ...]:
    reports = tuple(_recorded_by(event, name, member(members, name)) for name, event in history.reports)
    wanted = history.state.policy.level
    if reports[0].level not in LEVELS[LEVELS.index(wanted) :]:
        raise Invalid(
            "the document was concluded at a lower level than its policy asks for",
            where=SEAL_REPORT,
            got=reports[0].level,
            expected=wanted,
        )
    return reports


def _recorded_by(event: Concluded | Renewed, name: str, content: bytes) -> SealReport:
    if digest_of(content) != event.report:
        raise DigestMismatch(
            "the report is not the one the ledger names", where=name, got=digest_of(content), expected=event.report
        )
    report = read_seal_report(content)
    if report.pdf != event.pdf:
        raise Invalid("the report is about another PDF", where=name, got=report.pdf, expected=event.pdf)
    if (report.verdict, report.level) != (Verdict.VALID, event.level):
        raise Invalid(
            "the report contradicts the ledger",
            where=name,
            got=f"{report.verdict}, {report.level}",
            expected=f"{Verdict.VALID}, {event.level}",
        )
    return report
