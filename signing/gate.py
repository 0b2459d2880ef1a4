"""The admission gate: a finished document is archived only when every one of these questions has its one answer.

A reader's own judgement of changes is necessary and not sufficient: it lets a new signature field pass after
certification, a changed information dictionary after a lock, and bytes after the end. So each is asked for by name,
against what this house itself prepared and handed out. Rendered pages are not compared here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, SuspiciousModification
from pyhanko.sign.fields import FieldMDPAction, MDPPerm
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from schemas.errors import ConvenioError, GateRefused
from schemas.evidence import Digest, SealReport, SignatoryId, SignatureKind, Verdict, digest_of
from signing.fields import CLOSING_SEAL, CLOSING_TIMESTAMP, OPENING_SEAL, form_fields
from signing.level import Level
from signing.read import attached_files
from signing.revision import entry_of, is_timestamp, open_pdf, reading, signatures_of
from signing.trust import TrustPolicy
from signing.validate import validate

REQUIRED_LEVEL = Level.ARCHIVE


@dataclass(frozen=True)
class ExpectedSignature:
    """One signature as the ledger has it: who, in which field, with which certificate (SHA-256 of its DER)."""

    signatory_id: SignatoryId
    field: str
    certificate: Digest


@dataclass(frozen=True)
class Submission:
    """A finished document with everything it is held against.

    ``revisions`` are the files after each signature, in signing order; ``expected`` the signatures in that order;
    ``attachments`` the digests of the approved data and source by name.
    """

    approved_pdf: bytes
    prepared_pdf: bytes
    revisions: Sequence[bytes]
    final_pdf: bytes
    expected: Sequence[ExpectedSignature]
    attachments: Mapping[str, Digest]

    @cached_property
    def final(self) -> PdfFileReader:
        """The one reader over the final PDF: working out what each revision changed is most of the gate's work."""
        return open_pdf(self.final_pdf)


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
) -> SealReport:
    """Return the validation report of ``final_pdf`` when it may be archived.

    It may when each file extends the one before byte for byte; the form has the prepared fields and no other; each
    signatory signed the revision they were handed, in order, in their own field, with the expected certificate; only
    that field changed; metadata and attachments are the approved ones; a document timestamp covers every byte; and
    PAdES B-LTA validates with nothing but the file and ``trust``. Raises :class:`GateRefused` naming every reason.
    """
    submission = Submission(approved_pdf, prepared_pdf, revisions, final_pdf, expected, attachments)
    reasons: list[str] = []
    for check in (_extensions, _fields, _marks, _own_changes, _metadata, _attachments):
        try:
            reasons.extend(check(submission))
        except ConvenioError as fault:
            reasons.append(f"{fault.what} ({fault.got})" if fault.got else fault.what)
    report = validate(final_pdf, trust, now=now, reader=submission.__dict__.get("final"))
    reasons.extend(_report(report, trust))
    if reasons:
        numbered = "; ".join(f"({number}) {reason}" for number, reason in enumerate(dict.fromkeys(reasons), 1))
        raise GateRefused(
            f"the document did not pass the admission gate: {numbered}",
            where=f"PDF with SHA-256 {digest_of(final_pdf)}",
            got=f"{report.verdict.value} at level {report.level}",
            expected=f"{Verdict.VALID.value} at level {REQUIRED_LEVEL.value}, and every check of the gate passed",
            remedy="nothing was archived; a manager can withdraw the agreement (convenio withdraw) and request it anew",
        )
    return report


def _extensions(submission: Submission) -> Iterator[str]:
    names = ["approved PDF", "prepared PDF"]
    names += [f"revision signed by {signature.signatory_id}" for signature in submission.expected]
    files = [submission.approved_pdf, submission.prepared_pdf, *submission.revisions]
    if len(submission.revisions) != len(submission.expected):
        yield f"there are {len(submission.revisions)} signed revisions for {len(submission.expected)} signatories"
        names = names[: len(files)] + ["revision nobody is expected to have signed"] * (len(files) - len(names))
    chain = [*zip(names, files, strict=False), ("final PDF", submission.final_pdf)]
    for (older_name, older), (newer_name, newer) in pairwise(chain):
        if len(newer) <= len(older) or not newer.startswith(older):
            yield f"the {newer_name} does not extend the {older_name} byte for byte"


def _fields(submission: Submission) -> Iterator[str]:
    prepared = form_fields(open_pdf(submission.prepared_pdf))
    final = form_fields(submission.final)
    wanted = {OPENING_SEAL, CLOSING_SEAL, *(signature.field for signature in submission.expected)}
    stages = (
        ("prepared", prepared, wanted),
        ("final", final, {field.name for field in prepared} | {CLOSING_TIMESTAMP}),
    )
    for stage, found, expected in stages:
        counted = Counter(field.name for field in found)
        if added := sorted(set(counted) - expected):
            yield f"the {stage} PDF has form fields nobody prepared: {', '.join(added)}"
        if lost := sorted(expected - set(counted)):
            yield f"the {stage} PDF lacks the form fields {', '.join(lost)}"
        if repeated := sorted(name for name, count in counted.items() if count > 1):
            yield f"the {stage} PDF has form fields twice: {', '.join(repeated)}"
        if foreign := sorted(field.name for field in found if field.kind != "/Sig"):
            yield f"the {stage} PDF has form fields that are not for signatures: {', '.join(foreign)}"


