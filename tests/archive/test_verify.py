from __future__ import annotations

import io
import json
import random
import zipfile

import pytest
from hypothesis import given, settings, strategies as st

from archive.canonical_zip import read_canonical, write_canonical
from archive.checkpoint import CheckpointKey
from archive.dossier import build_dossier, manifest_of
from archive.exact import exact_json
from archive.verify import verify_pdf
from schemas import events as ev
from schemas.errors import Invalid
from schemas.evidence import Finding, SealReport, Verdict, canonical_json, digest_of
from schemas.people import Role
from tests.archive.complete_history import (
    AGREEMENT,
    KEYS,
    REVIEWER,
    act,
    complete,
    covered,
    judge_pdf,
)
from tests.archive.verifying import faults, refused, rewritten, verify

OTHER_KEY = CheckpointKey.create("other.example/ledger")


OTHER_KEYS = KEYS.model_copy(update={"organisation": "Another organisation", "ledger": OTHER_KEY.verifier_key})


@pytest.fixture(scope="module")
def dossier():
    return build_dossier(complete().contents())


@pytest.fixture(scope="module")
def members(dossier):
    return read_canonical(dossier)


def test_a_true_dossier_is_valid(dossier):
    report = verify(dossier)
    assert faults(report) == {}
    assert report.verdict is Verdict.VALID
    assert report.subject == f"dossier of {AGREEMENT}"


def test_without_keys_it_is_indeterminate_at_best(dossier):
    report = verify(dossier, None)
    assert report.verdict is Verdict.INDETERMINATE
    assert {"keys", "checkpoint", "seals"} <= set(faults(report))


def test_without_keys_even_a_credulous_judge_makes_nothing_valid(dossier):
    assert verify(dossier, None, judge=lambda pdf, _keys: judge_pdf(pdf, KEYS)).verdict is Verdict.INDETERMINATE


def test_keys_of_another_organisation_make_it_invalid(dossier):
    refused(verify(dossier, OTHER_KEYS), "checkpoint", "the checkpoint is not signed by the keys given", "checkpoint")


def test_demonstration_keys_are_said_to_be_so(dossier):
    report = verify(dossier, KEYS.model_copy(update={"demonstration": True}))
    assert report.verdict is Verdict.VALID
    assert "DEMONSTRATION" in next(found.reason for found in report.findings if found.part == "keys")


def test_a_flipped_byte_at_300_random_places_is_refused_and_named(dossier):
    chance = random.Random(2026)
    for _ in range(300):
        changed = bytearray(dossier)
        changed[chance.randrange(len(dossier))] ^= chance.randrange(1, 256)
        report = verify(bytes(changed))
        assert report.verdict is Verdict.INVALID
        assert faults(report)["container"].place


def test_a_flipped_byte_in_every_header_is_refused(dossier):
    with zipfile.ZipFile(io.BytesIO(dossier)) as archive:
        inside = set()
        for info in archive.infolist():
            begin = info.header_offset + 30 + len(info.filename)
            inside.update(range(begin, begin + info.file_size))
    for offset in sorted(set(range(len(dossier))) - inside):
        changed = bytearray(dossier)
        changed[offset] ^= 0x55
        with pytest.raises(Invalid):
            read_canonical(bytes(changed))


def test_a_changed_byte_in_the_agreement_names_the_agreement(dossier):
    changed = bytearray(dossier)
    changed[dossier.index(b"pages of draft 2\n%%EOF\n%attached") + 3] ^= 1
    report = verify(bytes(changed))
    refused(report, "container", "content was changed")
    assert "member agreement.pdf" in faults(report)["container"].place


@pytest.mark.parametrize("cut", [1, 1000])
def test_a_cut_dossier_is_refused(dossier, cut):
    refused(verify(dossier[:-cut]), "container", "")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("agreement.pdf", "approved = signed = archived"),
        ("checkpoint", "checkpoint"),
        ("drafts/1/data.json", "drafts"),
        ("drafts/1/draft.docx", "drafts"),
        ("drafts/2/draft.pdf", "approvals"),
        ("entries/4.json", "entries"),
        ("manifest.json", "manifest"),
        ("people.json", "people"),
        ("proofs/4.tlog-proof", "inclusion proofs"),
        ("README.txt", "README.txt"),
        ("receipts/0.json", "deposit"),
        ("checkpoint.tsr", "checkpoint time"),
        ("etsi/seal-opening.xml", "evidence records"),
        ("remarks.json", "remarks"),
        ("seal-report.json", "seal report"),
        ("summary.html", "summary.html"),
    ],
)
def test_any_change_is_refused_although_container_and_manifest_are_made_anew(members, name, part):
    content = members[name] + b" "
    if name == "manifest.json":
        changed = write_canonical({**members, name: content})
    else:
        changed = rewritten(members, **{name: content})
    report = verify(changed)
    refused(report, part, "")
    assert "container" not in faults(report)


def test_every_file_is_bound_to_the_evidence(members):
    """One byte of each member, anywhere in it, with container and manifest made anew."""
    chance = random.Random(7)
    for name in sorted(members.keys() - {"manifest.json"}):
        for _ in range(3):
            content = bytearray(members[name])
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(7)
            assert verify(rewritten(members, **{name: bytes(content)})).verdict is Verdict.INVALID, name


def test_a_removed_member_is_named(members):
    for name in members:
        left = {other: content for other, content in members.items() if other != name}
        changed = write_canonical(left) if name == "manifest.json" else rewritten(members, **{name: None})
        assert verify(changed).verdict is Verdict.INVALID, name
    refused(
        verify(rewritten(members, **{"receipts/0.json": None})), "members", "a member is missing", "receipts/0.json"
    )


