"""A PDF signed with a signatory's own software: accepted when it is what was handed out and their signature.

::

    newest revision ──handed out──> their software ──upload──> the same bytes + one revision
                                                                └ one signature, in their field, and nothing else

Whatever else the file brings is refused here, by name, before anybody else is asked to sign on top of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from schemas.errors import Refused
from schemas.evidence import Verdict
from schemas.signature import LegalEffect, Level
from signing.appearance import Shown, differences
from signing.changes import change_objections
from signing.description import description_of
from signing.evidence_records import recorded_in
from signing.fields import field_boxes, form_fields, locking_field, signatory_field
from signing.keys import require_suitable
from signing.preserve import informed_about
from signing.revision import is_timestamp, open_pdf, reading, signatures_of, time_of, token_of
from signing.structure import file_objections
from signing.trust import CLOCK_TOLERANCE, TrustPolicy, as_cryptography, require_trusted
from signing.validate import validate

MAXIMUM_ADDED_BYTES = 10 * 1024 * 1024
"""How much a signature may add: certificates, a timestamp, a picture for its appearance."""

HANDED_OUT = "fetch the newest file again, sign that one, and save it by adding to it (incremental update)"


@dataclass(frozen=True)
class Uploaded:
    """What an accepted upload brought: the signatory's certificate, and the signature as validated."""

    certificate: x509.Certificate
    level: Level
    effect: LegalEffect


def accept(pdf: bytes, base: bytes, *, signatory_id: str, level: Level, trust: TrustPolicy, now: datetime) -> Uploaded:
    """Return what ``pdf`` adds to ``base``, the newest revision, when that is the signatory's signature alone.

    Where the policy's ``level`` is B-B or B-LTA it may be of B-B: for the latter, the later document timestamp proves
    its time (EN 319 142-1 6.3). Raises :class:`Refused` for everything else, each with a sentence of its own,
    :class:`Invalid` for bytes that cannot be read or pages that cannot be drawn, :class:`RevocationUnavailable` where
    nobody says whether the certificate is revoked, and :class:`Unavailable` where the pages are not drawn in time.
    """
    field = signatory_field(signatory_id)
    _require_added(pdf, base)
    reader, before = open_pdf(pdf), open_pdf(base)
    _require_fields(reader, before)
    mark = _added_mark(reader, len(signatures_of(before)), field)
    _require_own_words(mark)
    _require_nothing_else(pdf, reader, before)
    _require_same_pages(pdf, base, before, field)
    _require_room_for_others(reader, field)
    _require_time(reader, now)
    certificate = as_cryptography(mark.signer_cert)
    require_suitable(certificate)
    require_trusted(mark.signer_cert, mark.other_embedded_certs, trust, now=now)
    return _validated(pdf, reader, mark, level, trust, now=now)


def _require_added(pdf: bytes, base: bytes) -> None:
    if pdf == base:
        raise _refused("there is no signature in the file: it is the one that was handed out", "the same bytes")
    if len(pdf) <= len(base) and base.startswith(pdf):
        raise _refused("the file is cut off", f"{len(pdf)} of {len(base)} bytes")
    if not pdf.startswith(base):
        raise _refused(
            "the file does not begin with the bytes that were handed out", "a file that was saved anew, or another one"
        )
    if len(pdf) - len(base) > MAXIMUM_ADDED_BYTES:
        raise _refused(
            "the file grew by more than a signature needs", f"{len(pdf) - len(base):,} bytes added",
            expected=f"at most {MAXIMUM_ADDED_BYTES:,} bytes",
        )  # fmt: skip


def _require_fields(reader: PdfFileReader, before: PdfFileReader) -> None:
    wanted = Counter(field.name for field in form_fields(before))
    found = Counter(field.name for field in form_fields(reader))
    if found != wanted:
        names = sorted((found - wanted) + (wanted - found))
        raise _refused("the form has other fields than were prepared", ", ".join(names), expected=", ".join(wanted))


def _added_mark(reader: PdfFileReader, already: int, field: str) -> EmbeddedPdfSignature:
    added = signatures_of(reader)[already:]
    if not added:
        raise _refused("there is no new signature in the file", "a change without a signature")
    if len(added) > 1:
        names = ", ".join(mark.field_name for mark in added)
        raise _refused("more than one field was signed", names, expected=field)
    (mark,) = added
    if mark.field_name != field:
        raise _refused("somebody else's field was signed", mark.field_name, expected=field)
    if is_timestamp(mark):
        raise _refused("there is a timestamp in the signatory's field, and no signature", mark.sig_object_type)
    with reading("the signature"):
        kind = str(mark.sig_object.get("/SubFilter"))
        covered = mark.evaluate_signature_coverage()
    if kind != SigSeedSubFilter.PADES.value:
        raise _refused(
            "the signature is of an older kind than PAdES (EN 319 142-1)", kind, expected=SigSeedSubFilter.PADES.value,
            remedy="choose PAdES, or CAdES, as the kind of signature in your software, and sign again",
        )  # fmt: skip
    if covered != SignatureCoverageLevel.ENTIRE_FILE:
        raise _refused(
            "something was added to the file after the signature", "bytes that the signature does not cover",
            remedy="sign without adding validation data or a document timestamp: both are added here",
        )  # fmt: skip
    return mark


