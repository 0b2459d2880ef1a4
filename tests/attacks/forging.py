"""Attacks on the bytes of a finished file: what no writer would write, and what other programs make of it."""

from __future__ import annotations

import re
import subprocess
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader, PdfWriter

from signing.revision import open_pdf, signatures_of

END = re.compile(rb"%%EOF\r?\n?")
OTHER_WORDS = b"BT /F1 11 Tf 72 700 Td (The contribution is 9,000 euro.) Tj ET"
HIDDEN = b"7 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(OTHER_WORDS), OTHER_WORDS)
"""Another content of the first page, which stands in the approved file where no table names it."""


def flipped(pdf: bytes, place: int, bit: int = 0) -> bytes:
    """Return ``pdf`` with one bit turned."""
    return pdf[:place] + bytes([pdf[place] ^ (1 << bit)]) + pdf[place + 1 :]


def ends_of(pdf: bytes) -> list[int]:
    """Return where each revision ends."""
    return [found.end() for found in END.finditer(pdf)]


def last_mark(pdf: bytes) -> tuple[int, tuple[int, ...], int]:
    """Return number of the object of the last mark, its byte range, and where its object begins."""
    mark = signatures_of(open_pdf(pdf))[-1]
    number = mark.sig_field.raw_get("/V").idnum
    return number, tuple(int(value) for value in mark.byte_range), pdf.rindex(b"\n%d 0 obj" % number) + 1


def table_place(pdf: bytes) -> int:
    """Return what the last ``startxref`` says."""
    return int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])


