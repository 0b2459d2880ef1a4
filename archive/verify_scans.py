"""The seals over scans of paper originals: each over that scan, by the organisation, at the time of its timestamp."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archive.enclosed import evidence_record, recorded_signatures
from archive.examination import Examination
from archive.history import History
from archive.verify_ledger import member
from schemas.errors import Invalid
from schemas.evidence import SignatureReport, VerificationKeys
from schemas.records import PaperRecord

JudgeScan = Callable[[bytes, bytes, VerificationKeys | None], SignatureReport]
"""Validates a detached seal (second) over a scan (first) against the keys given, or without any."""


def verify_scans(
    examination: Examination,
    members: Mapping[str, bytes],
    history: History,
    keys: VerificationKeys | None,
    judge_scan: JudgeScan,
) -> None:
    """Examine the seal over every scan, in a finding of its own; also those of void drafts."""
    for entry in recorded_signatures(history):
        record = evidence_record(history, entry, lambda name: member(members, name))
        if isinstance(record, PaperRecord):
            _verify_scan(examination, members, record, keys, judge_scan)


def _verify_scan(
    examination: Examination,
    members: Mapping[str, bytes],
    record: PaperRecord,
    keys: VerificationKeys | None,
    judge_scan: JudgeScan,
) -> None:
    scan, place = f"evidence/{record.scan}.{record.extension}", f"evidence/{record.seal}.p7s"

    def judged() -> SignatureReport:
        report = judge_scan(member(members, scan), member(members, place), keys)
        if keys is not None and report.certificate not in keys.seal_certificates:
            raise Invalid(
                f"the seal over the scan is not of {keys.organisation}",
                where=place,
                got=report.certificate,
                expected=" or ".join(keys.seal_certificates) or "no certificate is pinned",
            )
        return report

    report = examination.attempt("scan seals", judged, place=place)
    if report is not None:
        reason = f"{scan}, for {record.signatory}: {report.subject}: {report.reason}"
        examination.found("scan seals", report.verdict, reason, place, report.sub_indication)
