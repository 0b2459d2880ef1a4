from __future__ import annotations

import pytest

from archive.canonical_zip import read_canonical
from archive.dossier import build_dossier
from schemas.evidence import Verdict, digest_of
from tests.archive.complete_history import (
    TEMPLATE,
    complete,
)
from tests.archive.verifying import refused, rewritten, verify

TEMPLATE_NAME = f"templates/{digest_of(TEMPLATE)}.docx"


@pytest.fixture(scope="module")
def dossier():
    return build_dossier(complete().contents())


@pytest.fixture(scope="module")
def members(dossier):
    return read_canonical(dossier)


def test_swapped_drafts_are_refused(members):
    swap = {"drafts/1/draft.pdf": members["drafts/2/draft.pdf"], "drafts/2/draft.pdf": members["drafts/1/draft.pdf"]}
    report = verify(rewritten(members, **swap))
    refused(report, "drafts", "not the one the ledger names", "drafts/1/draft.pdf")
    refused(report, "approvals", "not the one the legal office approved", "drafts/2/draft.pdf")


def test_a_recorded_report_that_was_not_valid_is_refused():
    story = complete(report_says={"verdict": Verdict.INDETERMINATE})
    refused(verify(build_dossier(story.contents())), "seal report", "contradicts the ledger", "seal-report.json")


def test_a_pdf_that_was_rewritten_between_two_signatures_is_refused():
    story = complete(between=lambda pdf: pdf.replace(b"%%PDF-1.7", b"%PDF-2.0").replace(b"%PDF-1.7", b"%PDF-2.0"))
    refused(
        verify(build_dossier(story.contents())), "approved = signed = archived", "approved does not lie within the file"
    )


def test_a_pdf_with_a_million_ends_is_refused(members):
    changed = rewritten(members, **{"agreement.pdf": b"%%EOF\n" * 100_000})
    refused(verify(changed), "approved = signed = archived", "too many end-of-file marks")


def test_a_recorded_report_about_another_pdf_is_refused():
    story = complete(report_says={"pdf": "0" * 64})
    refused(verify(build_dossier(story.contents())), "seal report", "about another PDF", "seal-report.json")


def test_a_receipt_of_another_size_is_refused():
    refused(verify(build_dossier(complete(receipt_adds=1).contents())), "deposit", "states another size", "receipt")


def test_another_agreement_than_the_deposited_one_is_refused(members):
    changed = rewritten(members, **{"agreement.pdf": members["drafts/2/draft.pdf"]})
    refused(verify(changed), "deposit", "not the one the archive received", "agreement.pdf")


def test_a_draft_that_is_missing_is_named(members):
    refused(
        verify(rewritten(members, **{"drafts/1/draft.docx": None})),
        "drafts",
        "a member is missing",
        "drafts/1/draft.docx",
    )


def test_another_template_is_not_the_approved_one(members):
    report = verify(rewritten(members, **{TEMPLATE_NAME: b"PK another template"}))
    refused(report, "drafts", "not the one the ledger names", TEMPLATE_NAME)
    refused(report, "approvals", "not the one the legal office approved", TEMPLATE_NAME)


def test_a_value_changed_in_a_confirming_draft_is_named(members):
    data = members["drafts/2/data.json"].replace(b'"notice_days":30', b'"notice_days":31')
    report = verify(rewritten(members, **{"drafts/2/data.json": data}))
    place = "drafts/2/data.json, notice_days"
    refused(report, "confirmations", "changes something else; got 31; expected 30", place)


def test_what_a_draft_was_made_from_is_told(dossier):
    told = {found.part: found.reason for found in verify(dossier).findings}
    assert told["draft manifest"] == "draft 2 was made from mou version 1 (en) and 0 clauses"


def test_confirmations_are_told(dossier):
    told = {found.part: found.reason for found in verify(dossier).findings}
    assert told["confirmations"].startswith("2 facts confirmed by a manager")
    assert (
        told["approvals"] == "draft 2 was approved, by digest of its data, template, manifest, DOCX and PDF, for legal"
    )