def test_an_added_member_is_named(members):
    refused(verify(rewritten(members, **{"note.txt": b"x"})), "members", "belongs to no entry", "note.txt")


def test_a_member_the_manifest_does_not_list_is_named(members):
    changed = write_canonical({**members, "note.txt": b"x"})
    refused(verify(changed), "manifest", "not in the manifest", "note.txt")


def test_a_member_that_is_not_the_one_listed_is_named(members):
    changed = write_canonical({**members, "README.txt": b"Trust me."})
    refused(verify(changed), "manifest", "not the one in the manifest", "README.txt")


def test_nothing_in_a_report_speaks_to_the_terminal(members):
    hostile = "\x1b[2J\u202etxt.exe"
    for name in [name for name in members if name.startswith("entries/")]:
        entry = json.loads(members[name]) | {"agreement": f"MOU{hostile}"}
        members = {**members, name: canonical_json(entry)}
    report = verify(rewritten(members))
    assert "MOU\\x1b[2J\\u202etxt.exe" in report.subject
    told = [report.subject, *(text for found in report.findings for text in (found.part, found.reason, found.place))]
    assert all(text is None or text.isprintable() for text in told)


def test_a_manifest_that_lists_too_much_is_refused(members):
    left = {name: content for name, content in members.items() if name != "receipts/0.json"}
    refused(verify(write_canonical(left)), "manifest", "lists what is not there", "manifest.json")


def test_a_manifest_of_another_agreement_is_refused(members):
    others = {name: content for name, content in members.items() if name != "manifest.json"}
    changed = write_canonical({**others, "manifest.json": exact_json(manifest_of("MOU-2026-0002", others))})
    refused(verify(changed), "members", "names another agreement", "manifest.json")


@pytest.mark.parametrize("version", [1, 3])
def test_a_format_of_another_version_is_named(members, version):
    manifest = json.loads(members["manifest.json"]) | {"version": version, "languages": ["en", "pt"]}
    report = verify(write_canonical({**members, "manifest.json": canonical_json(manifest)}))
    said = f"not one this verifier knows; got convenio-dossier, version {version}"
    refused(report, "manifest", said, "manifest.json")


def test_a_rewritten_summary_is_refused_although_the_manifest_agrees(members):
    page = members["summary.html"].replace(REVIEWER.name.encode(), b"Somebody Else")
    refused(verify(rewritten(members, **{"summary.html": page})), "summary.html", "does not say what the evidence says")


def test_a_bomb_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("agreement.pdf", bytes(30_000_000))
    refused(verify(buffer.getvalue()), "container", "compressed members are not used")


def test_deeply_nested_json_is_refused(members):
    deep = b"[" * 200_000 + b"]" * 200_000
    for name in ("entries/3.json", "people.json", "proofs/3.tlog-proof", "drafts/2/data.json", "seal-report.json"):
        assert verify(rewritten(members, **{name: deep})).verdict is Verdict.INVALID
    refused(verify(write_canonical({**members, "manifest.json": deep})), "manifest", "cannot be read", "manifest.json")


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_are_a_finding(noise):
    assert verify(noise).verdict is Verdict.INVALID


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_random_members_are_findings(members, data):
    name = data.draw(st.sampled_from(sorted(set(members) - {"manifest.json"})))
    content = data.draw(st.binary(max_size=200))
    report = verify(rewritten(members, **{name: content}))
    assert report.verdict is Verdict.INVALID


def test_a_true_pdf_alone_is_valid_with_keys_and_indeterminate_without(members):
    pdf = members["agreement.pdf"]
    assert verify_pdf(pdf, KEYS, judge_pdf=judge_pdf).verdict is Verdict.VALID
    assert verify_pdf(pdf, None, judge_pdf=judge_pdf).verdict is Verdict.INDETERMINATE


def test_a_changed_pdf_alone_is_invalid(members):
    pdf = members["agreement.pdf"].replace(b"pages", b"Pages")
    report = verify_pdf(pdf, KEYS, judge_pdf=judge_pdf)
    refused(report, "seal seal:opening", "the bytes before it were changed")


def test_a_pdf_alone_with_a_strange_seal_is_invalid(members):
    keys = KEYS.model_copy(update={"seal_certificates": ()})
    refused(verify_pdf(members["agreement.pdf"], keys, judge_pdf=judge_pdf), "seals", "not among the keys given")


def test_a_pdf_without_signatures_is_invalid():
    def judge(pdf, _keys):
        return SealReport(pdf=digest_of(pdf), verdict=Verdict.INDETERMINATE, level="none", signatures=(), findings=())

    refused(verify_pdf(b"%PDF-1.7\n%%EOF\n", KEYS, judge_pdf=judge), "signatures", "bears no signature")


def test_what_the_judge_says_of_an_unreadable_pdf_is_told():
    broken_file = Finding(part="file", verdict=Verdict.INVALID, reason="the PDF cannot be read")

    def judge(pdf, _keys):
        findings = (broken_file,)
        return SealReport(pdf=digest_of(pdf), verdict=Verdict.INVALID, level="none", signatures=(), findings=findings)

    refused(verify_pdf(b"junk", KEYS, judge_pdf=judge), "file", "the PDF cannot be read")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_alone_are_a_finding(noise):
    assert verify_pdf(noise, KEYS, judge_pdf=judge_pdf).verdict is Verdict.INVALID


def test_the_fixture_approves_what_it_says():
    """All others lean on this story: its approval covers draft 2 by a reviewer."""
    approval = next(entry for _, entry in complete().entries if isinstance(entry.event, ev.Approved))
    assert approval.event.covers == covered(2)
    assert approval.actor == act(Role.REVIEWER, REVIEWER)