def _require_own_words(mark: EmbeddedPdfSignature) -> None:
    """Refuse a signature that reads as if the organisation's seal stood for a click or a paper original."""
    reason = str(mark.sig_object.get("/Reason", ""))
    if recorded_in(reason) is not None:
        raise _refused(
            "the signature gives a reason that only the organisation's seal gives", reason,
            expected="no reason, or one in the signatory's own words", remedy="sign again with another reason, or none",
        )  # fmt: skip


def _require_nothing_else(pdf: bytes, reader: PdfFileReader, before: PdfFileReader) -> None:
    if description_of(reader) != description_of(before):
        raise _refused("what the document says of itself was changed", "another title, author or other metadata")
    objections = [*file_objections(pdf), *change_objections(reader)]
    if objections:
        raise _refused(
            "the file changes more than the signatory's field", "; ".join(str(one) for one in objections[:5])
        )


def _require_same_pages(pdf: bytes, base: bytes, before: PdfFileReader, field: str) -> None:
    box = field_boxes(before).get(field)
    shown = [Shown("file that was handed out", len(base)), Shown("signed file", len(pdf), (box,) if box else ())]
    if found := differences(pdf, shown):
        raise _refused("the pages look otherwise than those that were handed out", "; ".join(map(str, found[:5])))


def _require_room_for_others(reader: PdfFileReader, field: str) -> None:
    for empty in (other.name for other in form_fields(reader) if not other.filled):
        if locking_field(reader, empty) == field:
            raise _refused(
                "the signature locks the document for those who sign after it", f"a lock over {empty}",
                remedy="sign without locking or certifying the document",
            )  # fmt: skip


def _require_time(reader: PdfFileReader, now: datetime) -> None:
    with reading("the time of signature"):
        times = [time_of(mark) for mark in signatures_of(reader)]
    *earlier, time = times
    if time is None:
        raise _refused("the signature says no time", "neither a claimed time nor a timestamp")
    if time > now + CLOCK_TOLERANCE or any(before is not None and time < before for before in earlier):
        raise _refused(
            "the time in the signature cannot be", f"{time:%Y-%m-%d %H:%M:%S %Z}",
            expected=f"between the signature before it and {now:%Y-%m-%d %H:%M:%S %Z}",
            remedy="set the clock of the machine that signs, and sign the newest file again",
        )  # fmt: skip


def _validated(
    pdf: bytes, reader: PdfFileReader, mark: EmbeddedPdfSignature, level: Level, trust: TrustPolicy, *, now: datetime
) -> Uploaded:
    report = validate(pdf, informed_about(pdf, trust, now=now), now=now, reader=reader)
    if faulty := [finding.reason for finding in report.findings if finding.verdict is Verdict.INVALID]:
        raise _refused("the file does not hold", "; ".join(faulty))
    found = next((one for one in report.signatures if one.field == mark.field_name), None)
    if found is None or found.verdict is not Verdict.VALID:
        raise _refused("the signature does not hold", found.reason if found else "it was not found again")
    reached = Level(found.level)
    if token_of(mark) is not None and reached is Level.BASIC:
        raise _refused(
            "the signature's timestamp is not by a trusted authority", found.reason,
            remedy="sign without a timestamp, or with one of an authority that an administrator trusts here",
        )  # fmt: skip
    if reached is Level.BASIC and level in {Level.TIME, Level.LONG_TERM}:
        raise _refused(
            "the signature has no timestamp, which the policy of this document asks for", f"level {reached}",
            expected=f"level {level}", remedy="have your software add a timestamp (PAdES B-T)",
        )  # fmt: skip
    return Uploaded(as_cryptography(mark.signer_cert), reached, found.effect or LegalEffect.ADES)


def _refused(what: str, got: str, *, expected: str | None = None, remedy: str = HANDED_OUT) -> Refused:
    expected = expected or "the file that was handed out, and the signatory's signature added to it"
    return Refused(what, got=got, expected=expected, remedy=remedy)
