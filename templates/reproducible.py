"""The same DOCX gives the same PDF: what LibreOffice takes from the clock is set from the document instead.

LibreOffice writes the time of export into four places of a PDF/A (ISO 32000-1): the information dictionary
(14.3.3), the XMP packet (14.3.2), the file identifier (14.4), and the header of the sRGB profile it generates
(ICC.1:2010 7.2.8). The first three are replaced by text of equal length. The profile is compressed, so its length
may change; the cross-reference table (7.5.4) is moved along. No other byte is touched.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from datetime import UTC, datetime

from schemas.errors import TemplateFault

INFORMATION_DATE = re.compile(rb"/CreationDate\(D:(\d{14}Z'\))")
XMP_DATE = re.compile(rb"<xmp:CreateDate>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)</xmp:CreateDate>")
IDENTIFIER = re.compile(rb"/ID \[ <([0-9A-F]{32})>\s<([0-9A-F]{32})> \]")
CHECKSUM = re.compile(rb"/DocChecksum /([0-9A-F]{32})\n")
PROFILE = re.compile(
    rb"\n(\d+) 0 obj\n<</N 3/Length (\d+) 0 R/Filter/FlateDecode>>\nstream\n(.*?)\nendstream\nendobj\n\n"
    rb"\2 0 obj\n(\d+)\nendobj\n",
    re.DOTALL,
)
XREF_ENTRY = re.compile(rb"(\d{10}) (\d{5}) n \n")
STARTXREF = re.compile(rb"startxref\n(\d+)\n%%EOF\s*\Z")

ICC_DATE = slice(24, 36)
"""Place of dateTimeNumber in the profile header: six 16-bit numbers (ICC.1:2010 7.2.8)."""


def reproducible(pdf: bytes, *, source: bytes, at: datetime) -> bytes:
    """Return ``pdf`` as LibreOffice would have written it at ``at``, with an identifier derived from ``source``.

    ``pdf`` is what LibreOffice exported as PDF/A; ``source`` the DOCX it was made from; ``at`` an aware instant.
    Raises :class:`TemplateFault` if a place is not where LibreOffice puts it.
    """
    instant = at.astimezone(UTC)
    identifier = hashlib.sha256(source).hexdigest()[:32].upper().encode()
    content = pdf
    for pattern, text in (
        # LibreOffice closes a date in UTC with an apostrophe that does not belong there (7.9.4).
        (INFORMATION_DATE, instant.strftime("%Y%m%d%H%M%SZ) ").encode()),
        (XMP_DATE, instant.strftime("%Y-%m-%dT%H:%M:%SZ").encode()),
        (IDENTIFIER, identifier),
        (CHECKSUM, identifier),
    ):
        content = _overwrite(content, pattern, text)
    return _with_profile_of(content, instant)


def _overwrite(pdf: bytes, pattern: re.Pattern[bytes], text: bytes) -> bytes:
    """Replace each group of the last match of ``pattern`` by ``text``, which has the same length."""
    matches = list(pattern.finditer(pdf))
    if not matches:
        raise _unexpected(pattern.pattern.decode())
    content = bytearray(pdf)
    for group in range(1, pattern.groups + 1):
        start, end = matches[-1].span(group)
        content[start:end] = text
    return bytes(content)


def _with_profile_of(pdf: bytes, at: datetime) -> bytes:
    """Set the date of the colour profile, and move the cross-reference table by the change of length."""
    found = list(PROFILE.finditer(pdf))
    table = STARTXREF.search(pdf)
    if not found or table is None:
        raise _unexpected("the colour profile of the output intent")
    match = found[-1]
    profile = bytearray(zlib.decompress(match.group(3)))
    numbers = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    profile[ICC_DATE] = b"".join(number.to_bytes(2, "big") for number in numbers)
    stream = zlib.compress(bytes(profile), 9)
    # The length stands right after the stream; equal width keeps one shift valid for all that follows both.
    length = str(len(stream)).encode().rjust(len(match.group(4)), b"0")
    moved = len(stream) - (match.end(3) - match.start(3)) + len(length) - len(match.group(4))
    length_object = match.end(3) + len(b"\nendstream\nendobj\n\n")

    def shifted(entry: re.Match[bytes]) -> bytes:
        offset = int(entry.group(1))
        if offset >= match.end(4):
            offset += moved
        elif offset >= length_object:
            offset += len(stream) - (match.end(3) - match.start(3))
        return b"%010d %s n \n" % (offset, entry.group(2))

    xref = int(table.group(1))
    return b"".join(
        (
            pdf[: match.start(3)],
            stream,
            pdf[match.end(3) : match.start(4)],
            length,
            pdf[match.end(4) : xref],
            XREF_ENTRY.sub(shifted, pdf[xref : table.start()]),
            b"startxref\n%d\n%%%%EOF\n" % (xref + moved),
        )
    )


def _unexpected(place: str) -> TemplateFault:
    return TemplateFault(
        "the PDF cannot be made reproducible",
        got="no such place in the exported file",
        expected=place,
        remedy="use LibreOffice 7.4, or extend templates/reproducible.py for this version",
    )
