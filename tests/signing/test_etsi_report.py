from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from lxml import etree
from pyhanko.generated.etsi import ts_11910202
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

from schemas.errors import Invalid
from signing.etsi_report import NAMESPACE, etsi_reports
from signing.trust import TrustPolicy
from signing.validate import validate

FIELDS = ["seal:opening", "signatory:gssc", "signatory:chamber", "seal:closing"]


@pytest.fixture
def trust(desk) -> TrustPolicy:
    return TrustPolicy(roots=(desk.pki.root_pem,), seal_certificates=(desk.pki.seal.certificate_digest,))


def reports_on(pdf: bytes, trust: TrustPolicy, now: datetime) -> dict[str, bytes]:
    return etsi_reports(pdf, validate(pdf, trust, now=now), trust, now=now)


@pytest.fixture
def reports(journey, trust):
    return reports_on(journey.final, trust, journey.finished)


def said(report: bytes, name: str) -> list[str]:
    return [element.text for element in etree.fromstring(report).iter(f"{NAMESPACE}{name}")]


def test_each_signature_and_seal_has_a_report_that_it_passed_the_process_for_archived_signatures(reports):
    assert list(reports) == FIELDS
    for report in reports.values():
        assert said(report, "MainIndication") == ["urn:etsi:019102:mainindication:total-passed"]
        assert said(report, "SignatureValidationProcessID") == ["urn:etsi:019102:validationprocess:LTA"]
        assert said(report, "SubIndication") == []


def test_a_report_tells_when_it_was_validated_and_when_it_was_signed(journey, reports):
    (validated,), (proven,) = (said(reports["signatory:gssc"], name) for name in ("ValidationTime", "POETime"))
    assert validated == f"{journey.finished:%Y-%m-%dT%H:%M:%SZ}"
    assert proven == f"{journey.finished - timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}"


def test_the_same_file_trust_and_time_give_the_same_bytes(journey, trust, reports):
    assert reports_on(journey.final, trust, journey.finished) == reports


def test_a_report_has_the_form_of_the_standard(reports):
    parser = XmlParser(config=ParserConfig(fail_on_unknown_properties=True, fail_on_unknown_attributes=True))
    for report in reports.values():
        parsed = parser.from_bytes(report, ts_11910202.ValidationReport)
        assert len(parsed.signature_validation_report) == 1
        assert parsed.signature_validation_objects.validation_object


def test_an_untrusted_signature_is_indeterminate_by_its_standard_name(journey):
    report = reports_on(journey.final, TrustPolicy(), journey.finished)["signatory:gssc"]
    assert said(report, "MainIndication") == ["urn:etsi:019102:mainindication:indeterminate"]
    assert said(report, "SubIndication") == ["urn:etsi:019102:subindication:NO_CERTIFICATE_CHAIN_FOUND"]


def test_a_changed_document_fails(journey, trust):
    damaged = journey.final.replace(b"(Memorandum of Understanding)", b"(Memorandum of Understanding!")
    for report in reports_on(damaged, trust, journey.finished).values():
        assert said(report, "MainIndication") == ["urn:etsi:019102:mainindication:total-failed"]


def test_what_is_no_pdf_is_invalid(trust, journey):
    with pytest.raises(Invalid):
        reports_on(b"junk", trust, journey.finished)
