"""Other people's programs read what this room makes, and agree."""

from __future__ import annotations

import subprocess

import pytest

from signing.revision import open_pdf, signatures_of, token_of


@pytest.fixture(scope="module")
def path(journey, tmp_path_factory):
    file = tmp_path_factory.mktemp("signed") / "agreement.pdf"
    file.write_bytes(journey.final)
    return file


def output_of(*command) -> str:
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    return result.stdout + result.stderr


def test_pdfsig_calls_every_signature_valid(path):
    said = output_of("pdfsig", path)
    assert said.count("Signature Validation: Signature is Valid.") == 4
    assert "Signature #5" in said
    assert "Total document signed" in said


def test_pdfsig_notices_a_changed_byte(path, journey, tmp_path):
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(journey.final.replace(b"72 100 200 60 re", b"72 100 200 61 re", 1))
    assert "Digest Mismatch" in output_of("pdfsig", changed)


def test_qpdf_finds_no_fault(path):
    assert "No syntax or stream encoding errors found" in output_of("qpdf", "--check", path)


def test_openssl_verifies_every_signature_up_to_the_root(desk, journey, tmp_path):
    (tmp_path / "root.pem").write_text(desk.pki.root_pem)
    marks = [mark for mark in signatures_of(open_pdf(journey.final)) if mark.sig_object_type == "/Sig"]
    assert len(marks) == 4
    for mark in marks:
        first, length, second, rest = map(int, mark.byte_range)
        ranges = journey.final[first : first + length] + journey.final[second : second + rest]
        (tmp_path / "ranges").write_bytes(ranges)
        (tmp_path / "signature").write_bytes(mark.pkcs7_content.rstrip(b"\0"))
        said = output_of(
            *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "signature"),
            *("-content", tmp_path / "ranges", "-CAfile", tmp_path / "root.pem", "-purpose", "any"),
            *("-attime", int(journey.finished.timestamp()), "-out", "/dev/null", "-cades"),
        )
        assert "successful" in said.lower(), said


def test_openssl_verifies_every_timestamp(desk, journey, tmp_path):
    (tmp_path / "root.pem").write_text(desk.pki.root_pem)
    for mark in signatures_of(open_pdf(journey.final)):
        token = token_of(mark)
        if token is None:
            content = mark.pkcs7_content.rstrip(b"\0")
            first, length, second, rest = map(int, mark.byte_range)
            data = journey.final[first : first + length] + journey.final[second : second + rest]
        else:
            attribute = next(
                entry
                for entry in mark.signer_info["unsigned_attrs"]
                if entry["type"].native == "signature_time_stamp_token"
            )
            content, data = attribute["values"][0].dump(), mark.signer_info["signature"].native
        (tmp_path / "token").write_bytes(content)
        (tmp_path / "data").write_bytes(data)
        said = output_of(
            *("openssl", "ts", "-verify", "-token_in", "-in", tmp_path / "token", "-data", tmp_path / "data"),
            *("-CAfile", tmp_path / "root.pem", "-attime", int(journey.finished.timestamp())),
        )
        assert "Verification: OK" in said, said
