"""Draws pages of one PDF as PNG and reads their text: a program of its own, with limits.

It reads one line of JSON and then the bytes of the PDF from its input, and answers with one line of JSON and then, one
after the other, the images it names the sizes of::

    in   {"first": int, "count": int, "dpi": int}     count 0: no images, but the text of every page
    out  {"pages": int, "sizes": [int, ...], "texts": [str, ...], "boxes": [[width, height], ...]}

Pages count from 0. The parser of foreign bytes runs here and nowhere else, where it can write no file.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
import zlib
from typing import Any

CPU_SECONDS = 60
MEMORY_BYTES = 2 * 1024**3
MAX_PIXELS = 20_000_000
MAX_PAGES = 2_000
MAX_CHARACTERS = 100_000
"""Of the text of one page."""


def set_limits() -> None:
    """Limit this process: processor time, memory, no file written, no core dumped."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answered(pdf: bytes, first: int, count: int, dpi: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return what the PDF holds, and the images asked for."""
    from pypdfium2 import PdfDocument  # noqa: PLC0415 (under the limits only)

    document = PdfDocument(pdf)
    document.init_forms()
    pages = len(document)
    if pages > MAX_PAGES:
        raise ValueError(f"{pages} pages are too many")
    images = [drawn(document[page], dpi) for page in range(first, min(first + count, pages))]
    texts = [] if count else [text_of(document[page]) for page in range(pages)]
    boxes = [] if count else [document[page].get_size() for page in range(pages)]
    return {"pages": pages, "sizes": [len(one) for one in images], "texts": texts, "boxes": boxes}, images


def text_of(page: Any) -> str:
    """Return the text of one page."""
    textpage = page.get_textpage()
    return str(textpage.get_text_range(count=min(textpage.count_chars(), MAX_CHARACTERS)))


def drawn(page: Any, dpi: int) -> bytes:
    """Return one page as a PNG: in grey where nothing on it has a colour."""
    width, height = page.get_size()
    scale = dpi / 72
    if width * height * scale**2 > MAX_PIXELS:
        raise ValueError(f"a page of {width:.0f} x {height:.0f} points is too large to be drawn")
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    channels, stride, pixels = bitmap.n_channels, bitmap.stride, bytes(bitmap.buffer)
    rows = [pixels[row * stride : row * stride + bitmap.width * channels] for row in range(bitmap.height)]
    if channels == 4:
        rows = [_without_fourth(row) for row in rows]
        channels = 3
    if channels == 3 and all(row[::3] == row[1::3] == row[2::3] for row in rows):
        rows, channels = [row[::3] for row in rows], 1
    return png(rows, bitmap.width, channels)


def png(rows: list[bytes], width: int, channels: int) -> bytes:
    """Return rows of 8-bit grey or RGB pixels as a PNG (ISO/IEC 15948)."""
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 0 if channels == 1 else 2, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\x00" + row for row in rows), 6)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _without_fourth(row: bytes) -> bytes:
    kept = bytearray(len(row) // 4 * 3)
    for channel in range(3):
        kept[channel::3] = row[channel::4]
    return bytes(kept)


def main() -> None:
    """Answer the one question on the input."""
    set_limits()
    question = json.loads(sys.stdin.buffer.readline())
    answer, images = answered(sys.stdin.buffer.read(), **question)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + b"".join(images))


if __name__ == "__main__":
    main()
