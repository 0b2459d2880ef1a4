"""Files a person asked for: written whole or not at all, and never over another."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from schemas.errors import ConflictingContent, Unavailable


def write_new(path: Path, content: bytes, *, private: bool = False, same_is_fine: bool = False) -> None:
    """Write ``content`` to ``path``, readable by the owner only where ``private``.

    When it returns, bytes and name survive a power cut. Raises :class:`ConflictingContent` where the file is there
    with other bytes (or at all, unless ``same_is_fine``), :class:`Unavailable` where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    mode = 0o600 if private else 0o644
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not (_given_name(draft, path) or (same_is_fine and path.is_file() and path.read_bytes() == content)):
            raise ConflictingContent(
                "there is a file of this name already, and it stays", where=str(path), remedy="choose another name"
            )
        _sync_folder(path.parent)
    except OSError as error:
        raise Unavailable("the file cannot be written", where=str(path), got=error.strerror) from error
    finally:
        with suppress(OSError):
            draft.unlink()


def _given_name(draft: Path, path: Path) -> bool:
    """Whether ``path`` now names the bytes of ``draft``; a name that is taken stays as it is."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
