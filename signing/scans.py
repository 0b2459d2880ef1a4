"""What kind of file a scan is, told from its structure alone: nothing is unpacked, decoded or rendered.

::

    pdf   %PDF-1.n or -2.n first, startxref that leads to a cross-reference, %%EOF last     ISO 32000-2 7.5
    png   signature, IHDR first, every chunk whole with its CRC, IEND last                  ISO/IEC 15948 5
    jpg   SOI, segments up to the frame and the scan, EOI last                              ISO/IEC 10918-1 B
    tif   II*0 or MM0*, a chain of directories inside the file, each with its strips        TIFF 6.0 section 2

A scan comes from outside and is kept as received; opening it is for a person's own software.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import Literal

from schemas.errors import InputError

Extension = Literal["pdf", "png", "jpg", "tif"]

MAXIMUM_SCAN_BYTES = 50 * 1024 * 1024
MAXIMUM_PIXELS_A_SIDE = 30_000
"""A sheet of A3 at 1,800 dots to the inch; what claims more is no scan."""
MAXIMUM_PAGES = 1_000
TRAILING_BYTES = 1_024
"""Within how many bytes of its end a PDF says where its cross-reference begins."""


def extension_of(content: bytes, *, what: str = "the scan") -> Extension:
    """Return what kind of scan ``content`` is; ``what`` is what the refusal calls it.

    Raises :class:`InputError` for a file that is too large, of another kind, cut off, or followed by something else.
    """
    if not 0 < len(content) <= MAXIMUM_SCAN_BYTES:
        raise InputError(
            f"{what} is empty" if not content else f"{what} is too large",
            got=f"{len(content):,} bytes",
            expected=f"at most {MAXIMUM_SCAN_BYTES:,} bytes",
            remedy="scan again, at 300 dots to the inch",
        )
    for beginning, extension, flaw_of in _KINDS:
        if content.startswith(beginning):
            try:
                flaw = flaw_of(content)
            except (struct.error, IndexError, ValueError):
                flaw = "it ends in the middle"
            if flaw is not None:
                raise InputError(
                    f"{what} is no whole {extension.upper()} file: {flaw}",
                    got=f"{len(content):,} bytes",
                    expected="a file as the scanner wrote it",
                    remedy="send the file itself, not a part or a conversion of it",
                )
            return extension
    raise InputError(
        f"{what} is of a kind that is not accepted",
        got=f"a file that begins with the bytes {content[:8].hex(' ')}",
        expected="a PDF, PNG, JPEG or TIFF file",
        remedy="scan again into one of these",
    )


def _pdf_flaw(content: bytes) -> str | None:
    if not re.match(rb"%PDF-[12]\.\d", content):
        return "its first line names no version of PDF"
    ending = content[-TRAILING_BYTES:]
    found = re.search(rb"startxref\s+(\d{1,10})\s+%%EOF\s*\Z", ending)
    if found is None:
        return "it does not end with its cross-reference and %%EOF"
    place = content[int(found[1]) :][:64].lstrip()
    if not re.match(rb"xref\b|\d+\s+\d+\s+obj\b", place):
        return "its cross-reference is not where it says"
    return "it is encrypted" if re.search(rb"/Encrypt[\s/<0-9]", content) else None


def _png_flaw(content: bytes) -> str | None:
    position, kinds = 8, []
    while position < len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        (checksum,) = struct.unpack_from(">I", content, position + 8 + length)
        if zlib.crc32(content[position + 4 : position + 8 + length]) != checksum:
            return f"its chunk at byte {position} is damaged"
        if not kinds and (kind != b"IHDR" or not _sides_are_fine(*struct.unpack_from(">II", content, position + 8))):
            return "its first chunk does not say how large the picture is, or says it is huge"
        kinds.append(kind)
        position += 12 + length
        if kind == b"IEND":
            break
    if kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        return "it holds no whole picture"
    return "something follows the picture" if position != len(content) else None


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a frame, which says how large the picture is (ISO/IEC 10918-1 table B.1)."""


def _jpeg_flaw(content: bytes) -> str | None:
    position, framed = 2, False
    while True:
        marker, kind, length = struct.unpack_from(">BBH", content, position)
        if marker != 0xFF or length < 2:
            return f"there is no segment at byte {position}"
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", content, position + 5)
            framed = _sides_are_fine(width, height)
        if kind == 0xDA:
            break
        position += 2 + length
    if not framed:
        return "it does not say how large the picture is, or says it is huge"
    return None if content.endswith(b"\xff\xd9") else "it does not end where its picture ends"


def _tiff_flaw(content: bytes) -> str | None:
    order = "<" if content[:2] == b"II" else ">"
    (place,) = struct.unpack_from(f"{order}I", content, 4)
    seen: set[int] = set()
    while place:
        if place in seen or len(seen) == MAXIMUM_PAGES:
            return "its pages go round in a circle, or are too many"
        seen.add(place)
        (count,) = struct.unpack_from(f"{order}H", content, place)
        tags = dict(_tag(content, order, place + 2 + 12 * number) for number in range(count))
        if not _sides_are_fine(tags.get(256, 0), tags.get(257, 0)):
            return "a page does not say how large it is, or says it is huge"
        if not {273, 324} & set(tags):
            return "a page holds no picture"
        (place,) = struct.unpack_from(f"{order}I", content, place + 2 + 12 * count)
    return None if seen else "it has no page"


def _tag(content: bytes, order: str, position: int) -> tuple[int, int]:
    """Return a directory entry's tag and the number it holds, or where its numbers stand."""
    tag, kind = struct.unpack_from(f"{order}HH", content, position)
    (value,) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", content, position + 8)
    return tag, value


def _sides_are_fine(width: int, height: int) -> bool:
    return 0 < width <= MAXIMUM_PIXELS_A_SIDE and 0 < height <= MAXIMUM_PIXELS_A_SIDE


_KINDS: tuple[tuple[bytes, Extension, Callable[[bytes], str | None]], ...] = (
    (b"%PDF-", "pdf", _pdf_flaw),
    (b"\x89PNG\r\n\x1a\n", "png", _png_flaw),
    (b"\xff\xd8\xff", "jpg", _jpeg_flaw),
    (b"II*\0", "tif", _tiff_flaw),
    (b"MM\0*", "tif", _tiff_flaw),
)
