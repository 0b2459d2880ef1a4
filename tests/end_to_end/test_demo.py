"""The demonstration as a person runs it, and what an auditor then finds out without the installation."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from schemas.evidence import digest_of
from schemas.loader import load_document
from tests.end_to_end.conftest import convenio
from tests.installation import EXAMPLE

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.office,
    pytest.mark.slow,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(900),  # one fixture does the whole way
]

OFFLINE = ("unshare", "--net") if os.geteuid() == 0 and shutil.which("unshare") else ()
"""Runs a program without any network (unshare(1)); only root may."""

LOCAL_HEADER_BYTES = 30
"""What stands before a member's name in a zip (APPNOTE 4.3.7); its bytes follow the name."""

STAMPED_AT = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|UTC")
"""The words of an instant on a person's stamp."""


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def state(demonstration) -> dict:
    return json.loads(convenio("show", agreement(demonstration), "--json", home=demonstration.home).stdout)


def agreement(demonstration) -> str:
    return demonstration.dossier.name.removesuffix("-dossier.zip")


def output_of(*command: object) -> str:
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def test_the_demonstration_ends_with_where_dossier_and_keys_lie(demonstration):
    assert demonstration.exit_code == 0, demonstration.faults
    assert demonstration.said[-1] == f"demo: verified {demonstration.dossier} keys {demonstration.keys}"


def test_the_dossier_is_valid_without_network_and_installation(demonstration, empty):
    verified = convenio("verify", demonstration.dossier, "--keys", demonstration.keys, home=empty, before=OFFLINE)
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.splitlines()[-1] == f"dossier of {agreement(demonstration)}: valid"
    assert not list(empty.iterdir())


def test_without_keys_the_dossier_stays_indeterminate(demonstration, empty):
    verified = convenio("verify", demonstration.dossier, home=empty, before=OFFLINE)
    assert verified.returncode == 3
    assert verified.stdout.splitlines()[-1] == f"dossier of {agreement(demonstration)}: indeterminate"


@pytest.mark.parametrize("member", ["agreement.pdf", "checkpoint", "drafts/1/draft.docx", "entries/0.json"])
def test_one_changed_byte_is_refused_and_its_file_named(demonstration, empty, tmp_path, member):
    content = bytearray(demonstration.dossier.read_bytes())
    with zipfile.ZipFile(demonstration.dossier) as container:
        begin = container.getinfo(member).header_offset + LOCAL_HEADER_BYTES + len(member)
    content[begin + 100] ^= 1
    altered = tmp_path / "altered.zip"
    altered.write_bytes(content)
    verified = convenio("verify", altered, "--keys", demonstration.keys, home=empty)
    assert verified.returncode == 1
    assert f"[member {member}," in verified.stdout


def test_another_organisations_keys_make_it_invalid(demonstration, empty, tmp_path):
    keys = tmp_path / "other-keys.json"
    assert convenio("people", "add", "x@example.org", "--role", "manager", home=tmp_path / "other").returncode == 0
    assert convenio("keys", "export", "-o", keys, home=tmp_path / "other").returncode == 0
    verified = convenio("verify", demonstration.dossier, "--keys", keys, home=empty)
    assert verified.returncode == 1
    assert "INVALID" in verified.stdout


def test_the_signed_pdf_alone_is_valid_too(demonstration, empty):
    verified = convenio("verify", demonstration.signed_pdf, "--keys", demonstration.keys, home=empty, before=OFFLINE)
    assert verified.returncode == 0, verified.stdout


def test_pdfsig_calls_every_signature_and_seal_valid(demonstration):
    """Poppler 22.12 cannot judge a document timestamp (ETSI.RFC3161): of that one it says how much it covers."""
    said = output_of("pdfsig", "-nocert", demonstration.signed_pdf)
    *marks, timestamp = said.split("Signature #")[1:]
    assert len(marks) == 4
    assert all("Signature Validation: Signature is Valid." in mark for mark in marks), said
    assert "timestamp:closing" in timestamp
    assert "- Total document signed" in timestamp


def test_qpdf_finds_no_fault(demonstration):
    assert "No syntax or stream encoding errors found" in output_of("qpdf", "--check", demonstration.signed_pdf)


def test_the_attached_files_are_the_approved_ones(demonstration, tmp_path):
    output_of("pdfdetach", "-saveall", "-o", tmp_path, demonstration.signed_pdf)
    attached = {path.name: digest_of(path.read_bytes()) for path in tmp_path.iterdir() if path.is_file()}
    approved = state(demonstration)["approvals"][0]["covers"]
    assert attached == {"agreement-data.json": approved["data"], "agreement.docx": approved["docx"]}


def test_the_text_is_the_approved_one_and_only_stamps_were_added(demonstration):
    covers = state(demonstration)["approvals"][0]["covers"]
    [approved] = (demonstration.home / "objects").rglob(f"{covers['pdf']}.pdf")
    assert demonstration.signed_pdf.read_bytes().startswith(approved.read_bytes())
    before, after = (
        Counter(output_of("pdftotext", path, "-").split()) for path in (approved, demonstration.signed_pdf)
    )
    assert before.total() > 1000
    assert not before - after
    signatories = [f"{signatory.name} {signatory.position}" for signatory in load_document(EXAMPLE).signatories]
    stamps = set(" ".join(["Signed by DEMONSTRATION - not for real agreements", *signatories]).split())
    added = after - before
    assert added["Signed"] == 2
    assert not [word for word in added if word not in stamps and not STAMPED_AT.fullmatch(word)]
