"""How a signed PDF is written: one way is accepted for whatever readers could understand in two ways.

Each revision is a body, a table of exactly that body's objects, and an end (ISO 32000-2 7.5.6). A table that points
into another revision can show what was there, unseen, when somebody signed; an object that no table names is seen by
readers that repair; and a byte range with room in it vouches for less than it seems to.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType

from schemas.errors import Invalid
from signing.fields import OPENING_SEAL, form_dictionaries
from signing.reasons import GateReason, Objection, gathered
from signing.revision import entry_of, reading

STRUCTURE = "structure"
"""The part of a validation report that tells of what is looked for here."""

MAX_STREAM_BYTES = 64 * 1024**2
"""Of one stream, unpacked: a page scanned at 600 dots an inch in grey has 35 million."""
MAX_TOTAL_BYTES = 512 * 1024**2
MAX_PACKINGS = 4
"""How often a stream may be packed in itself."""

END = b"%%EOF"
STREAM = re.compile(rb"stream\r?\n")
OBJECT_OR_STREAM = re.compile(rb"(?<![\w.])(\d{1,10})[\s\0]+(\d{1,5})[\s\0]+obj\b|stream\r?\n")
START = re.compile(rb"startxref\s+(\d+)\s+%%EOF")


def file_objections(pdf: bytes) -> list[Objection]:
    """Return what speaks against reading ``pdf`` at all: encryption, and streams that outgrow every document."""
    return gathered((_inflated, _encrypted), pdf)


def require_readable(pdf: bytes) -> None:
    """Raise :class:`Invalid` for bytes that :func:`file_objections` speaks against."""
    for objection in file_objections(pdf):
        raise Invalid(objection.reason.sentence, got=objection.detail, expected="a whole, unencrypted PDF (ISO 32000)")


def structure_objections(pdf: bytes, reader: PdfFileReader) -> list[Objection]:
    """Return what is not written the one way it may be, in the revisions after the opening seal and in every mark."""
    return gathered((_byte_ranges, _tables), pdf, reader)


def prepared_revision(reader: PdfFileReader) -> int | None:
    """Return the number of the revision that the opening seal made, or none where there is no such seal."""
    with reading("the opening seal"):
        for name, _, field in form_dictionaries(reader):
            if name == OPENING_SEAL and "/V" in field:
                value = field.raw_get("/V")
                holder = value.reference if isinstance(value, generic.IndirectObject) else field.container_ref
                return reader.xrefs.get_introducing_revision(holder)
    return None


def _inflated(pdf: bytes) -> Iterator[Objection]:
    total = 0
    for stream in STREAM.finditer(pdf):
        end = pdf.find(b"endstream", stream.end())
        size = _unpacked_size(pdf[stream.end() : end if end >= 0 else len(pdf)])
        total += size
        if size > MAX_STREAM_BYTES or total > MAX_TOTAL_BYTES:
            limit = MAX_STREAM_BYTES if size > MAX_STREAM_BYTES else MAX_TOTAL_BYTES
            yield Objection(GateReason.INFLATED, f"the stream at byte {stream.end()} makes more than {limit} bytes")
            return


def _unpacked_size(packed: bytes) -> int:
    """Return how many bytes a stream becomes if it is deflated, also repeatedly; what is not, becomes none."""
    size, content = 0, packed
    for _ in range(MAX_PACKINGS):
        try:
            content = zlib.decompressobj().decompress(content, MAX_STREAM_BYTES + 1)
        except zlib.error:
            break
        size = max(size, len(content))
        if size > MAX_STREAM_BYTES:
            break
    return size


def _encrypted(pdf: bytes) -> Iterator[Objection]:
    if PdfFileReader(BytesIO(pdf), strict=True).encrypted:
        yield Objection(GateReason.ENCRYPTED, "its trailer names an encryption dictionary (/Encrypt)")


def _byte_ranges(pdf: bytes, reader: PdfFileReader) -> Iterator[Objection]:
    """Look at every mark's /ByteRange and /Contents (ISO 32000-2 12.8.1) as they are written."""
    for name, _, field in form_dictionaries(reader):
        mark = entry_of(field, "/V")
        if not isinstance(mark, generic.DictionaryObject):
            continue
        flaw = _range_flaw(pdf, mark)
        if flaw is not None:
            yield Objection(GateReason.BYTE_RANGE, f"{name}: {flaw}")


