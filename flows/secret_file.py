"""Secrets that are made on first use and kept in a file of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from flows.files import make_folder, write_new
from schemas.errors import ConflictingContent, Unavailable


def kept_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the content of ``path``, which is made once, whole, durable and readable by its owner only.

    Of several processes that come first at once, all read what one of them wrote. Raises :class:`Unavailable`
    where the file cannot be kept.
    """
    try:
        make_folder(path.parent, mode=0o700)
        if not path.exists():
            with suppress(ConflictingContent):
                write_new(path, make(), private=True)
        return path.read_bytes()
    except OSError as error:
        raise Unavailable("a secret cannot be kept", where=str(path), got=error.strerror) from error
