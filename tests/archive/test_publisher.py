import shutil
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from archive import entries, publication, tables
from archive.checkpoint import CheckpointKey, open_checkpoint, sign_checkpoint
from archive.database import open_database, reading, writing
from archive.lease import LEASE, Overtaken
from archive.ledger import Ledger
from archive.log_directory import DirectoryLog
from archive.log_store import CHECKPOINT, kept_path, token_path
from archive.merkle import Tree, leaf_hash
from archive.publisher import Publisher, Step
from schemas.errors import Invalid, TimestampUnavailable, Unavailable
from tests.logs import NOW, fill, log_of, publishing, whole

KEY = CheckpointKey.create("convenio.example/ledger")


class Killed(BaseException):
    """What SIGKILL leaves: no handler runs. (The lease is the only thing a `finally` would give back.)"""


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


class CountingLog(DirectoryLog):
    def __init__(self, root):
        super().__init__(root)
        self.asked = Counter()

    def put_once(self, path, content):
        self.asked["put_once"] += 1
        super().put_once(path, content)

    def replace(self, path, content):
        self.asked["replace"] += 1
        super().replace(path, content)


@pytest.fixture
def engine(database_url):
    engine = open_database(database_url, wait_seconds=5)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine):
    return log_of(engine)


def signed_sizes(engine):
    with reading(engine) as connection:
        return [one.tree_size for one in publication.every(connection, KEY.verifier_key)]


def forget_last_checkpoint(engine):
    """Roll the table of checkpoints back as somebody would who owns the database: past the triggers."""
    last = text("DELETE FROM checkpoints WHERE tree_size = (SELECT max(tree_size) FROM checkpoints)")
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE checkpoints DISABLE TRIGGER USER"))
            connection.execute(last)
            connection.execute(text("ALTER TABLE checkpoints ENABLE TRIGGER USER"))
            return
        triggers = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        for name, _ in triggers:
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(last)
        for _, sql in triggers:
            connection.execute(text(sql))


@pytest.mark.parametrize("sizes", [(0,), (1,), (256,), (1, 2, 255, 256, 257), (300, 700, 1024)], ids=str)
def test_what_is_published_is_the_whole_ledger_and_verifies_from_its_files(engine, store, sizes):
    for size in sizes:
        fill(engine, size - Ledger(engine).size) if size else None
        shown = publishing(engine, KEY).checkpoint
        leaves = whole(store, KEY)
        assert leaves == tuple(b"leaf %d" % n for n in range(size))
        assert shown.root == Tree(map(leaf_hash, leaves)).root().hex()
        assert store.get(kept_path(size)) == store.get(CHECKPOINT) == shown.note.encode()
    assert signed_sizes(engine) == list(sizes)


def test_with_nothing_new_nothing_is_written(engine, tmp_path):
    fill(engine, 3)
    log = CountingLog(tmp_path / "log")
    first = Publisher(engine, KEY, log, lambda: NOW).publish()
    log.asked.clear()
    assert Publisher(engine, KEY, log, lambda: NOW).publish() == first
    assert not log.asked


def test_publishing_costs_what_is_new_not_what_is_there(engine, tmp_path, monkeypatch):
    fill(engine, 5_000)
    log = CountingLog(tmp_path / "log")
    Publisher(engine, KEY, log, lambda: NOW).publish()
    read = []
    really = entries.leaves
    monkeypatch.setattr(
        "archive.entries.leaves",
        lambda connection, first, end: read.append(end - first) or really(connection, first, end),
    )
    log.asked.clear()
    fill(engine, 1)
    Publisher(engine, KEY, log, lambda: NOW).publish()
    assert sum(read) <= 256
    # one bundle, one tile on each of the two levels, the checkpoint
    assert log.asked == {"put_once": 4, "replace": 1}
    whole(log, KEY)


STEPS = [f"{when} {step}" for step in Step for when in ("before", "after")]