def _range_flaw(pdf: bytes, mark: generic.DictionaryObject) -> str | None:
    if "/ByteRange" not in mark or "/Contents" not in mark:
        return "it has no /ByteRange or no /Contents"
    values, contents = mark.raw_get("/ByteRange"), mark.raw_get("/Contents")
    if not isinstance(values, generic.ArrayObject) or not all(
        isinstance(value, generic.NumberObject) for value in values
    ):
        return "its /ByteRange is not an array of whole numbers"
    if not isinstance(contents, (generic.ByteStringObject, generic.TextStringObject)):
        return "its /Contents is not a string"
    numbers = [int(value) for value in values]
    if len(numbers) != 4 or numbers[0] != 0:
        return f"its /ByteRange is {numbers}, expected two ranges of which the first begins at 0"
    _, length, second, rest = numbers
    if not 0 < length < second or rest <= 0 or second + rest > len(pdf):
        return f"its ranges {numbers} overlap, are empty or reach beyond the file"
    gap = pdf[length:second]
    raw = contents.original_bytes if isinstance(contents, generic.TextStringObject) else bytes(contents)
    if gap[:1] != b"<" or gap[-1:] != b">" or gap[1:-1].lower() != raw.hex().encode():
        return "between its ranges stands something else than its /Contents"
    return None


def _tables(pdf: bytes, reader: PdfFileReader) -> Iterator[Objection]:
    """Look at every revision's table of objects after the opening seal's (all, where there is none)."""
    prepared = prepared_revision(reader)
    tables = reader.xrefs
    ends = [_end_of(pdf, tables.get_xref_container_info(n).end_location) for n in range(tables.total_revisions)]
    for number, (begin, end) in enumerate(pairwise(ends), 1):
        info = tables.get_xref_container_info(number)
        if info.xref_section_type in (XRefSectionType.HYBRID_MAIN, XRefSectionType.HYBRID_STREAM):
            yield Objection(GateReason.OBJECT_TABLE, f"revision {number} has two tables (hybrid, /XRefStm)")
        if prepared is not None and number <= prepared:
            continue
        if not begin <= info.start_location < end:
            yield Objection(GateReason.OBJECT_TABLE, f"the table of revision {number} stands in another revision")
            continue
        said = START.findall(pdf[info.end_location : end])
        if [int(place) for place in said] != [info.declared_startxref]:
            yield Objection(GateReason.OBJECT_TABLE, f"revision {number} does not end by naming its own table")
        yield from _bodies(pdf, reader, number, begin, end)


def _bodies(pdf: bytes, reader: PdfFileReader, number: int, begin: int, end: int) -> Iterator[Objection]:
    """Compare the objects in the bytes of one revision with those its table names."""
    data, info = reader.xrefs.get_xref_data(number), reader.xrefs.get_xref_container_info(number)
    named = {place: idnum for idnum, (_, place) in data.standard_xrefs.items()}
    there = dict(_headers(pdf, begin, end))
    for place, idnum in sorted(named.items()):
        if there.get(place) != idnum:
            where = f"byte {place}, which is not where revision {number} has an object of that number"
            yield Objection(GateReason.OBJECT_TABLE, f"object {idnum} is said to be at {where}")
    for place, idnum in sorted(there.items()):
        if place not in named and place != info.start_location:
            yield Objection(GateReason.DORMANT_OBJECT, f"object {idnum} at byte {place} of revision {number}")
    for holder in data.obj_streams_used:
        if holder not in named.values():
            yield Objection(
                GateReason.OBJECT_TABLE, f"revision {number} takes objects from stream {holder} of another revision"
            )


def _headers(pdf: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield place and number of every object written between two places, what stands in streams left out."""
    position = begin
    while (found := OBJECT_OR_STREAM.search(pdf, position, end)) is not None:
        position = found.end()
        if found.group(1) is not None:
            yield found.start(), int(found.group(1))
        elif (close := pdf.find(b"endstream", position, end)) >= 0:
            position = close + len(b"endstream")


def _end_of(pdf: bytes, after: int) -> int:
    """Return where the revision ends whose table ends at ``after``: behind its end mark and one end of line."""
    place = pdf.find(END, after)
    if place < 0:
        return len(pdf)
    place += len(END)
    for line_end in (b"\r\n", b"\n", b"\r"):
        if pdf.startswith(line_end, place):
            return place + len(line_end)
    return place