def appended(pdf: bytes, objects: dict[int, bytes], *, trailer: bytes = b"", table: bool = True) -> bytes:
    """Return ``pdf`` with a revision of the objects written by hand; without its table and trailer on demand."""
    out, places = bytearray(pdf), {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    return bytes(out + by_hand(pdf, places, at=len(out), trailer=trailer)) if table else bytes(out)


def by_hand(pdf: bytes, places: dict[int, int], *, at: int, trailer: bytes = b"") -> bytes:
    """Return a table of the objects' places and a trailer that goes back to the last table of ``pdf``."""
    out = b"xref\n0 0\n"
    for number, place in sorted(places.items()):
        out += b"%d 1\n%010d 00000 n \n" % (number, place)
    before = PdfReader(BytesIO(pdf)).trailer
    size, root = int(before["/Size"]) + 10, before.raw_get("/Root").idnum
    identity = b"".join(b"<%s>" % bytes(part.original_bytes).hex().encode() for part in before["/ID"])
    said = b"/Size %d /Root %d 0 R /Info 4 0 R /ID [%s] /Prev %d" % (size, root, identity, table_place(pdf))
    return out + b"trailer\n<< %s %s >>\nstartxref\n%d\n%%%%EOF\n" % (said, trailer, at)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


# Universal signature forgery: the mark is made unreadable, in the hope that a reader skips what it cannot read


def with_mark(pdf: bytes, pattern: bytes, replacement: bytes) -> bytes:
    """Return ``pdf`` with a revision in which the last mark's object says something else."""
    number, _, begin = last_mark(pdf)
    body = pdf[pdf.index(b"obj\n", begin) + 4 : pdf.index(b"\nendobj", begin)]
    changed, count = re.subn(pattern, replacement, body, flags=re.DOTALL)
    assert count, body[:200]
    return appended(pdf, {number: changed})


def mark_in_place(pdf: bytes, pattern: bytes, replacement: bytes) -> bytes:
    """Return ``pdf`` with the last mark's object changed where it stands, its length kept."""
    _, _, begin = last_mark(pdf)
    found = re.compile(pattern, re.DOTALL).search(pdf, begin)
    assert found is not None
    room = found.end() - found.start()
    assert len(replacement) <= room, room
    return pdf[: found.start()] + replacement.ljust(room) + pdf[found.end() :]


BYTE_RANGE = rb"/ByteRange\s*\[[^\]]*\]"
CONTENTS = rb"/Contents\s*<[0-9a-fA-F]*>"


def ranges_overlapping(pdf: bytes) -> bytes:
    """The second range begins before the first ends, as long in sum as it was."""
    _, (_, _, second, rest), _ = last_mark(pdf)
    return mark_in_place(pdf, BYTE_RANGE, b"/ByteRange [0 %d %d %d]" % (second + 9, second, rest - 9))


def gap_widened(pdf: bytes) -> bytes:
    _, (_, length, second, rest), _ = last_mark(pdf)
    return mark_in_place(pdf, BYTE_RANGE, b"/ByteRange [0 %d %d %d]" % (length - 20, second, rest + 20))


def range_from_the_middle(pdf: bytes) -> bytes:
    _, (_, length, second, rest), _ = last_mark(pdf)
    return mark_in_place(pdf, BYTE_RANGE, b"/ByteRange [9 %d %d %d]" % (length - 9, second, rest))


def three_ranges(pdf: bytes) -> bytes:
    _, (_, length, second, rest), _ = last_mark(pdf)
    return with_mark(pdf, BYTE_RANGE, b"/ByteRange [0 %d %d %d %d 1]" % (length, second, rest - 9, second + rest - 9))


def ranges_zero(pdf: bytes) -> bytes:
    return mark_in_place(pdf, BYTE_RANGE, b"/ByteRange [0 0 0 0]")


def ranges_null(pdf: bytes) -> bytes:
    return mark_in_place(pdf, BYTE_RANGE, b"/ByteRange null")


def ranges_negative(pdf: bytes) -> bytes:
    return mark_in_place(pdf, BYTE_RANGE, b"/ByteRange [0 -1 9 -1]")


def ranges_missing(pdf: bytes) -> bytes:
    return with_mark(pdf, BYTE_RANGE, b"")


def contents_null(pdf: bytes) -> bytes:
    return with_mark(pdf, CONTENTS, b"/Contents null")


def contents_zero(pdf: bytes) -> bytes:
    return with_mark(pdf, CONTENTS, b"/Contents <00>")


def contents_missing(pdf: bytes) -> bytes:
    return with_mark(pdf, CONTENTS, b"")


def signature_wrapped(pdf: bytes) -> bytes:
    """Move the second signed range to the end and write a document of one's own between the two.

    The signed bytes stay as they were, so that the digest holds; the last ``startxref`` among them leads to a table
    in between.
    """
    number, (_, length, second, rest), begin = last_mark(pdf)
    table = table_place(pdf)
    head, gap, tail = pdf[:length], pdf[length:second], pdf[second:]
    body = pdf[pdf.index(b"obj\n", begin) + 4 : pdf.index(b"\nendobj", begin)]
    page = int(re.findall(rb"(\d+) 0 obj\n<< /Length \d+ *>>\nstream\nBT", pdf)[0])
    room = 200_000
    wrapped = re.sub(BYTE_RANGE, b"/ByteRange [0 %d %d %d]" % (length, second + room, rest), body)
    tables = open_pdf(pdf).xrefs
    kept = tables.get_xref_data(tables.total_revisions - 1).standard_xrefs
    places = {name: place if place < second else place + room for name, (_, place) in kept.items()}
    own = bytearray()
    after = table + 2_000
    for name, content in ((page, stream(OTHER_WORDS)), (number, wrapped)):
        places[name] = after + len(own)
        own += b"%d 0 obj\n%s\nendobj\n" % (name, content)
    lead = b"\n%" + b" " * (table - second - 3) + b"\n"
    written = by_hand(pdf, places, at=table).replace(b"/Prev %d" % table, b"/Prev %d" % previous_table(pdf))
    between = (lead + written).ljust(after - second - 1) + b"\n" + own
    return head + gap + between.ljust(room - 1) + b"\n" + tail


def previous_table(pdf: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", pdf)[-2])


# Incremental saving, with a table that readers repair or none


def without_a_table(pdf: bytes) -> bytes:
    return appended(pdf, {7: stream(OTHER_WORDS)}, table=False)


def with_a_broken_table(pdf: bytes) -> bytes:
    return appended(pdf, {7: stream(OTHER_WORDS)}).replace(b"xref\n0 0\n7 1\n", b"xref\n0 0\n7 x\n")


def with_a_trailer_alone(pdf: bytes) -> bytes:
    return without_a_table(pdf) + b"trailer\n<< /Size 99 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % table_place(pdf)


def table_into_another_revision(pdf: bytes) -> bytes:
    """Hide and replace: the object named is one that stood, unseen, in the file that was approved."""
    return pdf + by_hand(pdf, {7: pdf.index(HIDDEN)}, at=len(pdf))


def table_hijacked(pdf: bytes) -> bytes:
    """The table names, for one object, the place of another."""
    return pdf + by_hand(pdf, {7: pdf.index(b"\n9 0 obj") + 1}, at=len(pdf))


def object_written_twice(pdf: bytes) -> bytes:
    """One object is in the table and another of the same number is not."""
    first = b"7 0 obj\n%s\nendobj\n" % stream(OTHER_WORDS)
    shown = b"7 0 obj\n%s\nendobj\n" % stream(OTHER_WORDS.replace(b"9,000", b"1,000"))
    places = {7: len(pdf) + len(first)}
    return pdf + first + shown + by_hand(pdf, places, at=len(pdf) + len(first) + len(shown))


def two_tables(pdf: bytes) -> bytes:
    """A hybrid file: older readers see the table, newer ones the stream beside it (ISO 32000-2 7.5.8.4)."""
    drawn = b"7 0 obj\n%s\nendobj\n" % stream(OTHER_WORDS)
    number, place = 90, len(pdf) + len(drawn)
    row = b"\1" + len(pdf).to_bytes(4, "big") + b"\0" + b"\1" + place.to_bytes(4, "big") + b"\0"
    entries = b"/Type /XRef /Size 91 /W [1 4 1] /Index [7 1 90 1]"
    beside = b"%d 0 obj\n%s\nendobj\n" % (number, stream(row, entries))
    return (
        pdf
        + drawn
        + beside
        + by_hand(pdf, {}, at=place + len(beside), trailer=b"/XRefStm %d" % place).replace(b"/Size ", b"/Size 9")
    )


# The file as a whole


def junk_after_the_end(pdf: bytes) -> bytes:
    return pdf + b"\n% nothing to see here\n"


def junk_before_the_beginning(pdf: bytes) -> bytes:
    return b"junk\n" + pdf


def encrypted(pdf: bytes) -> bytes:
    writer, output = PdfWriter(clone_from=BytesIO(pdf)), BytesIO()
    writer.encrypt("", "owner", algorithm="RC4-128")
    writer.write(output)
    return output.getvalue()


def inflating(pdf: bytes) -> bytes:
    """A stream that becomes 80 MB, wrapped twice."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1024**2)) for _ in range(80)) + packer.flush()
    return appended(pdf, {80: stream(zlib.compress(packed, 9), b"/Filter [/FlateDecode /FlateDecode]")})


def rewritten_by_pypdf(pdf: bytes, _folder: Path) -> bytes:
    output = BytesIO()
    PdfWriter(clone_from=BytesIO(pdf)).write(output)
    return output.getvalue()


PROGRAMS = {
    "qpdf": ("qpdf", "{in}", "{out}"),
    "qpdf linearised": ("qpdf", "--linearize", "{in}", "{out}"),
    "mutool": ("mutool", "clean", "{in}", "{out}"),
    "ghostscript": ("gs", "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pdfwrite", "-sOutputFile={out}", "{in}"),
    "pdfunite": ("pdfunite", "{in}", "{in}", "{out}"),
    "pdfseparate": ("pdfseparate", "-l", "1", "{in}", "{out}"),
    "pdftocairo": ("pdftocairo", "-pdf", "{in}", "{out}"),
}
"""Programs that write a PDF anew, with their arguments."""


def rewritten_by(program: str, pdf: bytes, folder: Path) -> bytes:
    """Return what a program makes of ``pdf``; its own warnings are its own business."""
    source, target = folder / "in.pdf", folder / "out.pdf"
    source.write_bytes(pdf)
    command = [part.format(**{"in": source, "out": target}) for part in PROGRAMS[program]]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert target.exists(), ended.stderr
    return target.read_bytes()


def places_over(pdf: bytes, count: int) -> Iterator[int]:
    """Yield places evenly over the file, and those where its last mark's two ranges begin and end."""
    yield from range(0, len(pdf), max(len(pdf) // count, 1))
    _, (_, length, second, _), begin = last_mark(pdf)
    yield from (begin, length - 1, length, length + 1, second - 2, second - 1, second)
    yield from (pdf.rindex(b"startxref"), pdf.rindex(b"trailer"), pdf.rindex(b"xref\n"), len(pdf) - 3)
