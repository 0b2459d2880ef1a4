"""Validates a whole PDF offline: every signature, seal and timestamp, what they cover, and what came after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509
from asn1crypto.parser import parse
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel, SuspiciousModification
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from schemas.errors import ConvenioError
from schemas.evidence import Digest, Finding, SealReport, SignatureKind, SignatureReport, Verdict, digest_of, worst
from schemas.signature import LegalEffect, Level, SigningWay
from signing.changes import change_objections
from signing.evidence_records import EFFECTS, recorded_in
from signing.fields import SEALS, form_fields
from signing.level import Reached, file_knowledge, level_of_signature, level_of_timestamp, time_in, weakest
from signing.revision import UNREADABLE, claimed_time, is_timestamp, open_pdf, signatures_of, time_of, token_of
from signing.run import run
from signing.structure import STRUCTURE, require_readable, structure_objections
from signing.trust import TrustPolicy
from signing.trusted_list import effect_of

PADES = "/ETSI.CAdES.detached"


def validate(pdf: bytes, trust: TrustPolicy, *, now: datetime, reader: PdfFileReader | None = None) -> SealReport:
    """Return what can be said of ``pdf`` at ``now`` with nothing but ``trust``: no keys, no network, no database.

    Levels are those validated (EN 319 102-1). Without roots in ``trust`` the verdict is indeterminate at best. Hostile
    bytes give an invalid report; only a ``trust`` that cannot be read raises (:class:`InputError`). ``reader`` is one
    over the same bytes where the caller has it: what it knows of the revisions need not be worked out twice.
    """
    _ = trust.anchors, trust.lists
    written: list[Finding] = []
    try:
        require_readable(pdf)
        reader = reader or open_pdf(pdf)
        written = _structure_findings(pdf, reader)
        return run(_validated(pdf, reader, trust, written, now))
    except ConvenioError as fault:
        reason = f"{fault.what}: {fault.got}" if fault.got else fault.what
    except Exception:  # noqa: BLE001 (the bytes are hostile: whatever a parser raises means they do not hold)
        reason = f"the PDF cannot be read: {UNREADABLE}"
    broken = Finding(part="file", verdict=Verdict.INVALID, reason=reason)
    return SealReport(
        pdf=digest_of(pdf), verdict=Verdict.INVALID, level=Level.NONE.value, signatures=(), findings=(broken, *written)
    )


@dataclass(frozen=True)
class _Examined:
    report: SignatureReport
    level: Level


async def _validated(
    pdf: bytes, reader: PdfFileReader, trust: TrustPolicy, written: Sequence[Finding], now: datetime
) -> SealReport:
    marks = signatures_of(reader)
    certificates = file_knowledge(reader, trust).local_knowledge.known_certs
    for mark in marks:
        mark.compute_integrity_info()
    findings = _file_findings(pdf, marks, {entry.dump() for entry in certificates})
    findings.extend(written)
    findings.extend(_form_findings([field.name for field in form_fields(reader) if not field.filled]))
    found, proven = list[_Examined](), list[EmbeddedPdfSignature]()
    # Backwards: what a mark is worth depends on the document timestamps after it.
    for mark in reversed(marks):
        examined = await _examine(mark, certificates, trust, later=proven, now=now)
        found.insert(0, examined)
        if examined.level is Level.TIMESTAMP:
            proven.insert(0, mark)
    findings.extend(_trust_findings(trust, marks))
    reports = tuple(entry.report for entry in found)
    level = weakest([entry.level for entry in found if entry.report.kind is not SignatureKind.TIMESTAMP])
    verdict = worst([report.verdict for report in reports] + [finding.verdict for finding in findings])
    if not reports:
        verdict = worst([verdict, Verdict.INDETERMINATE])
    return SealReport(
        pdf=digest_of(pdf), verdict=verdict, level=level.value, signatures=reports, findings=tuple(findings)
    )


async def _examine(
    mark: EmbeddedPdfSignature,
    certificates: Sequence[x509.Certificate],
    trust: TrustPolicy,
    *,
    later: Sequence[EmbeddedPdfSignature],
    now: datetime,
) -> _Examined:
    certificate = mark.signer_cert
    digest = digest_of(certificate.dump())
    kind = _kind_of(mark, digest, trust)
    if (fault := _integrity_fault(mark)) is not None:
        reached = Reached(Level.NONE, Verdict.INVALID, fault, "FORMAT_FAILURE")
    elif (fault := _seal_fault(mark, digest, trust)) is not None:
        reached = Reached(Level.NONE, Verdict.INVALID, fault, "SIG_CONSTRAINTS_FAILURE")
    elif kind is not SignatureKind.TIMESTAMP and mark.sig_object.get("/SubFilter") != PADES:
        reason = "it is no PAdES signature (SubFilter, EN 319 142-1 6.3), so it has no level"
        reached = Reached(Level.NONE, Verdict.INDETERMINATE, reason, "SIG_CONSTRAINTS_FAILURE")
    elif kind is SignatureKind.TIMESTAMP:
        reached = await level_of_timestamp(mark, trust, later=later, now=now)
    else:
        reached = await level_of_signature(mark, trust, later=later, now=now)
    timestamped = reached.level not in (Level.NONE, Level.BASIC)
    # The time in a token that does not validate is nobody's word.
    signed_at = time_of(mark) if timestamped or is_timestamp(mark) else claimed_time(mark)
    effect, reason = None, reached.reason
    if reached.verdict is Verdict.VALID:
        above = [*(entry.chosen for entry in mark.signed_data["certificates"]), *certificates]
        proven = time_of(mark) if timestamped and token_of(mark) is not None else None
        moment = proven or (time_in(later[0]) if later else now)
        effect, remark = _effect_of(mark, kind, above, trust, at=moment, now=now)
        reason = f"{reason}; {remark}" if remark else reason
    report = SignatureReport(
        field=mark.field_name,
        kind=kind,
        verdict=reached.verdict,
        subject=certificate.subject.human_friendly,
        certificate=digest,
        signed_at=signed_at,
        timestamped=timestamped,
        level=reached.level.value,
        reason=reason,
        effect=effect,
        evidence=recorded[1] if kind is SignatureKind.SEAL and (recorded := _recorded(mark)) else None,
        sub_indication=reached.sub_indication,
    )
    return _Examined(report, reached.level)


def _kind_of(mark: EmbeddedPdfSignature, digest: str, trust: TrustPolicy) -> SignatureKind:
    if is_timestamp(mark):
        return SignatureKind.TIMESTAMP
    ours = digest in trust.seal_certificates or not trust.seal_certificates
    sealed = mark.field_name in SEALS or (ours and _recorded(mark) is not None)
    return SignatureKind.SEAL if sealed else SignatureKind.SIGNATURE


def _recorded(mark: EmbeddedPdfSignature) -> tuple[SigningWay, Digest] | None:
    """Return the way to sign and the evidence record that a mark's reason names, or none."""
    return recorded_in(str(mark.sig_object["/Reason"]) if "/Reason" in mark.sig_object else None)


