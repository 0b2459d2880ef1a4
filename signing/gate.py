"""The admission gate: a finished document is archived only when every one of these questions has its one answer.

A reader's own judgement of changes is necessary and not sufficient: it lets a new signature field pass after
certification, a changed information dictionary after a lock, and bytes after the end. So each is asked for by name,
against what this house itself prepared and handed out; and what is signed is drawn and looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pyhanko.sign.validation.status import SignatureCoverageLevel

from schemas.errors import GateRefused, Invalid
from schemas.events import Rounds
from schemas.evidence import Digest, SealReport, Verdict, digest_of
from schemas.policy import SignaturePolicy
from signing import procedure
from signing.appearance import Shown, differences
from signing.changes import change_objections
from signing.description import information_of, metadata_of
from signing.fields import CLOSING_SEAL, CLOSING_TIMESTAMP, OPENING_SEAL, field_boxes, form_fields
from signing.read import attached_files
from signing.reasons import GateReason, Objection, gathered
from signing.revision import is_timestamp, open_pdf
from signing.structure import file_objections, structure_objections
from signing.submission import ExpectedSignature, Submission
from signing.trust import TrustPolicy
from signing.trusted_list import require_current
from signing.validate import validate


def admit(
    *,
    approved_pdf: bytes,
    prepared_pdf: bytes,
    revisions: Sequence[bytes],
    final_pdf: bytes,
    expected: Sequence[ExpectedSignature],
    attachments: Mapping[str, Digest],
    trust: TrustPolicy,
    now: datetime,
    policy: SignaturePolicy | None = None,
    rounds: Rounds = (),
) -> SealReport:
    """Return the validation report of ``final_pdf`` when it may be archived.

    It may when each file extends the one before byte for byte; the form has the prepared fields and no other; each
    signatory signed the revision they were handed, in their round, in their own field, in the way and with the
    certificate on record; only that field changed, in bytes and as drawn; metadata and attachments are the approved
    ones; the last mark covers every byte; and the level of ``policy`` (PAdES, EN 319 142-1 6) validates with nothing
    but the file and ``trust``. Raises :class:`GateRefused` with every reason by name, :class:`Unavailable` where the
    pages could not be drawn in time, or where a stale trusted list leaves open what a signature legally is.
    """
    submission = Submission(
        approved_pdf=approved_pdf,
        prepared_pdf=prepared_pdf,
        revisions=revisions,
        final_pdf=final_pdf,
        expected=expected,
        attachments=attachments,
        policy=policy or SignaturePolicy(),
        rounds=rounds,
    )
    objections = gathered((_extensions,), submission)
    if hostile := file_objections(final_pdf):
        raise refusal(final_pdf, [*objections, *hostile], submission.policy)
    objections += gathered(CHECKS, submission)
    report = validate(final_pdf, trust, now=now, reader=submission.__dict__.get("final"))
    objections += gathered((procedure.as_validated,), submission, report, trust)
    if objections:
        if {objection.reason for objection in objections} == {GateReason.OTHER_EFFECT}:
            require_current(trust.trusted_lists, now)
        raise refusal(final_pdf, objections, submission.policy, report)
    return report


def admit_renewal(
    base_pdf: bytes, renewed_pdf: bytes, *, policy: SignaturePolicy, trust: TrustPolicy, now: datetime
) -> SealReport:
    """Return the validation report of an archived document with a further document timestamp (EN 319 142-1 5.5).

    Nothing but validation data and that timestamp may have been added, and it covers every byte. Raises
    :class:`GateRefused` with every reason by name.
    """
    objections = file_objections(renewed_pdf)
    if objections:
        raise refusal(renewed_pdf, objections, policy)
    submission = Submission(base_pdf, base_pdf, (), renewed_pdf, (), {}, policy)
    objections += gathered((_renewed, _structure), submission)
    report = validate(renewed_pdf, trust, now=now, reader=submission.__dict__.get("final"))
    objections += gathered((procedure.as_validated,), submission, report, trust)
    if objections:
        raise refusal(renewed_pdf, objections, policy, report)
    return report


def refusal(
    pdf: bytes, objections: Sequence[Objection], policy: SignaturePolicy, report: SealReport | None = None
) -> GateRefused:
    """Return the refusal of a document with all that speaks against it, each reason named once."""
    numbered = "; ".join(f"({number}) {objection}" for number, objection in enumerate(objections, 1))
    return GateRefused(
        f"the document did not pass the admission gate: {numbered}",
        list(dict.fromkeys(objection.reason.value for objection in objections)),
        where=f"PDF with SHA-256 {digest_of(pdf)}",
        got=f"{report.verdict.value} at level {report.level}" if report else "a file that cannot be examined further",
        expected=f"{Verdict.VALID.value} at level {policy.level.value}, and every check of the gate passed",
        remedy="nothing was archived; a manager can withdraw the agreement (convenio withdraw) and request it anew",
    )


def _extensions(submission: Submission) -> Iterator[Objection]:
    for broken in submission.broken_links:
        yield Objection(GateReason.NOT_AN_EXTENSION, broken)


def _structure(submission: Submission) -> Iterator[Objection]:
    yield from structure_objections(submission.final_pdf, submission.final)
    yield from change_objections(submission.final)


def _fields(submission: Submission) -> Iterator[Objection]:
    prepared, final = form_fields(submission.prepared), form_fields(submission.final)
    wanted = {OPENING_SEAL, CLOSING_SEAL, *(entry.field for entry in submission.expected)}
    wanted |= {field for field in submission.order if field != CLOSING_TIMESTAMP}
    later = {CLOSING_TIMESTAMP} if CLOSING_TIMESTAMP in submission.order else set()
    for stage, found, expected in (
        ("prepared", prepared, wanted),
        ("final", final, {field.name for field in prepared} | later),
    ):
        counted = Counter(field.name for field in found)
        for name in sorted(set(counted) - expected):
            yield Objection(GateReason.FIELD_ADDED, f"{name}, in the {stage} PDF")
        for name in sorted(expected - set(counted)):
            yield Objection(GateReason.FIELD_MISSING, f"{name}, in the {stage} PDF")
        for name in sorted(name for name, count in counted.items() if count > 1):
            yield Objection(GateReason.FIELD_REPEATED, f"{name}, in the {stage} PDF")
        for name in sorted(field.name for field in found if field.kind != "/Sig"):
            yield Objection(GateReason.FIELD_KIND, f"{name}, in the {stage} PDF")


def _metadata(submission: Submission) -> Iterator[Objection]:
    approved = open_pdf(submission.approved_pdf)
    if information_of(approved) != information_of(submission.final):
        yield Objection(GateReason.INFORMATION, "the final PDF says something else of itself than the approved one")
    if metadata_of(approved) != metadata_of(submission.final):
        yield Objection(GateReason.METADATA, "the final PDF says something else of itself than the approved one")


def _attachments(submission: Submission) -> Iterator[Objection]:
    found = {name: digest_of(content) for name, content in attached_files(submission.final_pdf).items()}
    for name in sorted(set(found) | set(submission.attachments)):
        if name not in submission.attachments:
            yield Objection(GateReason.ATTACHMENT_ADDED, name)
        elif name not in found:
            yield Objection(GateReason.ATTACHMENT_MISSING, name)
        elif found[name] != submission.attachments[name]:
            yield Objection(GateReason.ATTACHMENT_CHANGED, name)


def _appearance(submission: Submission) -> Iterator[Objection]:
    if any(submission.broken_links):
        return
    boxes = field_boxes(submission.prepared)
    filled = [boxes[entry.field] for entry in submission.expected if entry.field in boxes]
    places = [(), tuple(boxes.values()), *((box,) for box in filled)]
    places += [()] * (len(submission.chain) - len(places))
    shown = [Shown(name, len(file), where) for (name, file), where in zip(submission.chain, places, strict=False)]
    yield from _drawn(submission.final_pdf, shown)


def _drawn(pdf: bytes, shown: Sequence[Shown]) -> Iterator[Objection]:
    try:
        for difference in differences(pdf, shown):
            yield Objection(GateReason.APPEARANCE, str(difference))
    except Invalid as fault:
        yield Objection(GateReason.NOT_DRAWABLE, f"{fault.what} ({fault.got})")


def _renewed(submission: Submission) -> Iterator[Objection]:
    base, final = submission.approved_pdf, submission.final_pdf
    if len(final) <= len(base) or not final.startswith(base):
        yield Objection(GateReason.NOT_AN_EXTENSION, "the renewed PDF does not extend the archived PDF")
        return
    before, after = form_fields(submission.prepared), form_fields(submission.final)
    if after[: len(before)] != before:
        yield Objection(GateReason.FIELD_ALTERED, "the fields of the archived PDF are not kept as they were")
    added = [field.name for field in after[len(before) :]]
    last = submission.marks[-1]
    if len(added) != 1 or last.field_name not in added or not is_timestamp(last):
        yield Objection(
            GateReason.LAST_MARK, f"added were {', '.join(added) or 'no fields'}, expected a document timestamp alone"
        )
    if last.evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE:
        yield Objection(GateReason.UNCOVERED_BYTES, f"{last.field_name} does not end the file")
    yield from _drawn(final, [Shown("archived PDF", len(base)), Shown("renewed PDF", len(final))])


CHECKS = (
    procedure.everybody_signed,
    _structure,
    _fields,
    procedure.marks_in_order,
    procedure.marks_as_recorded,
    procedure.locks,
    procedure.own_changes,
    _metadata,
    _attachments,
    _appearance,
)
"""In the order in which reasons are told."""
