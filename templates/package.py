"""A Word file as a package of parts (ECMA-376-2): unpacked within limits, read strictly, and packed again.

The zip depends on nothing but names, order and content (APPNOTE 6.3.9); parts that no draft changes are deflated once
and copied into each. Of a file from outside, ``outside.strict_zip`` tells everything that is odd.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lxml import etree

from schemas.errors import TemplateFault
from templates.outside.strict_zip import MAX_BYTES, MAX_UNPACKED_BYTES, UNREADABLE

BODY = "word/document.xml"
CONTENT_TYPES = "[Content_Types].xml"
WORDPROCESSING = "application/vnd.openxmlformats-officedocument.wordprocessingml."
MAIN = frozenset(f"{WORDPROCESSING}{kind}.main+xml" for kind in ("document", "template"))
CORE = "application/vnd.openxmlformats-package.core-properties+xml"
FILLED = MAIN | {
    CORE,
    *(f"{WORDPROCESSING}{kind}+xml" for kind in ("header", "footer", "footnotes", "endnotes")),
}
"""Content types of the parts whose tags are filled (ECMA-376-1 11.3, ECMA-376-2 11)."""

LOCAL = struct.Struct("<4s5H3L2H")
"""APPNOTE 4.3.7: signature, version, flags, method, time, date, CRC-32, both sizes, lengths of name and extra."""
CENTRAL = struct.Struct("<4s6H3L5H2L")
"""APPNOTE 4.3.12: the same after the version made by; then lengths, disk, attributes and offset of the local header."""
END = struct.Struct("<4s4H2LH")
"""APPNOTE 4.3.16."""
VERSION = 20
MADE_ON_UNIX = 3 << 8 | VERSION
UTF8 = 1 << 11
STORED, DEFLATED = 0, 8
SMALL_BYTES = 1500
"""Up to this size a part is stored as it is: to begin a compression takes longer than it is worth."""
EPOCH = (0 << 9 | 1 << 5 | 1, 0)
"""1 January 1980, midnight: the earliest date and time a zip can hold (APPNOTE 4.4.6)."""
MODE = 0o100600 << 16
LEVEL = 1
"""Of compression: parts are small, and half the time buys a tenth of their size."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A part as it lies in the zip."""

    name: bytes
    content: bytes
    method: int
    crc: int
    size: int


def pack(name: str, content: bytes) -> Packed:
    """Return a part deflated, or as it is where it is small."""
    crc, size = zlib.crc32(content), len(content)
    if size <= SMALL_BYTES:
        return Packed(name.encode(), content, STORED, crc, size)
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Packed(name.encode(), compressor.compress(content) + compressor.flush(), DEFLATED, crc, size)


def packed(parts: Iterable[Packed]) -> bytes:
    """Return the zip of ``parts`` in their order."""
    date, midnight = EPOCH
    content, directory, count = bytearray(), bytearray(), 0
    for part in parts:
        count += 1
        shared = (UTF8, part.method, midnight, date, part.crc, len(part.content), part.size, len(part.name), 0)
        directory += CENTRAL.pack(b"PK\1\2", MADE_ON_UNIX, VERSION, *shared, 0, 0, 0, MODE, len(content)) + part.name
        content += LOCAL.pack(b"PK\3\4", VERSION, *shared) + part.name + part.content
    end = END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(content), 0)
    return bytes(content + directory + end)


def unpacked(docx: bytes) -> dict[str, bytes]:
    """Return the parts of a Word file by name, in their order; raise :class:`TemplateFault` unless it is one.

    At most ``MAX_BYTES`` bytes, that unpack to at most ``MAX_UNPACKED_BYTES``.
    """
    if len(docx) > MAX_BYTES:
        raise _no_word_file(f"{len(docx)} bytes", f"at most {MAX_BYTES} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            if (size := sum(entry.file_size for entry in package.infolist())) > MAX_UNPACKED_BYTES:
                raise _no_word_file(f"{size} bytes unpacked", f"at most {MAX_UNPACKED_BYTES} bytes")
            return {name: package.read(name) for name in package.namelist() if not name.endswith("/")}
    except UNREADABLE as error:
        raise _no_word_file(str(error) or type(error).__name__) from error


def strictly_parsed(content: bytes, part: str, *, huge: bool = False, expected: str | None = None) -> etree._Element:
    """Return the root of ``content``; raise :class:`TemplateFault` unless it is well formed.

    ``expected`` is what the fault then says. ``huge`` lifts the parser's own limits: only for what was made here,
    within the limits of a rendering.
    """
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=huge))
    except etree.XMLSyntaxError as error:
        raise TemplateFault("a part is not well-formed XML", where=part, got=str(error), expected=expected) from error


def content_types(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the content type of each part that has one of its own (ECMA-376-2 10.1.2.2)."""
    root = strictly_parsed(contents.get(CONTENT_TYPES, b""), CONTENT_TYPES)
    return {
        element.get("PartName", "").lstrip("/"): element.get("ContentType", "") for element in root.iter("{*}Override")
    }


def _no_word_file(got: str, expected: str = "a whole Word document (DOCX)") -> TemplateFault:
    return TemplateFault("this is no Word file", got=got, expected=expected)
