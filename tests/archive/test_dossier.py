from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from archive.canonical_zip import read_canonical
from archive.dossier import build_dossier
from schemas import events as ev
from schemas.errors import DigestMismatch, Invalid, Refused
from schemas.evidence import digest_of
from schemas.people import Role
from tests.archive.complete_history import (
    AGREEMENT,
    AUTHORITY,
    DELEGATE,
    KEY,
    KEYS,
    MANAGER,
    OTHER_REVIEWER,
    REASON,
    REMARK,
    REVIEWER,
    SCAN,
    SCAN_SEAL,
    TEMPLATE,
    VERIFIER,
    act,
    complete,
    eventful,
    reviewed,
    without_entry,
)
from tests.archive.verifying import rewritten, tampered

PAGES_OF_VERSION_2 = "f5e2efb5b9df42cf8289f1fcdebd790cec0386db6f94142b253f6f84ca08a204"


@pytest.fixture(scope="module")
def contents():
    return complete().contents()


@pytest.fixture(scope="module")
def members(contents):
    return read_canonical(build_dossier(contents))


def test_the_same_ledger_state_gives_the_same_bytes(contents):
    shuffled = replace(
        contents,
        people=contents.people[::-1],
        remarks=contents.remarks[::-1],
        objects=dict(reversed(contents.objects.items())),
    )
    assert build_dossier(contents) == build_dossier(shuffled)


def test_it_holds_what_an_auditor_needs(members):
    drafts = {
        f"drafts/{n}/{name}" for n in (1, 2) for name in ("data.json", "manifest.json", "draft.docx", "draft.pdf")
    }
    entries = {name for n in range(13) for name in (f"entries/{n}.json", f"proofs/{n}.tlog-proof")}
    others = {"README.txt", "agreement.pdf", "checkpoint", "checkpoint.tsr", "manifest.json", "manifest.note"}
    others |= {"people.json", "openings.json", "receipts/0.json", "remarks.json", "seal-report.json", "summary.html"}
    others |= {f"templates/{digest_of(TEMPLATE)}.docx"}
    fields = ("seal-opening", "signatory-gssc", "signatory-ccvcc", "seal-closing", "timestamp-closing")
    assert set(members) == drafts | entries | others | {f"etsi/{field}.xml" for field in fields}


def test_it_holds_what_later_events_add():
    members = read_canonical(build_dossier(eventful().contents()))
    record, seal = (next(name for name in members if name.startswith("evidence/") and name.endswith(end))
                    for end in (".json", ".p7s"))  # fmt: skip
    assert members[f"authority/{digest_of(AUTHORITY)}"] == AUTHORITY
    assert json.loads(members[record])["scan"] == digest_of(SCAN)
    assert members[f"evidence/{digest_of(SCAN)}.pdf"] == SCAN
    assert members[seal] == SCAN_SEAL
    assert json.loads(members["renewals/1/seal-report.json"])["pdf"] == digest_of(members["agreement.pdf"])
    assert json.loads(members["receipts/1.json"])["sha256"] == digest_of(members["agreement.pdf"])
    assert "etsi/timestamp-1.xml" in members
    page = members["summary.html"].decode()
    for told in (
        "Named a person to sign for Signatory for the GSSC partnership, with evidence of authority",
        "Confirmed the evidence of authority to sign for Signatory for the GSSC partnership",
        "Signed for Signatory for the GSSC partnership, with a certificate and key in a file (AdES)",
        "signed on paper; the scan was compared and recorded under the organisation&#x27;s seal (scanned)",
        "A later document timestamp was added and the file stored again; validated as B-LTA",
        "retention runs until 2031-05-04",
        "A legal hold was placed",
        "a legal hold is in place",
        DELEGATE.name,
        REASON.text,
    ):
        assert told in page, told


def test_the_readme_names_the_standalone_verifier_by_digest(members):
    assert VERIFIER in members["README.txt"].decode()


