"""Objects as read-only files of one directory: durable and tamper-evident, never WORM.

A key is the path of its file below the root. New bytes are written to ``.incoming/`` and get their name by
``link(2)``, which fails when the name is taken: a file is visible under its key whole or not at all. Folders are
walked by descriptor without following symbolic links, so no link planted below the root leads out of it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path

from archive.store import (
    Holding,
    ListedVersion,
    ObjectStore,
    StoreCapabilities,
    Weakness,
    checked_content,
    checked_key,
    checked_prefix,
    nothing_stored,
    same_content,
)
from schemas.errors import Refused, StoreUnavailable
from schemas.evidence import DepositReceipt, Digest, digest_of

_INCOMING = ".incoming"
_READ_ONLY = 0o444
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_REMEDIES = {
    errno.ENOSPC: "free some space and repeat; nothing was stored",
    errno.EDQUOT: "raise the quota and repeat; nothing was stored",
    errno.EROFS: "mount the directory writable and repeat",
    errno.EACCES: "let this user write the directory and repeat",
}


class DirectoryStore(ObjectStore):
    """An object store in the directory ``root``, which is made at the first ``put``; ``name`` appears in receipts.

    The root itself may be a symbolic link; nothing below it may.
    """

    def __init__(self, root: Path, *, name: str = "directory") -> None:
        self._root = root
        self._name = name

    @property
    def capabilities(self) -> StoreCapabilities:
        """No lock: whoever owns the files can change them, and every reading finds out."""
        return StoreCapabilities()

    def put(self, key: str, content: bytes, *, retain_until: datetime | None = None) -> DepositReceipt:  # noqa: ARG002  nothing here could hold it
        """Store ``content`` as a new read-only file; see :meth:`ObjectStore.put`."""
        digest = checked_content(checked_key(key), content, store=self._name)
        with self._faults(key), contextlib.ExitStack() as stack:
            self._make_root()
            folders = self._open_folders(key, stack, create=True)
            name = key.rpartition("/")[2]
            held = _read(name, folders[-1])
            if held is None:
                self._create(name, content, digest, folders, stack)
                held = _read(name, folders[-1])
            if held is None:
                raise StoreUnavailable("the file vanished while it was stored", where=f"{key} in {self._name}")
            receipt = same_content(self._receipt(key, held), digest)
            # also for a file that was there: whoever linked it may have died before its name was durable
            _sync_file(name, folders[-1])
            for folder in reversed(folders):
                os.fsync(folder)
            return receipt

    def get(self, key: str, *, version: str | None = None) -> bytes:
        """Return the file's bytes; a directory has no versions."""
        content = None if version is not None else self._content(key)
        if content is None:
            raise nothing_stored(key, store=self._name, version=version)
        checked_content(key, content, store=self._name)
        return content

    def stat(self, key: str) -> DepositReceipt | None:
        """Return the receipt of the file as it is now, or ``None``."""
        content = self._content(key)
        return None if content is None else self._receipt(key, content)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the paths of all files that begin with ``prefix``, in the order of their bytes."""
        parent = checked_prefix(prefix).rpartition("/")[0]
        with self._faults(prefix):
            if (self._root / parent).is_dir():
                yield from self._walk(parent, prefix)

    def versions(self, prefix: str = "") -> Iterator[ListedVersion]:
        """Yield every file; a directory has one version of each, without a name."""
        for key in self.keys(prefix):
            holding = self.inspect(key, None)
            if holding is not None:
                yield ListedVersion(key, None, holding.size_bytes)

    def inspect(self, key: str, version: str | None) -> Holding | None:
        """Return the file's size: nothing holds it."""
        checked_key(key)
        if version is not None:
            return None
        with self._faults(key), contextlib.ExitStack() as stack:
            try:
                folders = self._open_folders(key, stack, create=False)
                found = os.stat(key.rpartition("/")[2], dir_fd=folders[-1], follow_symlinks=False)
            except FileNotFoundError:
                return None
        return Holding(size_bytes=found.st_size)

    def examine(self, key: str, version: str | None) -> DepositReceipt | None:
        """Read and hash the file, without comparing it with its key."""
        content = None if version is not None else self._content(key)
        return None if content is None else self._described(key, content)

    def weaknesses(self) -> frozenset[Weakness]:
        """Return none: a directory has no settings."""
        return frozenset()

    def extend(self, receipt: DepositReceipt, until: datetime) -> Holding:  # noqa: ARG002  nothing here could hold it
        """Return what is known of the file: there is no lock to move on."""
        return self._there(receipt)

    def hold(self, receipt: DepositReceipt, *, on: bool) -> Holding:  # noqa: ARG002  the same
        """Return what is known of the file: only the ledger holds it."""
        return self._there(receipt)

    def dispose(self, receipt: DepositReceipt) -> None:
        """Unlink the file, durably."""
        key = checked_key(receipt.key)
        with self._faults(key), contextlib.ExitStack() as stack, contextlib.suppress(FileNotFoundError):
            folders = self._open_folders(key, stack, create=False)
            os.unlink(key.rpartition("/")[2], dir_fd=folders[-1])
            os.fsync(folders[-1])

    def _there(self, receipt: DepositReceipt) -> Holding:
        holding = self.inspect(receipt.key, receipt.version)
        if holding is None:
            raise nothing_stored(receipt.key, store=self._name, version=receipt.version)
        return holding

    def _walk(self, folder: str, prefix: str) -> Iterator[str]:
        with contextlib.ExitStack() as stack, self._faults(folder):
            opened = self._open_folders(f"{folder}/." if folder else ".", stack, create=False)[-1]
            with os.scandir(opened) as entries:
                # a folder sorts with its slash, as the keys below it do
                names = sorted(
                    entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "")
                    for entry in entries
                    if not entry.name.startswith(".")
                )
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if name.endswith("/"):
                if path.startswith(prefix) or prefix.startswith(path):
                    yield from self._walk(path[:-1], prefix)
            elif path.startswith(prefix):
                yield path

    def _content(self, key: str) -> bytes | None:
        checked_key(key)
        with self._faults(key), contextlib.ExitStack() as stack:
            try:
                folders = self._open_folders(key, stack, create=False)
            except FileNotFoundError:
                return None
            return _read(key.rpartition("/")[2], folders[-1])

    def _receipt(self, key: str, content: bytes) -> DepositReceipt:
        checked_content(key, content, store=self._name)
        return self._described(key, content)

    def _described(self, key: str, content: bytes) -> DepositReceipt:
        return DepositReceipt(store=self._name, key=key, sha256=digest_of(content), size_bytes=len(content))

    def _make_root(self) -> None:
        """Make the root and what is missing above it; every folder's name is durable before the next is made."""
        root = self._root.resolve()
        for path in reversed([path for path in (root, *root.parents) if not path.exists()]):
            _sync_folder(path.parent.parent)
            path.mkdir(exist_ok=True)
        _sync_folder(root.parent)

    def _open_folders(self, key: str, stack: contextlib.ExitStack, *, create: bool) -> list[int]:
        """Return descriptors of the root and each folder on the way to ``key``, outermost first."""
        folders = [stack.enter_context(_opened(self._root, os.O_RDONLY | os.O_DIRECTORY))]
        for segment in key.split("/")[:-1]:
            folders.append(stack.enter_context(_folder(segment, folders[-1], create=create)))
        return folders

    def _create(
        self, name: str, content: bytes, digest: Digest, folders: list[int], stack: contextlib.ExitStack
    ) -> None:
        """Write, sync and read back a temporary file, then give it its name unless the name was taken meanwhile."""
        incoming = stack.enter_context(_folder(_INCOMING, folders[0], create=True))
        _clear_strays(incoming)
        with _temporary(incoming) as (temporary, written):
            _write_all(written, content)
            os.fchmod(written, _READ_ONLY)
            os.fsync(written)
            # the pages are clean now; dropping them makes the reading below come from the disk
            os.posix_fadvise(written, 0, 0, os.POSIX_FADV_DONTNEED)
            if digest_of(_read(temporary, incoming) or b"") != digest:
                raise StoreUnavailable("the disk gave back other bytes than were written", where=name)
            with contextlib.suppress(FileExistsError):
                os.link(temporary, name, src_dir_fd=incoming, dst_dir_fd=folders[-1], follow_symlinks=False)

    @contextlib.contextmanager
    def _faults(self, key: str) -> Generator[None]:
        """Turn what the operating system says into our refusals."""
        where = f"{key} in {self._name}"
        try:
            yield
        except OSError as fault:
            if fault.errno in {errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG}:
                raise Refused(
                    "the key leads over something that is not a folder or file of this store",
                    where=where,
                    got=os.strerror(fault.errno),
                    remedy="look at what lies there; the store itself makes folders and plain files only",
                ) from fault
            raise StoreUnavailable(
                "the directory could not be read or written",
                where=where,
                got=fault.strerror,
                remedy=_REMEDIES.get(fault.errno or 0, "look after the disk and repeat"),
            ) from fault


