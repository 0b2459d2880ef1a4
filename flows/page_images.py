"""What the pages of a document look like and say: drawn once, kept in the home, and destroyed with the document.

::

    cache/pages/<SHA-256 of the PDF>/text.json      number, sizes and text of all pages
    cache/pages/<SHA-256 of the PDF>/<n>.png        page n, from 1

The cache may be lost at any time. Every file appears whole, by its name.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore, Lock

from archive.layout import working_key
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import Invalid, Refused, Unavailable
from schemas.evidence import AgreementId, Digest

DOTS_PER_INCH = 110
AT_ONCE = 6
"""So many pages are drawn by one process: fewer would start too many, more would let the first one wait."""
DEADLINE_SECONDS = 90
MOST_PROCESSES = 4
"""So many draw at once at most, as a container may have less of each core than it sees."""
_TEXTS = "text.json"
WORKER = Path(__file__).with_name("page_images_worker.py")

_drawing = tuple(Lock() for _ in range(64))
"""One PDF is drawn by one process at a time, so that no page is drawn twice; two PDFs seldom share a lock."""


@dataclass(frozen=True, slots=True)
class PageText:
    """One page, counted from 1: what it says, and its size in points."""

    number: int
    text: str
    width: float
    height: float


PdfEvent = ev.Drafted | ev.Prepared | ev.Signed | ev.Concluded | ev.Renewed
"""What makes a PDF of an agreement."""


def pdfs_of(house: Installation, agreement: AgreementId) -> dict[Digest, PdfEvent]:
    """Return every PDF of an agreement with what made it, the oldest first."""
    events = (recorded.entry.event for recorded in house.ledger.entries(agreement))
    return {
        event.content.pdf if isinstance(event, ev.Drafted) else event.pdf: event
        for event in events
        if isinstance(event, PdfEvent)
    }


def pdf_of(house: Installation, agreement: AgreementId, which: str) -> Digest:
    """Return the digest of one of an agreement's PDFs: of the draft with the number ``which``, or that digest itself.

    Raises :class:`Refused` where the agreement has no such PDF.
    """
    for digest, event in pdfs_of(house, agreement).items():
        if which == digest or (isinstance(event, ev.Drafted) and which == str(event.draft)):
            return digest
    raise Refused("the agreement has no such pages", where=agreement, got=which, expected="a draft or a PDF of it")


def page_texts(house: Installation, agreement: AgreementId, pdf: Digest) -> tuple[PageText, ...]:
    """Return every page of one of an agreement's PDFs with its text; raises as :func:`page_image`."""
    kept = _folder(house, pdf) / _TEXTS
    if not kept.exists():
        with _turn(_lock_of(pdf)):
            if not kept.exists():
                answer, _ = _asked(_bytes_of(house, agreement, pdf), first=0, count=0)
                pages = [
                    {"text": text, "width": width, "height": height}
                    for text, (width, height) in zip(answer["texts"], answer["boxes"], strict=True)
                ]
                _keep(kept, json.dumps(pages).encode())
    return tuple(PageText(number=number, **one) for number, one in enumerate(json.loads(kept.read_bytes()), start=1))


def page_image(house: Installation, agreement: AgreementId, pdf: Digest, number: int) -> bytes:
    """Return page ``number`` (from 1) of one of an agreement's PDFs as PNG of 110 dots an inch.

    Raises :class:`Refused` where there is no such page, :class:`Invalid` where the PDF cannot be drawn within limits of
    memory and time, :class:`Unavailable` where the machine is too busy.
    """
    if number < 1:
        raise Refused("pages are counted from 1", where=agreement, got=number)
    kept = _folder(house, pdf) / f"{number}.png"
    with suppress(FileNotFoundError):
        return kept.read_bytes()
    with suppress(FileNotFoundError):
        _require_page(agreement, number, len(json.loads(kept.with_name(_TEXTS).read_bytes())))
    with _turn(_lock_of(pdf)):
        if not kept.exists():
            first = (number - 1) // AT_ONCE * AT_ONCE
            answer, images = _asked(_bytes_of(house, agreement, pdf), first=first, count=AT_ONCE)
            _require_page(agreement, number, answer["pages"])
            for index, image in enumerate(images):
                _keep(kept.with_name(f"{first + index + 1}.png"), image)
    return kept.read_bytes()


def draw(pdf: bytes, *, first: int) -> tuple[int, list[bytes]]:
    """Return how many pages a PDF has, and images of the next few after the first ``first``; raises as above."""
    answer, images = _asked(pdf, first=first, count=AT_ONCE)
    return int(answer["pages"]), images


def forget_pages(house: Installation, agreement: AgreementId) -> None:
    """Destroy what is kept of the pages of an agreement."""
    for pdf in pdfs_of(house, agreement):
        shutil.rmtree(_folder(house, pdf), ignore_errors=True)


def _require_page(agreement: AgreementId, number: int, pages: int) -> None:
    if number > pages:
        raise Refused("the document has no such page", where=agreement, got=number, expected=f"1 to {pages}")


@cache
def _turns() -> BoundedSemaphore:
    """Return the turns to draw: more processes at once than there are cores only slow each other down."""
    return BoundedSemaphore(min(MOST_PROCESSES, len(os.sched_getaffinity(0))))


def _lock_of(pdf: Digest) -> Lock:
    return _drawing[int(pdf[:8], 16) % len(_drawing)]


@contextmanager
def _turn(waiting: Lock | BoundedSemaphore) -> Iterator[None]:
    """Wait for a turn; raise :class:`Unavailable` where none came in time."""
    if not waiting.acquire(timeout=DEADLINE_SECONDS):
        raise Unavailable("too many pages are being drawn at the moment", remedy="try again in a minute")
    try:
        yield
    finally:
        waiting.release()


def _folder(house: Installation, pdf: Digest) -> Path:
    return house.home / "cache" / "pages" / pdf


def _bytes_of(house: Installation, agreement: AgreementId, pdf: Digest) -> bytes:
    return house.store.get(working_key(agreement, pdf, "pdf"))


def _keep(path: Path, content: bytes) -> None:
    """Put a file in its place, whole; it need not survive a power cut."""
    draft = path.with_name(f".{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        raise Unavailable("the page cannot be kept", where=str(path.parent), got=error.strerror) from error


def _asked(pdf: bytes, *, first: int, count: int) -> tuple[dict, list[bytes]]:
    question = json.dumps({"first": first, "count": count, "dpi": DOTS_PER_INCH}).encode()
    try:
        with _turn(_turns()):
            ended = subprocess.run(  # noqa: S603 (the program is ours, the file goes to its input)
                [sys.executable, "-I", str(WORKER)],
                input=question + b"\n" + pdf,
                capture_output=True,
                check=False,
                timeout=DEADLINE_SECONDS,
                env={},
            )
    except (subprocess.TimeoutExpired, OSError) as fault:
        raise Unavailable(
            "the pages were not drawn in time",
            got=type(fault).__name__,
            remedy="try again when the machine is less busy",
        ) from fault
    if ended.returncode != 0:
        told = ended.stderr.decode(errors="replace").strip().splitlines()
        raise Invalid(
            "the pages cannot be drawn",
            got=told[-1][:200] if told else f"the drawing process ended with {ended.returncode}",
            expected="pages that can be drawn within limits of memory and time",
        )
    line, _, rest = ended.stdout.partition(b"\n")
    answer, images = json.loads(line), []
    for size in answer["sizes"]:
        images.append(rest[:size])
        rest = rest[size:]
    return answer, images
