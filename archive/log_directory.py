"""The published log as files of one directory, which any web server can serve as it is."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Generator, Iterator
from pathlib import Path

from archive.log_store import LogStore, checked_path, same_bytes
from schemas.errors import StoreUnavailable

_INCOMING = ".incoming"


class DirectoryLog(LogStore):
    """A log store in the directory ``root``, which is made at the first write.

    Files are written under a name of their own, synced, read back, and then named: by ``link(2)``, which fails where
    the name is taken, or by ``rename(2)``. The folders on the way are synced before a write returns.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def name(self) -> str:
        """The directory."""
        return str(self._root)

    def put_once(self, path: str, content: bytes) -> None:
        """Write a new read-only file; see :meth:`LogStore.put_once`."""
        target = self._root / checked_path(path)
        with self._faults(path):
            if not target.exists():
                with self._written(content, mode=0o444) as draft, contextlib.suppress(FileExistsError):
                    self._make_folders(target.parent)
                    os.link(draft, target)
            held = target.read_bytes()
            # also for a file that was there: whoever linked it may have died before its name was durable
            self._sync_folders(target.parent)
        same_bytes(path, held, content, store=self.name)

    def replace(self, path: str, content: bytes) -> None:
        """Write a file in place of another; see :meth:`LogStore.replace`."""
        target = self._root / checked_path(path)
        with self._faults(path), self._written(content, mode=0o644) as draft:
            self._make_folders(target.parent)
            draft.replace(target)
            self._sync_folders(target.parent)

    def get(self, path: str) -> bytes | None:
        """Return the file's bytes, ``None`` where there is no such file."""
        target = self._root / checked_path(path)
        with self._faults(path):
            try:
                return target.read_bytes()
            except FileNotFoundError:
                return None

    def paths(self, prefix: str = "") -> Iterator[str]:
        """Yield the paths of all files that begin with ``prefix``."""
        for folder, folders, files in os.walk(self._root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                path = (Path(folder) / name).relative_to(self._root).as_posix()
                if path.startswith(prefix):
                    yield path

    @contextlib.contextmanager
    def _written(self, content: bytes, *, mode: int) -> Generator[Path]:
        """Write and sync a file that has no name of the log yet, and read it back; it is gone in the end."""
        incoming = self._root / _INCOMING
        self._make_folders(incoming)
        draft = incoming / secrets.token_hex(16)
        try:
            with draft.open("xb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            if draft.read_bytes() != content:
                raise StoreUnavailable("the disk gave back other bytes than were written", where=self.name)
            yield draft
        finally:
            draft.unlink(missing_ok=True)

    def _make_folders(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    def _sync_folders(self, folder: Path) -> None:
        """Make the names of a file and of every folder on the way to it durable."""
        while True:
            _sync(folder)
            if folder == self._root:
                break
            folder = folder.parent
        _sync(folder.parent)

    @contextlib.contextmanager
    def _faults(self, path: str) -> Generator[None]:
        try:
            yield
        except OSError as fault:
            raise StoreUnavailable(
                "the log's directory could not be read or written",
                where=f"{path} in {self.name}",
                got=fault.strerror,
                remedy="see that its disk has room and that this user may write it, then repeat",
            ) from fault


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
