"""The validation of a document in the form that ETSI standardises, kept beside our own report and bound by it."""

from __future__ import annotations

from datetime import datetime

from flows.stage import keep
from flows.wiring import Installation
from schemas.evidence import AgreementId, EtsiReport, SealReport


def with_etsi_reports(
    house: Installation, agreement: AgreementId, report: SealReport, pdf: bytes, now: datetime
) -> SealReport:
    """Keep the ETSI TS 119 102-2 report of every field of ``pdf``; return ``report``, made ``now``, naming them."""
    from signing.etsi_report import etsi_reports  # noqa: PLC0415  # lxml and report models are loaded when needed
    from signing.preserve import informed_about  # noqa: PLC0415  # with them

    found = etsi_reports(pdf, report, informed_about(pdf, house.trust(now), now=now), now=now)
    kept = tuple(EtsiReport(field=name, sha256=keep(house, agreement, xml, "xml")) for name, xml in found.items())
    return report.model_copy(update={"etsi_reports": kept})
