"""Scans told by their structure: good ones of four kinds, and damaged, cut, hostile and foreign ones."""

from __future__ import annotations

import struct
import zlib

import pytest

from schemas.errors import InputError
from signing.scans import MAXIMUM_SCAN_BYTES, extension_of
from tests.signing.conftest import build_pdf


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int = 2, height: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0\0\0" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(width: int = 2, height: int = 2) -> bytes:
    segments = [
        (0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        (0xDB, b"\0" + b"\x10" * 64),
        (0xC0, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)),
        (0xC4, b"\0" + b"\0" * 16),
        (0xDA, b"\x01\x01\0\0\x3f\0"),
    ]
    body = b"".join(struct.pack(">BBH", 0xFF, kind, 2 + len(content)) + content for kind, content in segments)
    return b"\xff\xd8" + body + b"\x12\x34\xff\xd9"


def tiff(order: str = "<", width: int = 2, height: int = 2, *, next_page: int = 0, tags: int = 3) -> bytes:
    entries = [(256, 4, 1, width), (257, 4, 1, height), (273, 4, 1, 8), (279, 4, 1, 4)][:tags]
    directory = struct.pack(f"{order}H", len(entries))
    directory += b"".join(struct.pack(f"{order}HHII", *entry) for entry in entries)
    directory += struct.pack(f"{order}I", next_page)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(f"{order}I", 12) + b"\0\0\0\0" + directory


GOOD = {
    "png": (png(), "png"),
    "jpeg": (jpeg(), "jpg"),
    "little endian tiff": (tiff("<"), "tif"),
    "big endian tiff": (tiff(">"), "tif"),
    "pdf": (build_pdf(), "pdf"),
}


@pytest.mark.parametrize(("content", "extension"), GOOD.values(), ids=GOOD)
def test_whole_scan_is_told_by_its_structure(content, extension):
    assert extension_of(content) == extension


@pytest.mark.parametrize(("content", "extension"), GOOD.values(), ids=GOOD)
def test_scan_that_is_cut_off_is_refused_wherever(content, extension):
    content = content.rstrip(b"\n")
    for length in range(len(content) - 1, 8, -max(1, len(content) // 60)):
        with pytest.raises(InputError, match=f"no whole {extension.upper()} file"):
            extension_of(content[:length])


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


ENCRYPTED = build_pdf().replace(b"/Info 4 0 R", b"/Encrypt 4 0 R", 1)

BAD = {
    "empty": (b"", "the scan is empty"),
    "too large": (b"%PDF-1.7" + bytes(MAXIMUM_SCAN_BYTES), "the scan is too large"),
    "text": (b"I agree.", "of a kind that is not accepted"),
    "program": (b"MZ\x90\0" * 100, "of a kind that is not accepted"),
    "html": (b"<html><script>alert(1)</script></html>", "of a kind that is not accepted"),
    "svg": (b"<?xml version='1.0'?><svg/>", "of a kind that is not accepted"),
    "gif": (b"GIF89a" + b"\0" * 40, "of a kind that is not accepted"),
    "zip behind a png": (png() + b"PK\x03\x04", "something follows the picture"),
    "damaged png": (_flipped(png(), 20), "is damaged"),
    "huge png": (png(50_000, 2), "says it is huge"),
    "png of no size": (png(0, 2), "does not say how large"),
    "png without a picture": (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)) + chunk(b"IEND", b""),
        "holds no whole picture",
    ),
    "html in a jpeg": (jpeg() + b"<script>", "does not end where its picture ends"),
    "huge jpeg": (jpeg(65_535, 2), "says it is huge"),
    "jpeg of no segments": (b"\xff\xd8\xff\x00" + b"\0" * 40, "there is no segment"),
    "tiff in a circle": (tiff(next_page=12), "go round in a circle"),
    "tiff without pages": (b"II*\0\0\0\0\0", "has no page"),
    "huge tiff": (tiff(width=40_000), "says it is huge"),
    "tiff without a picture": (tiff(tags=2), "holds no picture"),
    "tiff out of itself": (b"II*\0\xff\xff\xff\x7f", "ends in the middle"),
    "encrypted pdf": (ENCRYPTED, "is encrypted"),
    "pdf without an end": (build_pdf().replace(b"%%EOF", b"%%END"), "does not end with its cross-reference"),
    "html behind a pdf": (build_pdf() + b"<script>", "does not end with its cross-reference"),
    "pdf of no version": (b"%PDF-9" + build_pdf()[6:], "names no version"),
    "pdf that points nowhere": (
        build_pdf().replace(b"startxref\n", b"startxref\n9"),
        "cross-reference is not where it says",
    ),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_anything_else_is_refused_by_its_own_sentence(content, sentence):
    with pytest.raises(InputError) as caught:
        extension_of(content)
    assert sentence in caught.value.what
    assert "b'" not in caught.value.diagnosis()