def test_the_manifest_lists_every_other_member(members):
    manifest = json.loads(members["manifest.json"])
    assert manifest["agreement"] == AGREEMENT
    assert [member["name"] for member in manifest["members"]] == sorted(
        set(members) - {"manifest.json", "manifest.note"}
    )
    for member in manifest["members"]:
        content = members[member["name"]]
        assert (member["sha256"], member["size_bytes"]) == (digest_of(content), len(content))


def test_only_people_and_comments_of_this_agreement_are_opened(members):
    assert OTHER_REVIEWER.commitment not in json.loads(members["people.json"])
    assert MANAGER.commitment in json.loads(members["people.json"])
    assert list(json.loads(members["remarks.json"])) == [REMARK.commitment]


def test_erased_people_and_comments_are_shown_as_erased(contents):
    people = [opening for opening in contents.people if opening != REVIEWER]
    page = read_canonical(build_dossier(replace(contents, people=people, remarks=())))["summary.html"].decode()
    assert REVIEWER.name not in page
    assert REMARK.text not in page
    assert page.count(">erased<") >= 3


def test_an_agreement_on_its_way_gets_no_dossier():
    with pytest.raises(Refused, match="not archived"):
        build_dossier(reviewed().contents())


def test_of_what_was_withdrawn_it_is_said_that_there_is_no_dossier_of_any_day():
    story = reviewed()
    story.append(ev.Withdrawn(remark=REMARK.commitment), act(Role.MANAGER, MANAGER))
    with pytest.raises(Refused, match="not archived") as refusal:
        build_dossier(story.contents())
    assert refusal.value.got.startswith("withdrawn on 2026-")
    assert "there is no dossier of it, for no day" in refusal.value.remedy
    assert "convenio timeline MOU-2026-0001" in refusal.value.remedy


def test_the_head_of_the_summary_says_how_they_signed_and_what_that_legally_is():
    head = read_canonical(build_dossier(eventful().contents()))["summary.html"].decode().partition("</header>")[0]
    assert "signed by 2 of 2" in head
    assert "1 with a certificate and key in a file: advanced electronic signature (AdES)" in head
    assert "1 on paper; the scan was compared and recorded under the organisation's seal: copy of a paper" in head


def test_the_pages_escape_what_people_wrote(members):
    page = members["summary.html"].decode()
    assert "Please &lt;b&gt;add&lt;/b&gt; one &amp; return it." in page
    assert "<b>" not in page


def test_the_summary_loads_nothing_and_runs_nothing(members):
    page = members["summary.html"].decode().lower()
    assert "default-src 'none'" in page
    for word in (
        "<script",
        "<link",
        "<img",
        "<iframe",
        "<object",
        " src=",
        " href=",
        " onload",
        "url(",
        "@import",
        "://",
    ):
        assert word not in page


def test_the_summary_is_well_formed(members):
    """As XML once its void elements are closed: no tag is left open, none crosses another."""
    page = members["summary.html"].decode().removeprefix("<!DOCTYPE html>")
    page = re.sub(r"<(meta|br)([^>]*)>", r"<\1\2/>", page).replace("&rsquo;", "'")
    text = "".join(ElementTree.fromstring(page).itertext())
    for told in ("Česko-kapverdská obchodní komora", REVIEWER.name, REVIEWER.email, "draft 2 · signed by 2 of 2"):
        assert told in text


def test_demonstration_certificates_put_a_warning_on_the_summary():
    rehearsal = complete(subject="DEMONSTRATION - not for real agreements").contents()
    assert b"Demonstration keys" in read_canonical(build_dossier(rehearsal))["summary.html"]


def test_the_pages_of_format_version_2_stay_as_they_are(members):
    """Old dossiers verify by writing their pages again: another wording needs another format version."""
    pages = members["summary.html"] + members["README.txt"]
    root = json.loads(members["manifest.json"])
    assert root["version"] == 2
    assert digest_of(pages) == PAGES_OF_VERSION_2