@contextlib.contextmanager
def _opened(path: str | Path, flags: int, folder: int | None = None) -> Generator[int]:
    descriptor = os.open(path, flags, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _folder(name: str, parent: int, *, create: bool) -> Generator[int]:
    if create:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
    with _opened(name, _FOLDER, parent) as opened:
        yield opened


@contextlib.contextmanager
def _temporary(incoming: int) -> Generator[tuple[str, int]]:
    """Make a file in ``incoming``, locked while its writer lives, and unlink it in the end."""
    while True:
        name = secrets.token_hex(16)
        with _opened(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, incoming) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # another writer may have taken it for a stray before the lock was held
            if os.fstat(descriptor).st_nlink == 0:
                continue
            try:
                yield name, descriptor
            finally:
                os.unlink(name, dir_fd=incoming)
            return


def _clear_strays(incoming: int) -> None:
    """Unlink the temporary files of writers that died: the ones nobody holds a lock on."""
    with os.scandir(incoming) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        with contextlib.suppress(FileNotFoundError, BlockingIOError), _opened(name, os.O_RDONLY, incoming) as stray:
            fcntl.flock(stray, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=incoming)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(path: Path) -> None:
    with _opened(path, os.O_RDONLY | os.O_DIRECTORY) as folder:
        os.fsync(folder)


def _sync_file(name: str, folder: int) -> None:
    with _opened(name, os.O_RDONLY | os.O_NOFOLLOW, folder) as descriptor:
        os.fsync(descriptor)


def _read(name: str, folder: int) -> bytes | None:
    """Return the bytes of a plain file, ``None`` when there is none; raises OSError for anything else."""
    try:
        # non-blocking: opening a planted pipe must not wait for its writer
        with _opened(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, folder) as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
            with os.fdopen(os.dup(descriptor), "rb") as file:
                return file.read()
    except FileNotFoundError:
        return None
