"""Finds the earlier revisions that lie inside a PDF: each is its beginning, up to an end-of-file mark."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.errors import Invalid
from schemas.evidence import Digest

MARKS_MAX = 10_000
"""A file with more end-of-file marks is refused: no document has so many revisions."""

_MARK = re.compile(rb"%%EOF")
_LINE_ENDS = (b"", b"\r", b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a PDF: what made it, its digest, and how many bytes of the file it is."""

    what: str
    digest: Digest
    size_bytes: int


def revisions_within(pdf: bytes, recorded: Sequence[tuple[str, Digest]]) -> tuple[Revision, ...]:
    """Return the ``recorded`` revisions (what made it, digest; oldest first) as they lie in ``pdf``.

    A revision is the file up to and with an ``%%EOF`` line (ISO 32000-2 7.5.6). Raises :class:`Invalid` where one is
    not a beginning of ``pdf``, does not extend the one before, or the last is not the whole file.
    """
    sizes = {digest: size for size, digest in _prefixes(pdf)}
    found: list[Revision] = []
    for what, digest in recorded:
        if (size := sizes.get(digest)) is None:
            raise Invalid(
                f"the revision {what} does not lie within the file",
                expected=f"a beginning of the file with SHA-256 {digest}",
                remedy="the file was rewritten, or another file was put in its place",
            )
        if found and size <= found[-1].size_bytes:
            raise Invalid(
                f"the revision {what} does not extend the one {found[-1].what}",
                got=f"{size} bytes",
                expected=f"more than {found[-1].size_bytes} bytes",
            )
        found.append(Revision(what, digest, size))
    if not found or found[-1].size_bytes != len(pdf):
        raise Invalid(
            "bytes follow the last recorded revision",
            where=f"byte {found[-1].size_bytes if found else 0}",
            got=f"{len(pdf)} bytes",
            expected=f"{found[-1].size_bytes if found else 0} bytes",
        )
    return tuple(found)


def _prefixes(pdf: bytes) -> Iterator[tuple[int, Digest]]:
    """Yield size and digest of every beginning of ``pdf`` that ends a revision, hashing each byte once."""
    ends = {len(pdf)}
    for number, mark in enumerate(_MARK.finditer(pdf)):
        if number >= MARKS_MAX:
            raise Invalid("too many end-of-file marks", expected=f"at most {MARKS_MAX}", where=f"byte {mark.start()}")
        ends |= {mark.end() + len(end) for end in _LINE_ENDS if pdf.startswith(end, mark.end())}
    running, view, before = hashlib.sha256(), memoryview(pdf), 0
    for end in sorted(ends):
        running.update(view[before:end])
        before = end
        yield end, running.copy().hexdigest()
