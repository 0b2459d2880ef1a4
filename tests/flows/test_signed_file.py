"""Other people's programs read the archived file, and find what was approved and who signed it."""

from __future__ import annotations

import io
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from pypdf import PdfReader

from archive.layout import working_key
from flows.act import data_of
from flows.prepare import DATA_NAME, DOCX_NAME
from schemas import events as ev
from schemas.documents import data_bytes
from schemas.evidence import digest_of
from schemas.state import AgreementState

pytestmark = pytest.mark.office


@dataclass(frozen=True)
class Archived:
    """The archived file, what the ledger says of it, and the root its marks chain to."""

    path: Path
    content: bytes
    state: AgreementState
    events: list[ev.Event]
    root_pem: str


@pytest.fixture(scope="module")
def archived(snapshots, tmp_path_factory) -> Archived:
    folder = tmp_path_factory.mktemp("archived")
    with snapshots.at("archived", folder / "home") as house:
        state = house.ledger.state(snapshots.agreement)
        content = house.store.get(state.receipt.key)
        path = folder / "signed.pdf"
        path.write_bytes(content)
        events = [recorded.entry.event for recorded in house.ledger.entries(snapshots.agreement)]
        return Archived(path, content, state, events, house.pki.root_pem)


def said(*command: object) -> str:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return result.stdout + result.stderr


def test_every_revision_is_a_byte_extension_of_the_one_before(snapshots, archived, tmp_path):
    with snapshots.at("archived", tmp_path / "home") as house:
        digests = [archived.state.content.pdf]
        digests += [event.pdf for event in archived.events if isinstance(event, ev.Prepared | ev.Signed | ev.Concluded)]
        revisions = [house.store.get(working_key(snapshots.agreement, digest, "pdf")) for digest in digests]
    assert len(revisions) == 5
    for before, after in pairwise(revisions):
        assert after.startswith(before)
        assert len(after) > len(before)
    assert revisions[-1] == archived.content
    assert digest_of(revisions[0]) == archived.state.approvals[0].covers.pdf


def test_the_attached_data_and_docx_are_the_approved_ones(archived, tmp_path):
    covers = archived.state.approvals[0].covers
    attachments = PdfReader(io.BytesIO(archived.content)).attachments
    assert {name: [digest_of(content) for content in contents] for name, contents in attachments.items()} == {
        DATA_NAME: [covers.data],
        DOCX_NAME: [covers.docx],
    }
    said("pdfdetach", "-saveall", "-o", tmp_path, archived.path)
    assert digest_of((tmp_path / DATA_NAME).read_bytes()) == covers.data
    assert digest_of((tmp_path / DOCX_NAME).read_bytes()) == covers.docx


def test_the_data_says_what_the_approved_document_said(snapshots, archived, tmp_path):
    with snapshots.at("archived", tmp_path / "home") as house:
        document = data_of(house, archived.state.data)
    assert digest_of(data_bytes(document)) == archived.state.approvals[0].covers.data
    assert document.parties[1].legal_name.value == "Česko-kapverdská obchodní komora"


def test_pdfsig_calls_every_mark_valid(archived):
    listed = said("pdfsig", archived.path)
    assert "Signature #5" in listed
    assert "Signature #6" not in listed
    assert listed.count("Signature Validation: Signature is Valid.") == 4
    assert listed.count("Signature Type: ETSI.CAdES.detached") == 4
    # the fifth is the document timestamp, which this program lists without judging it
    assert listed.count("Unable to validate this type of signature") == 1
    assert "Total document signed" in listed


def test_qpdf_finds_no_fault(archived):
    assert "No syntax or stream encoding errors found" in said("qpdf", "--check", archived.path)


def test_openssl_verifies_the_first_signatory_up_to_the_root(archived, tmp_path):
    field = next(
        field for field in PdfReader(archived.path).get_fields().values() if "for-gssc" in str(field.get("/T"))
    )
    signature = field["/V"]
    first, length, second, rest = signature["/ByteRange"]
    (tmp_path / "ranges").write_bytes(
        archived.content[first : first + length] + archived.content[second : second + rest]
    )
    (tmp_path / "signature").write_bytes(bytes(signature["/Contents"]).rstrip(b"\0"))
    (tmp_path / "root.pem").write_text(archived.root_pem)
    verdict = said(
        *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "signature"),
        *("-content", tmp_path / "ranges", "-CAfile", tmp_path / "root.pem", "-purpose", "any"),
        *("-attime", int(archived.state.since.timestamp()), "-out", "/dev/null", "-cades"),
    )
    assert "successful" in verdict.lower(), verdict


def test_every_font_is_embedded(archived):
    rows = said("pdffonts", archived.path).splitlines()[2:]
    assert len(rows) >= 2
    # the last five columns: embedded, subset, to Unicode, object number, generation
    assert [row for row in rows if row.split()[-5] != "yes"] == []


def test_czech_and_portuguese_letters_are_on_the_pages(archived):
    text = " ".join(said("pdftotext", archived.path, "-").split())
    for words in ("Česko-kapverdská obchodní komora", "República Checa", "Česko", "Nanoprogress"):
        assert words in text
    assert "assumed" not in text.lower()