def _marks(submission: Submission) -> Iterator[str]:
    marks = signatures_of(submission.final)
    order = [OPENING_SEAL, *(entry.field for entry in submission.expected), CLOSING_SEAL, CLOSING_TIMESTAMP]
    found = [mark.field_name for mark in marks]
    if found != order:
        yield f"signed were {', '.join(found) or 'no fields'}, in this order; expected {', '.join(order)}"
    with reading("the signatures"):
        by_field = {mark.field_name: mark for mark in marks}
        yield from _locks(by_field)
        last = marks[-1] if marks else None
        if last is None or not is_timestamp(last):
            yield "the last object is not a document timestamp"
        elif last.evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE:
            yield "the document timestamp does not cover every byte"
        handed = [(OPENING_SEAL, submission.prepared_pdf)]
        handed += [(entry.field, file) for entry, file in zip(submission.expected, submission.revisions, strict=False)]
        for field, file in handed:
            mark = by_field.get(field)
            if mark is not None and _covered_bytes(mark) != len(file):
                yield f"{field} was signed over a different base than the revision on record"
        for entry in submission.expected:
            mark = by_field.get(entry.field)
            if mark is not None and digest_of(mark.signer_cert.dump()) != entry.certificate:
                yield f"{entry.field} was signed with another certificate than {entry.certificate[:16]}"


def _covered_bytes(mark: EmbeddedPdfSignature) -> int:
    """Return where the signed bytes of a mark end, or -1 when they do not begin at the file's first byte."""
    start, _, second, length = (int(value) for value in mark.byte_range)
    return second + length if start == 0 else -1


def _locks(marks: Mapping[str, EmbeddedPdfSignature]) -> Iterator[str]:
    opening, closing = marks.get(OPENING_SEAL), marks.get(CLOSING_SEAL)
    if opening is not None:
        permissions = entry_of(opening.reader.root, "/Perms")
        certified = entry_of(permissions, "/DocMDP") if isinstance(permissions, DictionaryObject) else None
        if certified is not opening.sig_object:
            yield "the opening seal does not certify the document"
        if opening.docmdp_level != MDPPerm.FILL_FORMS:
            yield "the opening seal permits something else than signing"
    if closing is not None:
        lock = closing.fieldmdp
        if closing.docmdp_level != MDPPerm.NO_CHANGES or lock is None or lock.action != FieldMDPAction.ALL:
            yield "the closing seal does not lock the document"


def _own_changes(submission: Submission) -> Iterator[str]:
    """Look at each signed revision alone: since the mark before, only the signatory's own field may have changed."""
    for entry, (before, after) in zip(submission.expected, pairwise(signatures_of(submission.final)), strict=False):
        with reading("a signed revision"):
            try:
                changed = _changed_fields(before, after)
            except SuspiciousModification as change:
                yield f"the revision signed by {entry.signatory_id} changes more than a signature may: {change}"
                continue
        if foreign := sorted(changed - {entry.field}):
            yield f"the revision signed by {entry.signatory_id} changes other fields: {', '.join(foreign)}"


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


def _metadata(submission: Submission) -> Iterator[str]:
    approved, final = open_pdf(submission.approved_pdf), submission.final
    with reading("the metadata"):
        if _information(approved) != _information(final):
            yield "the document information (/Info) is not the approved one"
        if _described(approved) != _described(final):
            yield "the XMP metadata is not the approved one"


def _information(reader: PdfFileReader) -> dict[str, str]:
    information = entry_of(reader.trailer_view, "/Info")
    return {str(key): str(information[key]) for key in information} if isinstance(information, DictionaryObject) else {}


def _described(reader: PdfFileReader) -> bytes:
    # raw_get: what pyHanko makes of /Metadata itself cannot be compared between revisions afterwards
    return reader.root.raw_get("/Metadata").get_object().data if "/Metadata" in reader.root else b""


def _attachments(submission: Submission) -> Iterator[str]:
    found = {name: digest_of(content) for name, content in attached_files(submission.final_pdf).items()}
    for name in sorted(set(found) | set(submission.attachments)):
        if name not in submission.attachments:
            yield f"the attached file {name} was not approved"
        elif name not in found:
            yield f"the approved file {name} is not attached"
        elif found[name] != submission.attachments[name]:
            yield f"the attached file {name} is not the approved one"


def _report(report: SealReport, trust: TrustPolicy) -> Iterator[str]:
    for finding in report.findings:
        if finding.verdict is not Verdict.VALID:
            yield f"{finding.part}: {finding.reason}"
    for signature in report.signatures:
        if signature.verdict is not Verdict.VALID:
            yield f"{signature.field}: {signature.reason}"
        elif signature.kind is not SignatureKind.TIMESTAMP and signature.level != REQUIRED_LEVEL:
            yield f"{signature.field} reaches level {signature.level} only"
    if not trust.seal_certificates:
        yield "it is not known which certificates the organisation seals with"
    times = [signature.signed_at for signature in report.signatures if signature.signed_at is not None]
    if len(times) != len(report.signatures) or times != sorted(times):
        yield "the times of signature do not follow the order of signature"
