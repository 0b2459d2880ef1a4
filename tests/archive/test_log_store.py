"""What every log store promises: a directory, and a bucket without a lock."""

import threading

import pytest

from archive.checkpoint import CheckpointKey
from archive.database import open_database
from archive.log_bucket import BucketLog
from archive.log_directory import DirectoryLog
from archive.log_store import CHECKPOINT
from archive.publisher import Publisher
from schemas.errors import ConflictingContent, Refused, StoreUnavailable
from tests.archive.conftest import make_bucket
from tests.logs import NOW, fill, whole

KEY = CheckpointKey.create("convenio.example/ledger")


@pytest.fixture(params=["directory", pytest.param("moto", marks=pytest.mark.enable_socket)])
def store(request, tmp_path):
    if request.param == "directory":
        return DirectoryLog(tmp_path / "log")
    return BucketLog(make_bucket(request.getfixturevalue("moto_endpoint"), locked=False))


def test_a_new_file_is_written_once(store):
    assert store.get("tile/0/000.p/1") is None
    for _ in range(2):
        store.put_once("tile/0/000.p/1", b"first")
    with pytest.raises(ConflictingContent, match="other bytes under this path"):
        store.put_once("tile/0/000.p/1", b"second")
    assert store.get("tile/0/000.p/1") == b"first"


def test_the_checkpoint_moves_on(store):
    for content in (b"one", b"two", b"two", b"three"):
        store.replace(CHECKPOINT, content)
        assert store.get(CHECKPOINT) == content


def test_paths_are_found_by_their_beginning(store):
    store.replace(CHECKPOINT, b"moves")
    store.replace(CHECKPOINT, b"on")
    for path in ("checkpoints/1", "checkpoints/10", "tile/entries/000.p/1"):
        store.put_once(path, path.encode())
    assert sorted(store.paths("checkpoints/")) == ["checkpoints/1", "checkpoints/10"]
    assert len(list(store.paths())) == 4
    assert list(store.paths("tile/1/")) == []


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../outside", "tile//000", "tile/.hidden", "tile/0/é", "a/../b"])
def test_a_path_that_leads_elsewhere_is_refused(store, path):
    for act in (lambda: store.put_once(path, b""), lambda: store.replace(path, b""), lambda: store.get(path)):
        with pytest.raises(Refused, match="no path of a log"):
            act()


def test_of_racing_writers_one_wins_and_the_others_are_told(tmp_path):
    store, told = DirectoryLog(tmp_path / "log"), []
    barrier = threading.Barrier(8)

    def write(content):
        barrier.wait()
        try:
            store.put_once("checkpoints/7", content)
        except ConflictingContent:
            told.append(content)

    threads = [threading.Thread(target=write, args=(b"%d" % n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 7
    assert store.get("checkpoints/7") not in told
    assert list((tmp_path / "log" / ".incoming").iterdir()) == []


def test_a_directory_that_cannot_be_written_is_unavailable(tmp_path):
    (tmp_path / "log").write_text("a file where the folder should be")
    with pytest.raises(StoreUnavailable, match="could not be read or written"):
        DirectoryLog(tmp_path / "log").put_once("checkpoints/7", b"")


@pytest.mark.enable_socket
def test_a_ledger_is_published_to_a_bucket(moto_endpoint, tmp_path):
    store = BucketLog(make_bucket(moto_endpoint, locked=False))
    engine = open_database(f"sqlite:///{tmp_path / 'convenio.db'}")
    for count in (3, 300):
        fill(engine, count)
        Publisher(engine, KEY, store, lambda: NOW, stamp=lambda _: b"token").publish()
    engine.dispose()
    assert len(whole(store, KEY)) == 303
