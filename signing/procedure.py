"""Whether the marks in a document are those of the procedure: who, in which order, how, over what, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, SuspiciousModification
from pyhanko.sign.fields import FieldMDPAction, MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from schemas.evidence import SealReport, SignatureKind, SignatureReport, Verdict, digest_of
from schemas.signature import LEVELS, LegalEffect, Level, SigningWay
from signing.evidence_records import recorded_in
from signing.fields import CLOSING_SEAL, OPENING_SEAL
from signing.reasons import GateReason, Objection
from signing.revision import entry_of, is_timestamp
from signing.structure import STRUCTURE
from signing.submission import ExpectedSignature, Submission
from signing.trust import TrustPolicy

BY_THE_SEAL = (SigningWay.CLICK, SigningWay.PAPER)
"""Ways in which the organisation's seal stands in a person's field, for a record of theirs."""


def everybody_signed(submission: Submission) -> Iterator[Objection]:
    """Look whether everybody signed whom the procedure names, nobody else, and in an order it allows."""
    signed = [entry.signatory_id for entry in submission.expected]
    rounds = {one: number for number, group in enumerate(submission.rounds) for one in group}
    for absent in (one for one in rounds if one not in signed):
        yield Objection(GateReason.SIGNATURE_MISSING, f"{absent} is to sign and has no signature on record")
    if len(submission.revisions) != len(submission.expected):
        missing = len(submission.revisions) < len(submission.expected)
        reason = GateReason.SIGNATURE_MISSING if missing else GateReason.SIGNATURE_UNEXPECTED
        counted = f"{len(submission.revisions)} signed revisions for {len(submission.expected)} signatures on record"
        yield Objection(reason, counted)
    if rounds:
        for stranger in (one for one in signed if one not in rounds):
            yield Objection(GateReason.SIGNATURE_UNEXPECTED, f"{stranger} is in no round")
        turns = [(rounds[one], one) for one in signed if one in rounds]
        for (earlier, first), (later, second) in pairwise(turns):
            if later < earlier:
                yield Objection(GateReason.ROUND_ORDER, f"{first} of a later round signed before {second}")


def marks_in_order(submission: Submission) -> Iterator[Objection]:
    """Look for the marks of the procedure, in the order on record, of which the last vouches for every byte."""
    order, found = submission.order, [mark.field_name for mark in submission.marks]
    for name in order:
        if name not in found:
            yield Objection(GateReason.SIGNATURE_MISSING, f"{name} is empty")
    for name in found:
        if name not in order:
            yield Objection(GateReason.SIGNATURE_UNEXPECTED, f"{name} is filled")
    if [name for name in found if name in order] != [name for name in order if name in found]:
        yield Objection(GateReason.SIGNING_ORDER, f"filled were {', '.join(found)}; expected {', '.join(order)}")
    last = submission.marks[-1] if submission.marks else None
    expected = "a document timestamp" if submission.policy.level is Level.ARCHIVE else "the closing seal"
    if last is None or last.field_name != order[-1] or is_timestamp(last) != (expected == "a document timestamp"):
        yield Objection(GateReason.LAST_MARK, f"it is {last.field_name if last else 'none'}, expected {expected}")
    # At B-LT validation data follows the last mark, uncovered; that nothing else does, validation says.
    covered = last is not None and last.evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE
    if last is not None and not covered and submission.policy.level is not Level.LONG_TERM:
        yield Objection(GateReason.UNCOVERED_BYTES, f"bytes follow {last.field_name}")


def marks_as_recorded(submission: Submission) -> Iterator[Objection]:
    """Look whether each mark was made over the file on record, by the certificate and in the way on record."""
    by_field = {mark.field_name: mark for mark in submission.marks}
    handed = [(OPENING_SEAL, submission.prepared_pdf)]
    handed += [(entry.field, file) for entry, file in zip(submission.expected, submission.revisions, strict=False)]
    for name, file in handed:
        if (mark := by_field.get(name)) is not None and _covered_bytes(mark) != len(file):
            yield Objection(GateReason.OTHER_BASE, f"{name} does not end the revision on record")
    for entry in submission.expected:
        if entry.way not in submission.policy.ways:
            yield Objection(GateReason.WAY_NOT_ACCEPTED, f"{entry.signatory_id} signed by {entry.way}")
        if (mark := by_field.get(entry.field)) is not None:
            yield from _as_recorded(entry, mark)


def _as_recorded(entry: ExpectedSignature, mark: EmbeddedPdfSignature) -> Iterator[Objection]:
    digest = digest_of(mark.signer_cert.dump())
    if digest != entry.certificate:
        yield Objection(
            GateReason.OTHER_CERTIFICATE, f"{entry.field} is by {digest[:16]}, expected {entry.certificate[:16]}"
        )
    told = recorded_in(str(mark.sig_object["/Reason"]) if "/Reason" in mark.sig_object else None)
    expected = (entry.way, entry.evidence) if entry.way in BY_THE_SEAL else None
    if told != expected:
        names = "no record" if told is None else f"a record of {told[0]}, {told[1][:16]}"
        wanted = "none" if entry.evidence is None else f"{entry.way}, {entry.evidence[:16]}"
        yield Objection(GateReason.RECORD_MISSING, f"{entry.field} names {names}; the ledger has {wanted}")


def _covered_bytes(mark: EmbeddedPdfSignature) -> int:
    """Return where the signed bytes of a mark end, or -1 when they do not begin at the file's first byte."""
    start, _, second, length = (int(value) for value in mark.byte_range)
    return second + length if start == 0 else -1


