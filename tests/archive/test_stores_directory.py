"""What only the directory promises: the order of its writes, and what any interruption leaves behind."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.directory import DirectoryStore
from archive.store import StoreCapabilities
from schemas.errors import DigestMismatch, Refused, StoreUnavailable
from schemas.evidence import digest_of

CONTENT = b"%PDF-1.7 a memorandum of understanding"
KEY = f"agreements/v1/MOU-2026-0001/{digest_of(CONTENT)}.pdf"
STEPS = ("open", "mkdir", "write", "fchmod", "fsync", "posix_fadvise", "link", "unlink", "fstat", "scandir")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "home" / "objects"


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def at_step(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], None]) -> None:
    """Let ``act`` happen in place of the step with this number, counting from 1 over all system calls of ``STEPS``."""
    done = 0

    def counting(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == number:
                act()
            return step(*words, **named)

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, counting(getattr(os, name)))


def test_bytes_are_synced_before_they_get_their_name_and_the_name_before_put_returns(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, str]] = []
    fsync, link, write = os.fsync, os.link, os.write

    def place(descriptor: int) -> str:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        return "temporary" if path.parent.name == ".incoming" else os.path.relpath(path, root.parent.parent)

    def recorded_fsync(descriptor: int) -> None:
        fsync(descriptor)
        steps.append(("fsync", place(descriptor)))

    def recorded_link(source: str, target: str, **folders: Any) -> None:
        link(source, target, **folders)
        steps.append(("link", target))

    def recorded_write(descriptor: int, content: Any) -> int:
        steps.append(("write", place(descriptor)))
        return write(descriptor, content)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "link", recorded_link)
    monkeypatch.setattr(os, "write", recorded_write)
    DirectoryStore(root).put(KEY, CONTENT)
    name = Path(KEY).name
    named = steps.index(("link", name))
    assert steps[:named] == [
        ("fsync", ".."),
        ("fsync", "."),
        ("fsync", "home"),
        ("write", "temporary"),
        ("fsync", "temporary"),
    ]
    assert steps[named + 1 :] == [
        ("fsync", f"home/objects/{KEY}"),
        ("fsync", "home/objects/agreements/v1/MOU-2026-0001"),
        ("fsync", "home/objects/agreements/v1"),
        ("fsync", "home/objects/agreements"),
        ("fsync", "home/objects"),
    ]


@pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC], ids=errno.errorcode.get)
def test_each_failing_step_leaves_nothing_or_the_whole_object_and_a_retry_succeeds(root: Path, fault: int) -> None:
    def fail() -> None:
        raise OSError(fault, os.strerror(fault))

    for number in range(1, 200):
        home = root / str(number)
        with pytest.MonkeyPatch.context() as monkeypatch:
            at_step(monkeypatch, number, fail)
            try:
                DirectoryStore(home).put(KEY, CONTENT)
            except StoreUnavailable:
                pass
            else:
                break
        _nothing_or_everything(home)
    assert number > 20, "the steps were not reached"


# the child touches files only and never returns into the threads' locks
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_writer_killed_at_any_step_leaves_nothing_or_the_whole_object(root: Path) -> None:
    for number in range(1, 200):
        home = root / str(number)
        writer = os.fork()
        if writer == 0:
            with contextlib.suppress(BaseException):
                at_step(pytest.MonkeyPatch(), number, lambda: os.kill(os.getpid(), signal.SIGKILL))
                DirectoryStore(home).put(KEY, CONTENT)
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(writer, 0)
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        _nothing_or_everything(home)
    assert number > 20, "the steps were not reached"


def _nothing_or_everything(home: Path) -> None:
    store = DirectoryStore(home)
    assert (home / KEY).exists() == (store.stat(KEY) is not None)
    assert list(store.keys()) in ([], [KEY])
    other = store.put("notes/next", b"next")
    assert store.put(KEY, CONTENT).sha256 == digest_of(CONTENT)
    assert store.get(KEY) == CONTENT
    assert files(home) == sorted([home / KEY, home / other.key]), "stray temporary files were left"


def test_a_disk_that_gives_back_other_bytes_publishes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, bytes(content).swapcase()))
    with pytest.raises(StoreUnavailable, match="other bytes"):
        DirectoryStore(root).put(KEY, CONTENT)
    assert files(root) == []


def test_a_full_disk_says_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreUnavailable) as refusal:
        DirectoryStore(root).put(KEY, CONTENT)
    assert "free some space" in refusal.value.diagnosis()
    assert files(root) == []


def test_short_writes_are_continued(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:7]))
    DirectoryStore(root).put(KEY, CONTENT)
    assert DirectoryStore(root).get(KEY) == CONTENT


def test_the_temporary_file_of_a_living_writer_is_no_stray(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, link = DirectoryStore(root), os.link

    def meanwhile(*words: Any, **folders: Any) -> None:
        monkeypatch.setattr(os, "link", link)
        store.put("notes/meanwhile", b"meanwhile")
        link(*words, **folders)

    monkeypatch.setattr(os, "link", meanwhile)
    store.put(KEY, CONTENT)
    assert list(store.keys()) == [KEY, "notes/meanwhile"]


def test_files_are_read_only(root: Path) -> None:
    DirectoryStore(root).put(KEY, CONTENT)
    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o444


def test_one_flipped_byte_on_disk_is_a_digest_mismatch(root: Path) -> None:
    store = DirectoryStore(root)
    store.put(KEY, CONTENT)
    (root / KEY).chmod(0o644)
    for place in range(len(CONTENT)):
        altered = bytearray(CONTENT)
        altered[place] ^= 1
        (root / KEY).write_bytes(altered)
        with pytest.raises(DigestMismatch):
            store.get(KEY)


@pytest.mark.parametrize("planted", ["agreements", "agreements/v1", KEY])
def test_symbolic_links_are_not_followed(root: Path, tmp_path: Path, planted: str) -> None:
    outside = tmp_path / "outside"
    DirectoryStore(outside).put(KEY, CONTENT)
    link = root / planted
    link.parent.mkdir(parents=True)
    link.symlink_to(outside / planted)
    store = DirectoryStore(root)
    before = files(outside)
    for act in (lambda: store.get(KEY), lambda: store.stat(KEY), lambda: store.put(KEY, CONTENT)):
        with pytest.raises(Refused, match="not a folder or file"):
            act()
    assert files(outside) == before


def test_a_pipe_in_the_place_of_an_object_is_refused_without_waiting(root: Path) -> None:
    (root / KEY).parent.mkdir(parents=True)
    os.mkfifo(root / KEY)
    with pytest.raises(Refused, match="not a folder or file"):
        DirectoryStore(root).get(KEY)


def test_a_key_below_another_object_is_refused(root: Path) -> None:
    store = DirectoryStore(root)
    store.put("notes/first", CONTENT)
    with pytest.raises(Refused, match="not a folder or file"):
        store.put("notes/first/below", CONTENT)
    with pytest.raises(Refused, match="not a folder or file"):
        store.put("notes", CONTENT)


def test_reading_makes_no_directory(root: Path) -> None:
    store = DirectoryStore(root)
    assert store.stat(KEY) is None
    assert list(store.keys()) == []
    assert not root.exists()


def test_a_directory_never_claims_to_lock(root: Path) -> None:
    assert DirectoryStore(root).capabilities == StoreCapabilities()
    assert DirectoryStore(root).capabilities.promise == "tamper-evident"
