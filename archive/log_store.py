"""Where the published log lies, as the publisher sees it: files that are written once, and one that moves on.

::

    checkpoint                   the newest checkpoint: the only path whose bytes change
    checkpoints/<size>           each checkpoint as it was published, with its co-signatures
    checkpoints/<size>.tsr       RFC 3161 token over exactly those bytes
    tile/<L>/<N>[.p/<W>]         hashes of the tree (C2SP tlog-tiles)
    tile/entries/<N>[.p/<W>]     the leaves

A path is one or more segments of ASCII letters, digits, ``.`` and ``-`` joined by ``/``; no segment begins with a dot.
The log is apart from the documents: nothing in it is locked, since the lock would hold the moving checkpoint too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from schemas.errors import ConflictingContent, Refused
from schemas.evidence import digest_of

_PATH = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9.-]{0,99}/){0,9}[A-Za-z0-9][A-Za-z0-9.-]{0,99}")

CHECKPOINT = "checkpoint"
"""Path of the newest checkpoint (C2SP tlog-tiles)."""


class LogStore(Protocol):
    """The port; threads and processes may share what is behind it.

    What a write returned for is durable and was read back. Raises :class:`StoreUnavailable` where the store does not
    answer: the write may then have happened or not, and is repeated.
    """

    @property
    def name(self) -> str:
        """How refusals call the store."""
        ...

    def put_once(self, path: str, content: bytes) -> None:
        """Write a new file; equal bytes that are there already are success, others :class:`ConflictingContent`."""
        ...

    def replace(self, path: str, content: bytes) -> None:
        """Write a file whole in place of what was there; a reader sees the old bytes or the new ones."""
        ...

    def get(self, path: str) -> bytes | None:
        """Return the newest bytes under ``path``, ``None`` where there are none."""
        ...

    def paths(self, prefix: str = "") -> Iterator[str]:
        """Yield the paths that begin with ``prefix``, in no particular order."""
        ...


def kept_path(tree_size: int) -> str:
    """Return the path of the checkpoint of ``tree_size`` leaves as it was published."""
    return f"checkpoints/{tree_size}"


def token_path(tree_size: int) -> str:
    """Return the path of the RFC 3161 token over the checkpoint of ``tree_size`` leaves."""
    return f"checkpoints/{tree_size}.tsr"


def checked_path(path: str) -> str:
    """Return ``path``; raises :class:`Refused` for one that leads anywhere else."""
    if not _PATH.fullmatch(path):
        raise Refused("this is no path of a log", got=repr(path), expected="such as tile/0/x001/067.p/12")
    return path


def same_bytes(path: str, held: bytes, content: bytes, *, store: str) -> None:
    """Raise :class:`ConflictingContent` unless what is held is what was to be written."""
    if held != content:
        raise ConflictingContent(
            "the log holds other bytes under this path",
            where=f"{path} in {store}",
            got=f"SHA-256 {digest_of(held)}",
            expected=f"SHA-256 {digest_of(content)}",
            remedy="stop publishing, and compare the log with the database: convenio ledger check",
        )