@pytest.mark.parametrize("at", STEPS)
def test_a_publisher_killed_at_any_step_is_completed_by_the_next(engine, store, at, monkeypatch):
    fill(engine, 250)
    publishing(engine, KEY)
    fill(engine, 10)
    clock, steps = Clock(), []

    def step(name):
        steps.append(name)
        if name == at:
            raise Killed

    # nothing gives the lease of a killed publisher back
    monkeypatch.setattr("archive.lease.Lease.give_back", lambda _: None)
    with pytest.raises(Killed):
        Publisher(engine, KEY, store, clock, step=step, stamp=lambda note: b"token of " + note[-8:]).publish()
    assert steps[-1] == at
    fill(engine, 7)
    monkeypatch.undo()
    clock.now += LEASE + timedelta(seconds=1)
    done = Publisher(engine, KEY, store, clock, stamp=lambda note: b"token of " + note[-8:]).publish()
    assert done.checkpoint.tree_size == 267
    assert done.token == b"token of " + done.checkpoint.note.encode()[-8:]
    assert len(whole(store, KEY)) == 267
    assert signed_sizes(engine) in ([250, 260, 267], [250, 267])
    for size in signed_sizes(engine):
        kept = open_checkpoint(store.get(kept_path(size)).decode(), KEY.verifier_key)
        assert kept.root == Tree(leaf_hash(b"leaf %d" % n) for n in range(size)).root().hex()


def test_steps_come_in_the_order_that_makes_each_durable_before_the_next(engine, store):
    fill(engine, 1)
    steps = []
    publishing(engine, KEY, step=steps.append, stamp=lambda _: b"token")
    assert steps == STEPS


def test_a_second_publisher_waits_for_the_first_and_takes_over_from_a_dead_one(engine, store):
    fill(engine, 1)
    clock, slept = Clock(), []

    def sleep(seconds):
        slept.append(seconds)
        clock.now += timedelta(seconds=1)

    def inside(name):
        if name == f"before {Step.RECORD}":
            # the first one says nothing for longer than its lease: the second overtakes it
            other = Publisher(engine, KEY, store, clock, sleep=sleep).publish()
            assert other.checkpoint.tree_size == 1

    with pytest.raises(Overtaken, match="another publisher took over"):
        Publisher(engine, KEY, store, clock, step=inside).publish()
    assert len(slept) >= LEASE.total_seconds()
    assert signed_sizes(engine) == [1]
    assert publishing(engine, KEY).checkpoint.tree_size == 1
    whole(store, KEY)


def test_a_publisher_that_never_gets_the_lease_says_so(engine, store):
    fill(engine, 1)
    clock = Clock()

    def hold(_):
        clock.now += timedelta(seconds=1)
        with writing(engine) as connection:
            connection.execute(tables.publisher.update().values(until=clock.now + LEASE))

    with writing(engine) as connection:
        connection.execute(tables.publisher.update().values(holder="7", until=clock.now + LEASE))
    with pytest.raises(Unavailable, match="another publisher is at work"):
        Publisher(engine, KEY, store, clock, sleep=hold).publish()


def test_a_log_store_ahead_of_the_database_stops_the_publisher(engine, store):
    fill(engine, 3)
    publishing(engine, KEY)
    fill(engine, 1)
    publishing(engine, KEY)
    forget_last_checkpoint(engine)
    with pytest.raises(Invalid, match="set back, and written to since") as invalid:
        publishing(engine, KEY)
    assert invalid.value.got.startswith("4 entries in the database")
    assert "4 published entries" in invalid.value.expected
    assert signed_sizes(engine) == [3]