def locks(submission: Submission) -> Iterator[Objection]:
    """Look whether the opening seal certifies the document for signing alone, and the closing one locks it."""
    by_field = {mark.field_name: mark for mark in submission.marks}
    yield from _certified(by_field)
    closing = by_field.get(CLOSING_SEAL)
    if closing is not None:
        lock = closing.fieldmdp
        if closing.docmdp_level != MDPPerm.NO_CHANGES or lock is None or lock.action == FieldMDPAction.INCLUDE:
            yield Objection(GateReason.NOT_CLOSED, f"{CLOSING_SEAL} permits further changes")


def _certified(marks: Mapping[str, EmbeddedPdfSignature]) -> Iterator[Objection]:
    opening = marks.get(OPENING_SEAL)
    if opening is None:
        return
    permissions = entry_of(opening.reader.root, "/Perms")
    certified = entry_of(permissions, "/DocMDP") if isinstance(permissions, DictionaryObject) else None
    if certified is not opening.sig_object:
        yield Objection(GateReason.NOT_CERTIFIED, "the catalogue does not name it as the certification (/Perms)")
    if opening.docmdp_level != MDPPerm.FILL_FORMS:
        yield Objection(GateReason.NOT_CERTIFIED, f"it permits {opening.docmdp_level}")


def own_changes(submission: Submission) -> Iterator[Objection]:
    """Look at each signed revision alone: since the mark before, only the signatory's own field may have changed."""
    for entry, (before, after) in zip(submission.expected, pairwise(submission.marks), strict=False):
        try:
            changed = _changed_fields(before, after)
        except SuspiciousModification as change:
            yield Objection(GateReason.FOREIGN_CHANGE, f"the revision signed by {entry.signatory_id}: {change}")
            continue
        if foreign := sorted(changed - {entry.field}):
            yield Objection(
                GateReason.FOREIGN_FIELD, f"the revision signed by {entry.signatory_id}: {', '.join(foreign)}"
            )


def _changed_fields(before: EmbeddedPdfSignature, after: EmbeddedPdfSignature) -> set[str]:
    """Return the form fields changed from one mark's revision to the next one's, by what the first permits."""
    changed: set[str] = set()
    reader = before.reader
    for revision in range(before.signed_revision + 1, after.signed_revision + 1):
        result = DEFAULT_DIFF_POLICY.apply(
            old=reader.get_historical_resolver(before.signed_revision),
            new=reader.get_historical_resolver(revision),
            field_mdp_spec=before.fieldmdp,
            doc_mdp=before.docmdp_level,
        )
        changed |= result.changed_form_fields
    return changed


def as_validated(submission: Submission, report: SealReport, trust: TrustPolicy) -> Iterator[Objection]:
    """Ask of a validation: every mark valid, at the policy's level, of the effect on record, one after the other."""
    for finding in report.findings:
        if finding.verdict is not Verdict.VALID and finding.part != STRUCTURE:
            yield Objection(GateReason.FINDING, f"{finding.part}: {finding.reason}")
    effects = {entry.field: entry.effect for entry in submission.expected}
    for mark in report.signatures:
        if mark.verdict is not Verdict.VALID:
            yield Objection(GateReason.NOT_VALID, f"{mark.field}: {mark.reason}")
            continue
        if mark.kind is not SignatureKind.TIMESTAMP and not _reaches(mark.level, submission.policy.level):
            wanted = submission.policy.level.value
            yield Objection(GateReason.LEVEL, f"{mark.field} reaches {mark.level}, expected {wanted}")
        if mark.field in effects and not _has_effect(mark, effects[mark.field]):
            expected = effects[mark.field].value
            yield Objection(GateReason.OTHER_EFFECT, f"{mark.field} is {mark.effect}, the ledger has {expected}")
    if not trust.seal_certificates:
        yield Objection(GateReason.SEALS_UNKNOWN, "no seal certificate is pinned")
    times = [mark.signed_at for mark in report.signatures if mark.signed_at is not None]
    if len(times) != len(report.signatures) or times != sorted(times):
        yield Objection(GateReason.TIME_ORDER, ", ".join(f"{time:%Y-%m-%d %H:%M:%S}" for time in times))


def _reaches(level: str, wanted: Level) -> bool:
    return level in LEVELS and LEVELS.index(Level(level)) >= LEVELS.index(wanted)


def _has_effect(mark: SignatureReport, recorded: LegalEffect) -> bool:
    # A trusted list that was adopted since then makes more of an advanced signature, and that is no fault.
    return mark.effect == recorded or (recorded, mark.effect) == (LegalEffect.ADES, LegalEffect.QES)
