"""Compares how the revisions of a document look: what one shows, the next shows, but for the field it fills.

Digests and signatures speak of bytes, people of pages. Bytes that are signed can still hold two documents, of which a
later revision shows the other (the shadow attacks of Mainka, Mladenov, Rohlmann, NDSS 2021: hide, replace, hide and
replace). So every page of every revision is drawn, and every pixel compared.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from schemas.errors import Invalid, Unavailable
from signing.fields import FieldBox

DOTS_PER_INCH = 100
"""At 100 a comma of 6 points has three pixels of its own, and a page costs 5 ms; a changed digit shows at 50."""

DEADLINE_SECONDS = 300
"""By the clock on the wall; processor time is limited by the worker itself."""

WORKER = Path(__file__).with_name("pages_worker.py")


@dataclass(frozen=True)
class Shown:
    """One revision: its name, where it ends in the newest one's bytes, and where it may look otherwise than before."""

    name: str
    size_bytes: int
    boxes: tuple[FieldBox, ...] = ()


@dataclass(frozen=True)
class Difference:
    """A page, counted from 1, that a revision shows otherwise than the one before it; 0 where pages come or go."""

    before: str
    after: str
    page: int

    def __str__(self) -> str:
        if not self.page:
            return f"the {self.after} has not as many pages as the {self.before}"
        return f"page {self.page} of the {self.after} looks otherwise than in the {self.before}"


def differences(pdf: bytes, revisions: Sequence[Shown]) -> tuple[Difference, ...]:
    """Return every page that looks otherwise than in the revision before, outside the boxes named; none is good.

    ``revisions`` are beginnings of ``pdf``, oldest first. Pages are drawn by PDFium at :data:`DOTS_PER_INCH` in a
    process of its own. Raises :class:`Invalid` where a page cannot be drawn within limits of memory and time,
    :class:`Unavailable` where the machine is too busy to draw.
    """
    question = {
        "sizes": [revision.size_bytes for revision in revisions],
        "boxes": [[[box.page, *box.box] for box in revision.boxes] for revision in revisions],
        "dpi": DOTS_PER_INCH,
    }
    answer = json.loads(_asked(json.dumps(question).encode() + b"\n" + pdf))
    pages, pairs = answer["pages"], list(pairwise(revision.name for revision in revisions))
    found = [Difference(*pair, 0) for pair, (old, new) in zip(pairs, pairwise(pages), strict=True) if old != new]
    found += [Difference(*pairs[revision - 1], page + 1) for revision, page in answer["differing"]]
    return tuple(found)


def _asked(question: bytes) -> bytes:
    command = [sys.executable, "-I", str(WORKER)]
    try:
        ended = subprocess.run(  # noqa: S603 (the program is ours, the file goes to its input)
            command, input=question, capture_output=True, check=False, timeout=DEADLINE_SECONDS, env={}
        )
    except (subprocess.TimeoutExpired, OSError) as fault:
        raise Unavailable(
            "the pages were not drawn in time",
            got=f"{type(fault).__name__}: nothing within {DEADLINE_SECONDS} s",
            expected="a few milliseconds a page",
            remedy="repeat when the machine is less busy",
        ) from fault
    if ended.returncode != 0:
        told = ended.stderr.decode(errors="replace").strip().splitlines()
        raise Invalid(
            "the pages cannot be drawn",
            got=told[-1][:200] if told else f"the drawing process ended with {ended.returncode}",
            expected="pages that can be drawn within 2 GiB of memory and 120 s of processor time",
        )
    return ended.stdout
