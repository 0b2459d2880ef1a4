"""Draws the pages of several revisions of one PDF and tells where they differ: a program of its own, with limits.

It reads one line of JSON and then the bytes of the newest revision from its input, and writes one line of JSON. Every
revision is a beginning of those bytes::

    in   {"sizes": [int, ...], "boxes": [[[page, left, bottom, right, top], ...], ...], "dpi": int}
    out  {"pages": [int, ...], "differing": [[revision, page], ...]}

``boxes`` are in points, one list a revision: where it may look otherwise than the one before. Pages count from 0. The
parser of hostile bytes runs here and nowhere else, where it can write no file and reach nothing but its own memory.
"""

from __future__ import annotations

import ctypes
import json
import resource
import sys
from typing import Any

CPU_SECONDS = 120
MEMORY_BYTES = 2 * 1024**3
MAX_PIXELS = 40_000_000
"""Of one page: A0 at 100 dots an inch has 15 million."""
MARGIN = 2
"""Pixels around a box that count as inside, for strokes on its edge are smoothed."""


def set_limits() -> None:
    """Limit this process: processor time, memory, no file written, no core dumped."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def compared(pdf: bytes, sizes: list[int], boxes: list[list[list[float]]], dpi: int) -> dict[str, Any]:
    """Return the numbers of pages, and every page that looks otherwise than in the revision before."""
    from pypdfium2 import PdfDocument  # noqa: PLC0415 (under the limits only)

    whole = bytearray(pdf)
    documents = [PdfDocument((ctypes.c_ubyte * size).from_buffer(whole)) for size in sizes]
    for document in documents:
        document.init_forms()
    counts = [len(document) for document in documents]
    differing = []
    for page in range(min(counts)):
        before = None
        for revision, document in enumerate(documents):
            drawn = Drawn(document[page], dpi)
            places = [box[1:] for box in boxes[revision] if box[0] == page]
            if before is not None and drawn.differs(before, places):
                differing.append([revision, page])
            before = drawn
    return {"pages": counts, "differing": differing}


class Drawn:
    """One page as drawn, in colour, with its annotations and the appearances of its fields."""

    def __init__(self, page: Any, dpi: int) -> None:
        width, height = page.get_size()
        scale = dpi / 72
        if width * height * scale**2 > MAX_PIXELS:
            raise ValueError(f"a page of {width:.0f} x {height:.0f} points is too large to be drawn")
        bitmap = page.render(scale=scale)
        self.page = page
        self.width, self.height, self.stride = bitmap.width, bitmap.height, bitmap.stride
        self.pixels = bytes(bitmap.buffer)
        bitmap.close()

    def differs(self, other: Drawn, boxes: list[list[float]]) -> bool:
        """Whether the two are unlike outside the boxes."""
        if (self.width, self.height, self.stride) != (other.width, other.height, other.stride):
            return True
        if self.pixels == other.pixels:
            return False
        blanks = [self._pixels_of(box) for box in boxes]
        return self._blanked(blanks) != other._blanked(blanks)

    def _pixels_of(self, box: list[float]) -> tuple[int, int, int, int]:
        """Return left, top, right, bottom in pixels of a box in points, as the page is turned and cropped."""
        from pypdfium2 import raw  # noqa: PLC0415 (under the limits only)

        x, y = ctypes.c_int(), ctypes.c_int()
        across, down = [], []
        for horizontal, vertical in ((box[0], box[1]), (box[2], box[3])):
            raw.FPDF_PageToDevice(self.page, 0, 0, self.width, self.height, 0, horizontal, vertical, x, y)
            across.append(x.value)
            down.append(y.value)
        return (
            max(min(across) - MARGIN, 0),
            max(min(down) - MARGIN, 0),
            min(max(across) + MARGIN, self.width),
            min(max(down) + MARGIN, self.height),
        )

    def _blanked(self, blanks: list[tuple[int, int, int, int]]) -> bytearray:
        pixels, depth = bytearray(self.pixels), self.stride // self.width
        for left, top, right, bottom in blanks:
            nothing = bytes(max(right - left, 0) * depth)
            for row in range(top, bottom):
                start = row * self.stride + left * depth
                pixels[start : start + len(nothing)] = nothing
        return pixels


def main() -> None:
    """Answer the one question on the input."""
    set_limits()
    question = json.loads(sys.stdin.buffer.readline())
    answer = compared(sys.stdin.buffer.read(), question["sizes"], question["boxes"], question["dpi"])
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
