"""The zip of a Word file from outside, unpacked only as far as its parts are sound (ECMA-376-2 9.1.1 and Annex C).

Programs differ in what they make of an odd zip, so that one could show a text and another read a different one:
whatever is odd is refused. What a part unpacks to is counted while it is unpacked, never believed.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote

from schemas.errors import Fault
from templates.checking.findings import SHOWN_CHARACTERS, shortened

MAX_BYTES = 50 * 1024 * 1024
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_PARTS = 2000
MAX_RATIO = 200
"""Text in XML deflates to a hundredth at best; a bomb to a thousandth."""
UNSUSPICIOUS_BYTES = 1024 * 1024
"""Parts up to this size may deflate as well as they can."""
WORD_FILE = "a Word document (DOCX)"
LOCAL, END = b"PK\3\4", b"PK\5\6"
END_RECORD = struct.Struct("<4s4H2LH")
"""APPNOTE 4.3.16: signature, disks, entries on this disk and in all, size and offset of the directory, comment."""
MAX_DIRECTORY_BYTES = 512 * MAX_PARTS
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Beginning of a compound file ([MS-CFB] 2.2): what a DOC is, and an encrypted DOCX."""
OTHERS = {b"%PDF": "a PDF", b"{\\rtf": "an RTF file", b"<": "XML or HTML"}
ENCRYPTED = 1
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
    LookupError, OverflowError,
)  # fmt: skip
"""What a damaged zip raises."""


def unpack(content: bytes) -> tuple[dict[str, bytes], tuple[Fault, ...]]:
    """Return the sound parts of a zip by name in their order, and everything that is wrong with the zip."""
    if len(content) > MAX_BYTES:
        return {}, (_fault("the file is too large", f"{len(content)} bytes", f"at most {MAX_BYTES} bytes"),)
    if not content.startswith(LOCAL):
        return {}, (_other_file(content),)
    signature, *_, count, directory_bytes, _, _ = END_RECORD.unpack(content[-END_RECORD.size :].rjust(END_RECORD.size))
    if signature != END:
        return {}, (_fault("the file is cut off, or something stands behind its end", None, WORD_FILE),)
    if count > MAX_PARTS or directory_bytes > MAX_DIRECTORY_BYTES:
        return {}, (_fault("the file has too many parts", str(count), f"at most {MAX_PARTS}"),)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            faults = list(_directory_faults(package.infolist()))
            if faults and not _may_be_unpacked(package.infolist()):
                return {}, tuple(faults)
            parts = {}
            for entry in package.infolist():
                if not _is_folder(entry) and _is_readable(entry):
                    try:
                        parts[entry.filename] = package.read(entry)
                    except UNREADABLE as error:
                        faults.append(_fault("the part is damaged", str(error), "a whole part", entry.orig_filename))
            return parts, tuple(faults)
    except UNREADABLE as error:
        return {}, (_fault("the file is damaged", str(error), WORD_FILE),)


def shown(text: str) -> str:
    """Return text from outside so that it can be shown on one line of any screen."""
    text = text[: 2 * SHOWN_CHARACTERS]
    return shortened(text if text.isprintable() else ascii(text)[1:-1])


def _other_file(content: bytes) -> Fault:
    """Say what a file that is no zip probably is."""
    if content.startswith(COMPOUND):
        if "EncryptedPackage".encode("utf-16-le") in content:
            return _fault("the file is encrypted", None, "a DOCX saved without a password")
        return _fault("the file is not a DOCX", "an older Word file (DOC) or the like", "the same saved as DOCX")
    start = content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = next((kind for magic, kind in OTHERS.items() if start.startswith(magic)), None)
    return _fault("the file is not a DOCX", kind or ("nothing" if not content else "no zip"), WORD_FILE)


def _directory_faults(entries: list[zipfile.ZipInfo]) -> Iterator[Fault]:
    """Yield what the directory of the zip says against it."""
    if len(entries) > MAX_PARTS:
        yield _fault("the file has too many parts", str(len(entries)), f"at most {MAX_PARTS}")
    if (size := sum(entry.file_size for entry in entries)) > MAX_UNPACKED_BYTES:
        yield _fault("the file unpacks to too much", f"{size} bytes", f"at most {MAX_UNPACKED_BYTES} bytes")
    # Names that differ in case only are one name (ECMA-376-2 9.1.1).
    times = Counter(entry.orig_filename.lower() for entry in entries)
    for name, count in times.items():
        if count > 1:
            yield _fault("a part is there more than once", str(count), "each name once", name)
    for entry in entries[:MAX_PARTS]:
        name = entry.orig_filename
        if _is_odd(name):
            yield _fault("a name of a part leads elsewhere", shown(name), "a name such as word/document.xml", name)
        if entry.flag_bits & ENCRYPTED:
            yield _fault("the part is encrypted", None, "a DOCX saved without a password", name)
        elif entry.compress_type not in METHODS:
            yield _fault("the part is packed in a strange way", str(entry.compress_type), "stored or deflated", name)
        if entry.file_size > UNSUSPICIOUS_BYTES and entry.file_size > MAX_RATIO * entry.compress_size:
            ratio = f"{entry.file_size} bytes out of {entry.compress_size}"
            yield _fault("the part unpacks to too much", ratio, f"at most {MAX_RATIO} times as many", name)


def _may_be_unpacked(entries: list[zipfile.ZipInfo]) -> bool:
    """Whether no limit is passed, so that the rest of the faults can be told as well."""
    return len(entries) <= MAX_PARTS and sum(entry.file_size for entry in entries) <= MAX_UNPACKED_BYTES


def _is_readable(entry: zipfile.ZipInfo) -> bool:
    return (
        not entry.flag_bits & ENCRYPTED
        and entry.compress_type in METHODS
        and entry.file_size <= max(UNSUSPICIOUS_BYTES, MAX_RATIO * entry.compress_size)
    )


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith("/") and entry.file_size == 0


def _is_odd(name: str) -> bool:
    """Whether a name is absolute, has a drive, climbs, is interleaved (``.piece``) or is not plain text."""
    plain = unquote(name.removesuffix("/"))
    segments = plain.split("/")
    return (
        not plain.isprintable()
        or bool(re.search(r"[\\:]", plain))
        or plain.count("/") != name.removesuffix("/").count("/")
        or any(not segment.strip(". ") for segment in segments)
        or plain.lower().endswith(".piece")
    )


def _fault(message: str, read: str | None, expected: str, part: str = "the file") -> Fault:
    return Fault(shown(part), message, read=None if read is None else shown(read), expected=expected)
