from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from flows.files import write_new
from schemas.errors import ConflictingContent, Unavailable


def test_a_file_is_written_whole_into_a_folder_that_is_made(tmp_path):
    path = tmp_path / "new" / "dossier.zip"
    write_new(path, b"content")
    assert path.read_bytes() == b"content"
    assert [entry.name for entry in path.parent.iterdir()] == ["dossier.zip"]


def test_a_private_file_is_readable_by_its_owner_only(tmp_path):
    write_new(tmp_path / "key.p12", b"secret", private=True)
    assert (tmp_path / "key.p12").stat().st_mode & 0o777 == 0o600


def test_a_name_that_is_taken_keeps_its_file(tmp_path):
    path = tmp_path / "dossier.zip"
    write_new(path, b"first")
    with pytest.raises(ConflictingContent, match="it stays"):
        write_new(path, b"second")
    with pytest.raises(ConflictingContent):
        write_new(path, b"first")
    with pytest.raises(ConflictingContent):
        write_new(path, b"second", same_is_fine=True)
    write_new(path, b"first", same_is_fine=True)
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["dossier.zip"]


def test_a_folder_of_that_name_stays(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(ConflictingContent):
        write_new(tmp_path / "out", b"content", same_is_fine=True)


def test_a_file_in_place_of_the_folder_is_no_conflict_but_unavailable(tmp_path):
    (tmp_path / "folder").write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot be written"):
        write_new(tmp_path / "folder" / "x.zip", b"content")


@pytest.mark.parametrize("act", ["fsync", "link"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, act):
    def full(*arguments: object, **keywords: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"flows.files.os.{act}", full)
    with pytest.raises(Unavailable, match="No space left"):
        write_new(tmp_path / "dossier.zip", b"content")
    assert list(tmp_path.iterdir()) == []


def test_of_eight_writers_one_wins_and_the_others_are_refused(tmp_path):
    def write(number: int) -> bool:
        try:
            write_new(tmp_path / "one", bytes([number]) * 1000)
        except ConflictingContent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    assert won.count(True) == 1
    assert (tmp_path / "one").read_bytes() == bytes([won.index(True)]) * 1000
    assert len(list(tmp_path.iterdir())) == 1
