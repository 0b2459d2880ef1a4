"""Files a person names: read with a limit; written whole or not at all, and never over another."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from schemas.errors import ConflictingContent, InputError, Unavailable


def read_whole(path: Path, *, expected: str, max_size_bytes: int = 512 * 1024 * 1024) -> bytes:
    """Return the content of a regular file a person named; raise :class:`InputError` for anything else, or too much."""
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no file", got="a folder" if path.is_dir() else "a device", expected=expected)
        with path.open("rb") as file:
            content = file.read(max_size_bytes + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read", got=error.strerror, expected=expected) from error
    if len(content) > max_size_bytes:
        raise InputError(f"{path} is too large", expected=f"{expected}, at most {size_in_words(max_size_bytes)}")
    return content


def size_in_words(size_bytes: int) -> str:
    """Return a limit as people read it: ``50 MB``."""
    for unit, name in ((1024**2, "MB"), (1024, "KB")):
        if size_bytes >= unit:
            return f"{size_bytes // unit} {name}"
    return f"{size_bytes} bytes"


def write_new(path: Path, content: bytes, *, private: bool = False, same_is_fine: bool = False) -> None:
    """Write ``content`` to ``path``, readable by the owner only where ``private``.

    When it returns, bytes and name survive a power cut. Raises :class:`ConflictingContent` where the file is there
    with other bytes (or at all, unless ``same_is_fine``), :class:`Unavailable` where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    mode = 0o600 if private else 0o644
    try:
        make_folder(path.parent)
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


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` in place of what is at ``path``, whole, readable by the owner only; it survives a power cut.

    Raises :class:`Unavailable` where it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise Unavailable("the file cannot be written", where=str(path), got=error.strerror) from error


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


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those above it, each name durable before anything is kept below it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    _sync_folder(folder.parent)


def make_home(home: Path) -> None:
    """Make the home, readable by its owner only; raise :class:`Unavailable` where that cannot be."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            "the home folder cannot be made",
            where=str(home),
            got=error.strerror,
            remedy="set CONVENIO_HOME to a folder you own",
        ) from error