def _effect_of(
    mark: EmbeddedPdfSignature,
    kind: SignatureKind,
    above: Sequence[x509.Certificate],
    trust: TrustPolicy,
    *,
    at: datetime,
    now: datetime,
) -> tuple[LegalEffect, str | None]:
    """Return what a valid mark legally is, and what a reader has to know about that."""
    if kind is SignatureKind.TIMESTAMP:
        return LegalEffect.TIMESTAMP, None
    if mark.field_name in SEALS:
        return LegalEffect.SEAL, None
    if kind is SignatureKind.SEAL and (recorded := _recorded(mark)) is not None:
        way, record = recorded
        remark = "the organisation's seal proves origin; the person's consent stands in the evidence record it names"
        return EFFECTS[way], f"{remark}, SHA-256 {record}"
    if not trust.trusted_lists:
        return LegalEffect.ADES, None
    qualification = effect_of(mark.signer_cert, above, trust.trusted_lists, at=at, now=now)
    return qualification.effect, qualification.reason


def _integrity_fault(mark: EmbeddedPdfSignature) -> str | None:
    """Return why the bytes around a mark do not hold, or none: its coverage, and what later revisions changed."""
    if mark.coverage is None or mark.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return "it does not cover the whole revision it stands in"
    if isinstance(mark.diff_result, SuspiciousModification):
        return f"the document was changed after it in a way nobody may: {mark.diff_result}"
    if not mark.summarise_integrity_info()["docmdp_ok"]:
        return "the document was changed after it beyond what it permits (DocMDP, ISO 32000-2 12.8.2.2)"
    return None


def _seal_fault(mark: EmbeddedPdfSignature, digest: str, trust: TrustPolicy) -> str | None:
    ours = digest in trust.seal_certificates
    if mark.field_name in SEALS and not is_timestamp(mark):
        if trust.seal_certificates and not ours:
            return "it is not by a certificate the organisation seals with"
    elif ours and _recorded(mark) is None:
        return "it is by the organisation's seal, which proves origin and never a person's consent"
    return None


