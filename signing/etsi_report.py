"""Validation reports in XML (ETSI TS 119 102-2), one for each signature and seal of a PDF.

They say what :func:`signing.validate.validate` said, in the form that other validation software reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lxml import etree
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESSubIndic
from pyhanko.sign.validation.ades import (
    AdESBasicValidationResult,
    AdESLTAValidationResult,
    AdESWithTimeValidationResult,
)
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.report.tools import generate_report

from schemas.evidence import SealReport, SignatureReport, Verdict
from schemas.signature import Level
from signing.level import basic, file_knowledge, knowledge_then, time_in, with_given, with_time
from signing.revision import is_timestamp, open_pdf, reading, signatures_of, token_of
from signing.run import run
from signing.trust import TrustPolicy

NAMESPACE = "{http://uri.etsi.org/19102/v1.2.1#}"
PASSED = "urn:etsi:019102:subindication:OK"
"""What the library writes for a signature that passed; the standard has no such sub-indication (TS 119 102-2 4.3.4)."""

FAILURES: dict[str, AdESSubIndic] = {
    found.standard_name: found for kind in (AdESFailure, AdESIndeterminate) for found in kind
}


def etsi_reports(pdf: bytes, report: SealReport, trust: TrustPolicy, *, now: datetime) -> dict[str, bytes]:
    """Return the report of each signature and seal as at ``now``, by field, in UTF-8 XML.

    ``report`` is what was said of this file with this trust at this time; the same four give the same bytes. Document
    timestamps have no report, nor has a mark that cannot even be taken apart. Raises :class:`Invalid` for what is no
    PDF.
    """
    judged = {mark.field: mark for mark in report.signatures}
    marks = signatures_of(open_pdf(pdf))
    found = {}
    for position, mark in enumerate(marks):
        if is_timestamp(mark) or mark.field_name not in judged:
            continue
        with reading("a signature"):
            later = [other for other in marks[position + 1 :] if is_timestamp(other)]
            result = run(_result(mark, later, judged[mark.field_name], trust, now))
            if result.api_status is not None:
                found[mark.field_name] = _ordered(generate_report(mark, result))
    return found


async def _result(
    mark: EmbeddedPdfSignature,
    later: Sequence[EmbeddedPdfSignature],
    judged: SignatureReport,
    trust: TrustPolicy,
    now: datetime,
) -> AdESBasicValidationResult:
    """Return the library's result for a mark, with the verdict that was given it."""
    mark.compute_integrity_info(skip_diff=True)  # what came after it is judged already
    judge = with_time if token_of(mark) is not None else basic
    if judged.level == Level.ARCHIVE:
        for witness in later:
            result = await judge(mark, knowledge_then(witness, trust), time_in(witness))
            if result.ades_subindic == AdESPassed.OK:
                return _archived(result, time_in(witness), now)
    result = await judge(mark, with_given(file_knowledge(mark.reader, trust), trust), now)
    return replace(result, ades_subindic=_indication(judged))


def _archived(result: AdESBasicValidationResult, proven: datetime, now: datetime) -> AdESLTAValidationResult:
    """Return the result of the process for archived signatures (EN 319 102-1 5.6.3) that passed at ``now``."""
    timed = isinstance(result, AdESWithTimeValidationResult)
    return AdESLTAValidationResult(
        ades_subindic=AdESPassed.OK,
        api_status=None if result.api_status is None else replace(result.api_status, validation_time=now),
        failure_msg=None,
        validation_objects=result.validation_objects,
        best_signature_time=result.best_signature_time if timed else proven,
        signature_not_before_time=None,
        oldest_evidence_record_timestamp=proven,
        signature_timestamp_status=None,
    )


def _indication(judged: SignatureReport) -> AdESSubIndic:
    if judged.verdict is Verdict.VALID:
        return AdESPassed.OK
    otherwise = AdESFailure.GENERIC if judged.verdict is Verdict.INVALID else AdESIndeterminate.GENERIC
    return FAILURES.get(judged.sub_indication or "", otherwise)


def _ordered(report: str) -> bytes:
    """Return the report with its validation objects in the order of their names, which the library leaves to chance."""
    root = etree.fromstring(report.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    for element in root.iter(f"{NAMESPACE}SubIndication"):
        if element.text == PASSED:
            element.getparent().remove(element)
    for objects in root.iter(f"{NAMESPACE}SignatureValidationObjects"):
        objects[:] = sorted(objects, key=lambda entry: entry.get("id"))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