def test_a_missing_file_is_named(contents):
    objects = {digest: content for digest, content in contents.objects.items() if b"DOCX of draft 1" not in content}
    with pytest.raises(Refused, match="not given") as caught:
        build_dossier(replace(contents, objects=objects))
    assert caught.value.where == "drafts/1/draft.docx"


def test_an_altered_file_is_named(contents):
    altered = {digest: content.replace(b"of draft 1", b"of draft 7") for digest, content in contents.objects.items()}
    with pytest.raises(DigestMismatch) as caught:
        build_dossier(replace(contents, objects=altered))
    assert caught.value.where == "drafts/1/draft.docx"


def test_a_proof_to_another_root_is_refused(contents):
    other = replace(contents, checkpoint=contents.checkpoint.model_copy(update={"root": "0" * 64}))
    with pytest.raises(Invalid, match="another root"):
        build_dossier(other)


def test_a_proof_of_another_size_is_refused(contents):
    other = replace(contents, checkpoint=contents.checkpoint.model_copy(update={"tree_size": 1000}))
    with pytest.raises(Refused, match="another checkpoint"):
        build_dossier(other)


def test_a_gap_in_the_entries_is_refused(contents):
    with pytest.raises(Refused, match="without gaps"):
        build_dossier(without_entry(contents, 3))


def unpacked(members, folder):
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    extract = "sed -n '/^#!/,/^# end/p' README.txt > check.py"
    assert extract in members["README.txt"].decode()
    subprocess.run(["sh", "-c", extract], cwd=folder, check=True)
    return folder


def run_readme_program(folder, key):
    return subprocess.run(
        [sys.executable, "-I", "check.py", key], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_program_in_the_readme_verifies_the_ledger_with_openssl(members, tmp_path):
    ran = run_readme_program(unpacked(members, tmp_path), KEY.verifier_key)
    assert "files, proofs and checkpoint hold" in ran.stdout, ran.stderr
    assert ran.returncode == 0


def test_the_other_commands_in_the_readme_hold(members, tmp_path):
    folder = unpacked(members, tmp_path)
    readme = members["README.txt"].decode()
    commands = [line.strip() for line in readme.splitlines() if line.startswith(("     cmp ", "     sha256sum "))]
    assert len(commands) == 2
    for command in commands:
        ran = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
    (folder / "drafts/2/draft.pdf").write_bytes(members["drafts/1/draft.pdf"])
    assert subprocess.run(["sh", "-c", commands[1]], cwd=folder, capture_output=True, check=False).returncode == 1


def test_the_program_in_the_readme_refuses_a_changed_file(members, tmp_path):
    folder = unpacked(members, tmp_path)
    (folder / "drafts/2/draft.pdf").write_bytes(b"other")
    ran = run_readme_program(folder, KEY.verifier_key)
    assert ran.returncode == 1
    assert "INVALID: drafts/2/draft.pdf" in ran.stderr


def test_the_program_in_the_readme_refuses_a_changed_page_although_the_manifest_agrees(members, tmp_path):
    forged = read_canonical(tampered(members, **{"summary.html": b"<p>Trust me.</p>"}))
    ran = run_readme_program(unpacked(forged, tmp_path), KEYS.ledger)
    assert ran.returncode == 1
    assert "INVALID: manifest.json is not the one that was signed" in ran.stderr


def test_the_program_in_the_readme_refuses_a_changed_checkpoint(members, tmp_path):
    note = members["checkpoint"].replace(b"example/ledger ", b"example/ledgex ")
    proofs = {name: content.replace(b"example/ledger ", b"example/ledgex ") for name, content in members.items()
              if name.startswith("proofs/")}  # fmt: skip
    folder = unpacked(read_canonical(rewritten(members, **proofs, checkpoint=note)), tmp_path)
    ran = run_readme_program(folder, KEYS.ledger)
    assert ran.returncode == 1
    assert "checkpoint is not signed by this key" in ran.stderr
