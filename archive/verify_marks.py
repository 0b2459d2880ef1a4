"""The signatures, seals and timestamps in a PDF: judged now, and compared with the ledger and the pinned keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archive.examination import Examination
from archive.history import AGREEMENT_PDF, History
from schemas.errors import DigestMismatch, Invalid
from schemas.evidence import (
    Digest,
    SealReport,
    SignatureKind,
    SignatureReport,
    Verdict,
    VerificationKeys,
    digest_of,
)

JudgePdf = Callable[[bytes, VerificationKeys | None], SealReport]
"""Validates every signature of a PDF against the keys given, or without any."""

Attached = Callable[[bytes], Mapping[str, bytes]]
"""Returns the files embedded in a PDF by name."""


def verify_marks(
    examination: Examination,
    pdf: bytes,
    keys: VerificationKeys | None,
    judge_pdf: JudgePdf,
) -> SealReport | None:
    """Examine each signature, seal and timestamp of ``pdf`` now, in a finding of its own; return the judge's report."""
    report = examination.attempt("signatures", lambda: _judged(pdf, keys, judge_pdf), place=AGREEMENT_PDF)
    if report is None:
        return None
    for mark in report.signatures:
        examination.found(f"{mark.kind} {mark.field}", mark.verdict, f"{mark.subject}: {mark.reason}", AGREEMENT_PDF)
    for finding in report.findings:
        examination.found(finding.part, finding.verdict, finding.reason, finding.place or AGREEMENT_PDF)
    examination.found(
        "signatures", report.verdict, f"{len(report.signatures)} marks, level {report.level}", AGREEMENT_PDF
    )
    _verify_seals(examination, report, keys)
    return report


def verify_signatories(
    examination: Examination, history: History, recorded: SealReport | None, judged: SealReport
) -> None:
    """Examine that those signed whom the ledger says, in that order, between two seals, and as recorded."""
    examination.check(
        "signatories",
        lambda: _signed_as_recorded(history, recorded, judged),
        lambda certificates: f"{len(certificates)} signatures by the certificates in the ledger, in signing order",
        place=AGREEMENT_PDF,
    )


def verify_attachments(examination: Examination, pdf: bytes, history: History, attached: Attached) -> None:
    """Examine that the files embedded in the PDF are the approved data and DOCX, and no others."""
    examination.check(
        "attachments",
        lambda: _attached(pdf, history, attached),
        lambda names: f"{' and '.join(names)} in the PDF are the approved data and DOCX",
        place=AGREEMENT_PDF,
    )


def _judged(pdf: bytes, keys: VerificationKeys | None, judge_pdf: JudgePdf) -> SealReport:
    report = judge_pdf(pdf, keys)
    if report.pdf != digest_of(pdf):
        raise Invalid("the validation is about another PDF", got=report.pdf, expected=digest_of(pdf))
    if not report.signatures and report.verdict is not Verdict.INVALID:
        raise Invalid("the PDF bears no signature", where=AGREEMENT_PDF)
    return report


def _verify_seals(examination: Examination, report: SealReport, keys: VerificationKeys | None) -> None:
    seals = [mark for mark in report.signatures if mark.kind is SignatureKind.SEAL]
    if keys is None:
        examination.found(
            "seals", Verdict.INDETERMINATE, f"no keys were given to tell whose {len(seals)} seals these are"
        )
        return
    examination.check(
        "seals",
        lambda: _pinned(seals, keys),
        lambda own: f"{len(own)} seals by pinned certificates of {keys.organisation}",
        place=AGREEMENT_PDF,
    )


def _pinned(seals: list[SignatureReport], keys: VerificationKeys) -> list[SignatureReport]:
    if not seals:
        raise Invalid("the PDF bears no seal of the organisation", expected="an opening and a closing seal")
    for seal in seals:
        if seal.certificate not in keys.seal_certificates:
            raise Invalid(
                f"the seal is not of {keys.organisation}: its certificate is not among the keys given",
                where=f"{AGREEMENT_PDF}, {seal.field}",
                got=seal.certificate,
                expected=" or ".join(keys.seal_certificates) or "no certificate is pinned",
            )
    return seals


def _signed_as_recorded(history: History, recorded: SealReport | None, judged: SealReport) -> list[Digest]:
    seen = [(mark.field, mark.kind, mark.certificate) for mark in judged.signatures]
    if recorded is not None and seen != [(mark.field, mark.kind, mark.certificate) for mark in recorded.signatures]:
        raise Invalid(
            "the PDF bears other marks than were recorded at conclusion",
            got=", ".join(field for field, _, _ in seen),
            expected=", ".join(mark.field for mark in recorded.signatures),
        )
    kinds = [kind for _, kind, _ in seen]
    signature, seal, stamp = SignatureKind.SIGNATURE, SignatureKind.SEAL, SignatureKind.TIMESTAMP
    if kinds != [seal, *[signature] * len(history.signed), seal, stamp]:
        raise Invalid(
            "the marks are not the ones of the procedure, or not in its order",
            got=", ".join(kinds),
            expected=f"seal, {len(history.signed)} signatures, seal, timestamp",
        )
    certificates = [certificate for _, kind, certificate in seen if kind is signature]
    for event, certificate in zip(history.signed, certificates, strict=True):
        if event.certificate != certificate:
            raise Invalid(
                f"{event.signatory} signed with another certificate than the ledger says",
                got=certificate,
                expected=event.certificate,
            )
    return certificates


def _attached(pdf: bytes, history: History, attached: Attached) -> list[str]:
    found = {name: digest_of(content) for name, content in attached(pdf).items()}
    content = history.state.content
    expected = [] if content is None else [content.data, content.docx]
    if sorted(found.values()) != sorted(expected):
        raise DigestMismatch(
            "the files embedded in the PDF are not the approved data and DOCX",
            got=", ".join(f"{name} {digest}" for name, digest in sorted(found.items())) or "none",
            expected=", ".join(expected),
        )
    return sorted(found)
