from __future__ import annotations

import pytest

from archive.canonical_zip import read_canonical
from archive.dossier import build_dossier
from archive.verify import verify_pdf
from schemas.errors import Invalid, Unavailable
from schemas.evidence import SealReport, SignatureKind, Verdict, digest_of
from schemas.signature import LegalEffect
from tests.archive.complete_history import (
    KEYS,
    SIGNATORIES,
    complete,
    conclude,
    eventful,
    judge_pdf,
    mark,
    prepared,
    signed,
)
from tests.archive.verifying import broken, faults, refused, verify


@pytest.fixture(scope="module")
def dossier():
    return build_dossier(complete().contents())


@pytest.fixture(scope="module")
def members(dossier):
    return read_canonical(dossier)


def test_a_seal_whose_certificate_is_not_pinned_makes_it_invalid(dossier):
    keys = KEYS.model_copy(update={"seal_certificates": (digest_of(b"another seal"),)})
    refused(
        verify(dossier, keys), "seals", "its certificate is not among the keys given", "agreement.pdf, seal:opening"
    )


def test_attachments_of_another_draft_are_refused():
    refused(verify(build_dossier(complete(attach_of=1).contents())), "attachments", "not the approved data and DOCX")


def test_marks_of_others_than_the_ledger_names_are_refused():
    swapped = build_dossier(complete(order=("ccvcc", "gssc")).contents())
    refused(verify(swapped), "signatories", "gssc signed with another certificate than the ledger says")


def test_an_unrecorded_revision_with_a_mark_is_refused():
    extra = digest_of(b"certificate of a stranger")
    story = complete(between=lambda pdf: mark(pdf, "extra", SignatureKind.SIGNATURE, extra))
    refused(verify(build_dossier(story.contents())), "signatories", "not the ones of the procedure")


def test_a_qualified_signature_stays_open_without_a_trusted_list():
    story, pdf = prepared()
    for name in SIGNATORIES:
        pdf = signed(story, pdf, name, effect=LegalEffect.QES)
    conclude(story, pdf, base=digest_of(pdf))
    dossier = build_dossier(story.contents())
    report = verify(dossier)
    assert report.verdict is Verdict.INDETERMINATE
    assert {part: found.reason for part, found in faults(report).items()} == {
        f"legal effect signatory:{name}": "recorded as QES; no trusted list was given to this verification"
        for name in SIGNATORIES
    }
    assert b"(recorded as QES)" in read_canonical(dossier)["summary.html"]


def test_a_judge_that_crashes_is_a_finding(dossier):
    report = verify(dossier, judge=broken(RecursionError("too deep")), embedded=lambda _pdf: {}["x"])
    refused(report, "signatures", "cannot be read: RecursionError")
    refused(report, "attachments", "cannot be read: KeyError")


def test_a_judge_that_refuses_is_a_finding_with_its_place(dossier):
    report = verify(dossier, judge=broken(Invalid("a field was added", where="field x")))
    refused(report, "signatures", "a field was added", "field x")


def test_a_judge_that_is_not_available_leaves_it_indeterminate(dossier):
    assert verify(dossier, judge=broken(Unavailable("try later"))).verdict is Verdict.INDETERMINATE


def test_hostile_text_cannot_steer_a_terminal(dossier):
    report = verify(dossier, judge=broken(Invalid("\x1b[2J\u202evalid", where="\x1b]0;x\x07")))
    found = faults(report)["signatures"]
    assert (found.reason, found.place) == (r"\x1b[2J\u202evalid", r"\x1b]0;x\x07")


def test_a_judge_that_looked_at_another_pdf_is_refused(dossier):
    report = SealReport(pdf="0" * 64, verdict=Verdict.VALID, level="B", signatures=(), findings=())
    refused(verify(dossier, judge=lambda _pdf, _keys: report), "signatures", "about another PDF")


def test_a_pdf_without_the_organisations_seal_is_refused():
    pdf = mark(b"%PDF-1.7\n%%EOF\n", "signatory:gssc", SignatureKind.SIGNATURE, digest_of(b"certificate of gssc"))
    refused(verify_pdf(pdf, KEYS, judge_pdf=judge_pdf), "seals", "bears no seal of the organisation")


def test_other_marks_than_recorded_at_conclusion_are_refused():
    story = complete(report_says={"signatures": ()})
    refused(verify(build_dossier(story.contents())), "signatories", "other marks than were recorded")


def test_a_seal_for_a_person_that_names_no_record_is_refused():
    refused(verify(build_dossier(eventful(names_record=False).contents())), "signatories", "another evidence record")


def test_a_file_that_no_longer_reaches_the_level_of_its_policy_is_refused(dossier):
    def weaker(pdf, keys):
        return judge_pdf(pdf, keys).model_copy(update={"level": "B-T"})

    refused(verify(dossier, judge=weaker), "policy", "level B-T is reached now; the policy recorded in preparation")


def test_the_standards_name_for_a_reason_is_told(dossier):
    def revoked(pdf, keys):
        report = judge_pdf(pdf, keys)
        marks = [mark.model_copy(update={"verdict": Verdict.INDETERMINATE, "sub_indication": "REVOKED_NO_POE"})
                 for mark in report.signatures]  # fmt: skip
        return report.model_copy(update={"verdict": Verdict.INDETERMINATE, "signatures": tuple(marks)})

    report = verify(dossier, judge=revoked)
    assert report.verdict is Verdict.INDETERMINATE
    assert faults(report)["signature signatory:gssc"].sub_indication == "REVOKED_NO_POE"