def _file_findings(pdf: bytes, marks: Sequence[EmbeddedPdfSignature], bound: set[bytes]) -> list[Finding]:
    if not marks:
        return [Finding(part="file", verdict=Verdict.INDETERMINATE, reason="there is no signature, seal or timestamp")]
    last = marks[-1]
    start, length = last.byte_range[0], last.byte_range[1]
    if last.evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE:
        covered = int(last.byte_range[2]) + int(last.byte_range[3])
        if _only_validation_data(pdf, last, covered):
            reason = f"{last.field_name} vouches for every byte but the validation data after it"
            return [Finding(part="file", verdict=Verdict.VALID, reason=reason)]
        reason = f"the last mark vouches for {covered} of {len(pdf)} bytes; what follows is vouched for by nobody"
        return [Finding(part="file", verdict=Verdict.INVALID, reason=reason, place=f"byte {covered}")]
    gap = pdf[int(start) + int(length) : int(last.byte_range[2])]
    flaw = _container_flaw(gap, last, bound)
    if flaw is not None:
        return [Finding(part="file", verdict=Verdict.INVALID, reason=flaw, place=f"/Contents of {last.field_name}")]
    return [Finding(part="file", verdict=Verdict.VALID, reason=f"{last.field_name} vouches for every byte")]


def _only_validation_data(pdf: bytes, last: EmbeddedPdfSignature, covered: int) -> bool:
    """Whether one more revision follows, whole, with nothing but a DSS in it (EN 319 142-1 5.4.2): level B-LT."""
    if last.signed_revision + 2 != last.reader.xrefs.total_revisions:
        return False
    found, rest = last.diff_result, pdf[covered:]
    if not isinstance(found, DiffResult) or found.modification_level != ModificationLevel.LTA_UPDATES:
        return False
    return rest.endswith(b"%%EOF\n") and rest.count(b"%%EOF") == 1


def _container_flaw(gap: bytes, mark: EmbeddedPdfSignature, bound: set[bytes]) -> str | None:
    """Return what is wrong with the bytes between a mark's two signed ranges, or none.

    They are the only ones it does not cover. One writing is accepted: ``<``, DER in hexadecimal of one case, zeros,
    ``>``; and in a document timestamp (RFC 5652 5.1) nothing that neither its signature nor ``bound``, the
    certificates in DER that stand elsewhere under it, repeats.
    """
    raw = mark.pkcs7_content
    if gap not in (b"<%s>" % raw.hex().encode(), b"<%s>" % raw.hex().upper().encode()):
        return "the signature's container is not written the one way it may be"
    _, _, _, header, body, end = parse(raw, strict=False)
    length = len(header) + len(body) + len(end)
    if raw[length:].strip(b"\0"):
        return "the signature's container holds something beside the signature"
    if not is_timestamp(mark):
        return None
    content, signer = mark.signed_data, mark.signer_info
    named = signer["sid"].chosen
    repeated = (
        [entry.dump() for entry in content["digest_algorithms"]] == [signer["digest_algorithm"].dump()]
        and content["version"].native == "v3"
        and signer["version"].native == "v1"
        and not content["crls"]
        and not signer["unsigned_attrs"]
        and signer["sid"].name == "issuer_and_serial_number"
        and named["issuer"].dump() == mark.signer_cert.issuer.dump()
        and all(entry.chosen.dump() in bound for entry in content["certificates"])
    )
    return None if repeated else "the timestamp's container holds something its signature does not bind"


def _structure_findings(pdf: bytes, reader: PdfFileReader) -> list[Finding]:
    objections = [*structure_objections(pdf, reader), *change_objections(reader)]
    return [Finding(part=STRUCTURE, verdict=Verdict.INVALID, reason=str(objection)) for objection in objections]


def _form_findings(empty: list[str]) -> list[Finding]:
    return [
        Finding(part=f"field {name}", verdict=Verdict.INDETERMINATE, reason="nobody has signed here yet")
        for name in empty
    ]


def _trust_findings(trust: TrustPolicy, marks: Sequence[EmbeddedPdfSignature]) -> list[Finding]:
    findings = []
    if not trust.roots:
        reason = "no trusted root was given from outside, so nobody's identity is known"
        findings.append(Finding(part="trust", verdict=Verdict.INDETERMINATE, reason=reason))
    if not trust.seal_certificates and any(mark.field_name in SEALS for mark in marks):
        reason = "the organisation's seal certificates were not given from outside"
        findings.append(Finding(part="trust", verdict=Verdict.INDETERMINATE, reason=reason))
    return findings
