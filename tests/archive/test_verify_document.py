from __future__ import annotations

import pytest

from archive.canonical_zip import read_canonical
from archive.dossier import build_dossier
from schemas.errors import Invalid
from schemas.evidence import Verdict, digest_of
from tests.archive.complete_history import (
    OLDER_VERIFIER,
    SCAN,
    SCAN_SEAL,
    SIGNATORIES,
    TEMPLATE,
    VERIFIER,
    complete,
    eventful,
    judge_scan,
)
from tests.archive.verifying import broken, faults, refused, rewritten, verify

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
    refused(
        verify(build_dossier(complete(receipt_adds=1).contents())), "deposit", "states another size", "receipts/0.json"
    )


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


def test_the_readme_may_name_the_verifier_of_an_older_release(members):
    readme = members["README.txt"].replace(VERIFIER.encode(), OLDER_VERIFIER.encode())
    assert verify(rewritten(members, **{"README.txt": readme})).verdict is Verdict.VALID


def test_a_readme_that_names_an_unknown_verifier_leaves_it_open(members):
    """It may be of a newer release, or of an accomplice."""
    readme = members["README.txt"].replace(VERIFIER.encode(), digest_of(b"another").encode())
    report = verify(rewritten(members, **{"README.txt": readme}))
    assert report.verdict is Verdict.INDETERMINATE
    (part, found), = faults(report).items()  # fmt: skip
    assert (part, found.place) == ("verifier", "README.txt")
    assert found.reason.startswith("names a verifier this release does not know")
    again = readme.replace(b"Exit 0: valid.", b"Exit 0: fine.")
    refused(verify(rewritten(members, **{"README.txt": again})), "README.txt", "does not say what the evidence says")


def test_a_level_below_the_policy_is_refused():
    story = complete(report_says={"level": "B-T"}, level="B-T")
    refused(verify(build_dossier(story.contents())), "seal report", "lower level than its policy asks for")


def test_delegation_paper_retention_hold_and_renewal_are_valid():
    report = verify(build_dossier(eventful().contents()))
    assert faults(report) == {}
    told = {found.part: found.reason for found in report.findings}
    assert told["evidence records"].startswith("1 records of clicks and paper originals")
    assert told["seal report"].count("recorded at") == 2
    assert "after 1 files that it extends" in told["deposit"]


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ({"signatory": SIGNATORIES[0]}, "about another signature: another signatory"),
        ({"agreement": "MOU-1999-0001"}, "about another signature: another agreement"),
        ({"draft": 1}, "about another signature: another draft"),
        ({"person": digest_of(b"somebody else")}, "about another signature: another person"),
        ({"base": digest_of(b"another file")}, "about another signature: another base"),
        ({"compared_with": digest_of(b"another file")}, "about another file than the one that was prepared"),
    ],
    ids=["signatory", "agreement", "draft", "person", "base", "compared"],
)
def test_a_record_about_something_else_is_refused(says, said):
    with pytest.raises(Invalid, match=said):
        build_dossier(eventful(record_says=says).contents())


def test_the_seal_over_a_scan_is_judged_with_the_scan_and_by_the_pinned_certificates():
    dossier = build_dossier(eventful().contents())
    [found] = [one for one in verify(dossier).findings if one.part == "scan seals"]
    assert (found.verdict, found.place) == (Verdict.VALID, f"evidence/{digest_of(SCAN_SEAL)}.p7s")
    assert f"evidence/{digest_of(SCAN)}.pdf" in found.reason

    def another(scan, seal, keys):
        return judge_scan(scan, seal, keys).model_copy(update={"certificate": "0" * 64})

    refused(verify(dossier, scan=another), "scan seals", "the seal over the scan is not of", found.place)
    refused(verify(dossier, scan=broken(Invalid("the seal does not hold"))), "scan seals", "does not hold", found.place)
    doubtful = lambda *given: judge_scan(*given).model_copy(update={"verdict": Verdict.INDETERMINATE})  # noqa: E731
    assert verify(dossier, scan=doubtful).verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize("kind", [".pdf", ".p7s", ".json"])
def test_a_changed_file_of_a_paper_original_is_named(kind):
    members = read_canonical(build_dossier(eventful().contents()))
    [name] = [name for name in members if name.startswith("evidence/") and name.endswith(kind)]
    report = verify(rewritten(members, **{name: members[name] + b" "}))
    part = "drafts" if kind == ".json" else "evidence records"
    refused(report, part, "not the one the ledger names", name)


def test_a_changed_evidence_of_authority_is_named():
    members = read_canonical(build_dossier(eventful().contents()))
    [name] = [name for name in members if name.startswith("authority/")]
    refused(verify(rewritten(members, **{name: b"%PDF forged"})), "drafts", "not the one the ledger names", name)