def test_a_log_store_rolled_back_stops_the_publisher(engine, store, tmp_path):
    fill(engine, 3)
    publishing(engine, KEY)
    shutil.copytree(store._root, tmp_path / "older")
    for _ in range(2):
        fill(engine, 1)
        publishing(engine, KEY)
    shutil.rmtree(store._root)
    shutil.copytree(tmp_path / "older", store._root)
    with pytest.raises(Invalid, match="the published log is behind the database") as invalid:
        publishing(engine, KEY)
    assert invalid.value.got.startswith("3 of 5 entries shown")
    assert invalid.value.expected == "checkpoints of 4, 5 entries"


def test_an_empty_log_store_is_filled_from_a_database_that_proves(engine, store):
    fill(engine, 300)
    first = publishing(engine, KEY)
    fill(engine, 1)
    publishing(engine, KEY)
    shutil.rmtree(store._root)
    fill(engine, 1)
    assert publishing(engine, KEY).checkpoint.tree_size == 302
    assert len(whole(store, KEY)) == 302
    assert store.get(kept_path(300)) == first.checkpoint.note.encode()
    assert store.get(kept_path(301)) is not None


def test_a_log_store_that_shows_another_tree_stops_the_publisher(engine, store):
    fill(engine, 3)
    publishing(engine, KEY)
    forged = sign_checkpoint(KEY, tree_size=3, root=bytes(32))
    store.replace(CHECKPOINT, forged.note.encode())
    with pytest.raises(Invalid, match="the log store shows another tree than the database signed"):
        publishing(engine, KEY)


def test_a_log_store_that_keeps_another_tree_stops_the_publisher(engine, store):
    fill(engine, 3)
    publishing(engine, KEY)
    path = store._root / kept_path(3)
    path.unlink()
    store.put_once(kept_path(3), sign_checkpoint(KEY, tree_size=3, root=bytes(32)).note.encode())
    with pytest.raises(Invalid, match="the log store keeps another tree than the database signed"):
        publishing(engine, KEY)


@pytest.mark.parametrize("path", ["tile/0/000.p/10", "tile/entries/000.p/10", "tile/0/000.p/11"])
def test_an_altered_tile_stops_the_publisher_before_it_signs(engine, store, path):
    fill(engine, 10)
    publishing(engine, KEY)
    fill(engine, 1)
    target = store._root / path
    held = bytearray(target.read_bytes()) if target.exists() else bytearray(11 * 32)
    held[-1] ^= 1
    target.unlink(missing_ok=True)
    target.write_bytes(held)
    if path.startswith("tile/entries"):
        # nothing new depends on an older bundle: the ledger's check finds it
        assert publishing(engine, KEY).checkpoint.tree_size == 11
        return
    with pytest.raises(Invalid, match=r"not those of the tree that was signed|holds another tile here"):
        publishing(engine, KEY)
    assert signed_sizes(engine) == [10]


def test_an_overtaken_publishers_late_pointer_is_moved_on_again(engine, store):
    fill(engine, 1)
    old = publishing(engine, KEY).checkpoint
    for _ in range(2):
        fill(engine, 1)
        publishing(engine, KEY)
    store.replace(CHECKPOINT, old.note.encode())
    assert publishing(engine, KEY).checkpoint.tree_size == 3
    assert open_checkpoint(store.get(CHECKPOINT).decode(), KEY.verifier_key).tree_size == 3


def test_a_timestamp_authority_that_is_down_does_not_stop_the_ledger_and_is_asked_again(engine, store):
    def down(_):
        raise TimestampUnavailable("the timestamp authority did not answer")

    fill(engine, 2)
    done = publishing(engine, KEY, stamp=down)
    assert (done.checkpoint.tree_size, done.token) == (2, None)
    assert done.complaints == (
        "the checkpoint of 2 leaves has no timestamp yet: the timestamp authority did not answer",
    )
    again = publishing(engine, KEY, stamp=lambda note: b"token over " + note)
    assert again.token == b"token over " + done.checkpoint.note.encode() == store.get(token_path(2))
    assert again.complaints == ()
    assert publishing(engine, KEY, stamp=down) == again
