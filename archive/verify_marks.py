"""The signatures, seals and timestamps in a PDF: judged now, and compared with the ledger and the pinned keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archive.examination import Examination
from archive.history import AGREEMENT_PDF, History
from schemas.errors import DigestMismatch, Invalid
from schemas.events import Signed
from schemas.evidence import (
    Digest,
    SealReport,
    SignatureKind,
    SignatureReport,
    Verdict,
    VerificationKeys,
    digest_of,
)
from schemas.signature import LEVELS, LegalEffect, Level

SIGNATORY_FIELD = "signatory:"
"""The field of a signatory is called this and their id."""

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
        legally = f" (legally: {mark.effect})" if mark.effect else ""
        examination.found(
            f"{mark.kind} {mark.field}",
            mark.verdict,
            f"{mark.subject}{legally}: {mark.reason}",
            AGREEMENT_PDF,
            mark.sub_indication,
        )
    for finding in report.findings:
        place = finding.place or AGREEMENT_PDF
        examination.found(finding.part, finding.verdict, finding.reason, place, finding.sub_indication)
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
        lambda certificates: f"{len(certificates)} signatures by the certificates in the ledger, in its order",
        place=AGREEMENT_PDF,
    )


def verify_level(examination: Examination, history: History, judged: SealReport) -> None:
    """Examine that the file still reaches the level that the recorded policy asks for."""
    wanted = history.state.policy.level
    if judged.verdict is Verdict.VALID:
        reached = judged.level in LEVELS[LEVELS.index(wanted) :]
        examination.found(
            "policy",
            Verdict.VALID if reached else Verdict.INVALID,
            f"level {judged.level} is reached now; the policy recorded in preparation asks for {wanted}",
            AGREEMENT_PDF,
        )


def verify_effects(examination: Examination, history: History, judged: SealReport) -> None:
    """Leave it open where the ledger records a qualified signature, and nothing given here says that it is one."""
    effects = {mark.field: mark.effect for mark in judged.signatures}
    for event in history.signed:
        field = f"{SIGNATORY_FIELD}{event.signatory}"
        if event.effect is LegalEffect.QES and effects.get(field) is not LegalEffect.QES:
            reason = "recorded as QES; no trusted list was given to this verification"
            examination.found(f"legal effect {field}", Verdict.INDETERMINATE, reason, AGREEMENT_PDF)


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
            "the PDF bears other marks than were recorded",
            got=", ".join(field for field, _, _ in seen),
            expected=", ".join(mark.field for mark in recorded.signatures),
        )
    kinds, expected = [kind for _, kind, _ in seen], _kinds_of(history)
    if kinds != expected:
        raise Invalid(
            "the marks are not the ones of the procedure, or not in its order",
            got=", ".join(kinds),
            expected=", ".join(expected),
        )
    for event, mark in zip(history.signed, judged.signatures[1:], strict=False):
        _made_by(event, mark)
    return [event.certificate for event in history.signed]


def _kinds_of(history: History) -> list[SignatureKind]:
    """Return the marks of the procedure: opening seal, a mark for each signatory, closing seal, timestamps."""
    timestamps = len(history.renewals) + (history.state.policy.level is Level.ARCHIVE)
    own = [SignatureKind.SIGNATURE if event.evidence is None else SignatureKind.SEAL for event in history.signed]
    return [SignatureKind.SEAL, *own, SignatureKind.SEAL, *[SignatureKind.TIMESTAMP] * timestamps]


def _made_by(event: Signed, mark: SignatureReport) -> None:
    if event.certificate != mark.certificate:
        raise Invalid(
            f"{event.signatory} signed with another certificate than the ledger says",
            got=mark.certificate,
            expected=event.certificate,
        )
    if mark.field != f"{SIGNATORY_FIELD}{event.signatory}":
        raise Invalid(
            f"{event.signatory} signed in another field than their own",
            got=mark.field,
            expected=f"{SIGNATORY_FIELD}{event.signatory}",
        )
    if event.evidence is not None and mark.effect not in {None, event.effect}:
        raise Invalid(
            f"what the mark of {event.signatory} legally is differs from what the ledger says",
            got=mark.effect,
            expected=event.effect,
        )
    if event.evidence != mark.evidence:
        raise Invalid(
            f"the seal that stands for {event.signatory} names another evidence record than the ledger",
            where=f"{AGREEMENT_PDF}, {mark.field}",
            got=mark.evidence,
            expected=event.evidence,
        )


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
