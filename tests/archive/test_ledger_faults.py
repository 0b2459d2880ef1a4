import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event as listen

from archive import entries
from archive.checkpoint import CheckpointKey
from archive.database import open_database, reading
from archive.ledger import Ledger
from schemas.errors import Refused, Unavailable
from tests.histories import NOW, begin, digest, requested
from tests.logs import prove, publish

KEY = CheckpointKey.create("convenio.example/ledger")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'convenio.db'}"


@pytest.fixture
def engine(url):
    engine = open_database(url, wait_seconds=5)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine):
    return Ledger(engine)


def test_a_locked_database_is_unavailable_and_nothing_changed(url, ledger):
    begin(ledger)
    impatient = open_database(url, wait_seconds=0.05)
    with ledger.transaction(), pytest.raises(Unavailable, match="did not answer") as unavailable:
        begin(Ledger(impatient))
    assert "locked" in unavailable.value.got
    assert Ledger(impatient).size == 1
    impatient.dispose()


def test_a_full_disk_is_unavailable_and_nothing_is_half_written(ledger, engine):
    def limit(connection, _record):
        connection.execute("PRAGMA max_page_count = 44")

    listen.listen(engine, "connect", limit)
    engine.dispose()

    def fill():
        for n in range(400):
            begin(ledger, seed=n)

    with pytest.raises(Unavailable, match="did not answer") as unavailable:
        fill()
    assert "full" in unavailable.value.got
    assert (written := ledger.size) > 0
    publish(ledger, KEY)
    prove(ledger, KEY.verifier_key)
    listen.remove(engine, "connect", limit)
    engine.dispose()
    assert begin(ledger) == f"MOU-2026-{written + 1:04d}"


def test_a_commit_that_failed_but_persisted_is_found_by_the_retry(ledger, engine, monkeypatch):
    commit_really = engine.dialect.do_commit

    def commit_and_fail(connection):
        commit_really(connection)
        raise sqlite3.OperationalError("disk I/O error")

    act = requested()
    with monkeypatch.context() as patched:
        patched.setattr(engine.dialect, "do_commit", commit_and_fail)
        with pytest.raises(Unavailable), ledger.transaction() as tx:
            tx.append("MOU-2026-0001", digest(1), NOW, act.actor, act.event)
    with ledger.transaction() as tx:
        assert tx.append("MOU-2026-0001", digest(1), NOW, act.actor, act.event).repeated
    assert ledger.size == 1


def test_a_commit_that_failed_left_nothing(ledger, engine, monkeypatch):
    def fail(_connection):
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(engine.dialect, "do_commit", fail)
        with pytest.raises(Unavailable):
            begin(ledger)
    assert ledger.size == 0
    assert begin(ledger) == "MOU-2026-0001"


def test_a_fault_that_the_caller_swallows_is_not_committed_half(ledger, monkeypatch):
    def fail(*_):
        raise Unavailable("the register did not answer")

    def swallowing():
        with ledger.transaction() as tx, contextlib.suppress(Unavailable):
            act = requested()
            tx.append("MOU-2026-0001", digest(1), NOW, act.actor, act.event)

    monkeypatch.setattr("archive.register.write", fail)
    with pytest.raises(Refused, match="broke off"):
        swallowing()
    assert ledger.size == 0


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


WRITER = """
import sys, threading
from datetime import UTC, datetime
from archive.database import open_database
from archive.ledger import Ledger
from archive.transaction import op_id_of
from tests.histories import requested

ledger = Ledger(open_database(sys.argv[1]))

def write(name):
    act = requested()
    for n in range(8):
        for op_id in (op_id_of("everybody's", str(n)), op_id_of(name, str(n))):
            with ledger.transaction() as tx:
                if tx.find(op_id) is None:
                    tx.append(tx.new_agreement_id("mou", 2026), op_id, datetime.now(UTC), act.actor, act.event)

threads = [threading.Thread(target=write, args=(f"{sys.argv[2]}.{n}",)) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_eight_writers_leave_no_gap_and_nothing_twice(url, tmp_path):
    # The database does not exist yet: making it is part of the race.
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, str(n)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    engine = open_database(url)
    ledger = Ledger(engine)
    assert ledger.size == 8 * 8 + 8
    with reading(engine) as connection:
        recorded = list(entries.every(connection))
    assert [one.leaf_index for one in recorded] == list(range(ledger.size))
    assert [one.entry.agreement for one in recorded] == [f"MOU-2026-{n:04d}" for n in range(1, ledger.size + 1)]
    assert len({one.entry.op_id for one in recorded}) == ledger.size
    publish(ledger, KEY)
    prove(ledger, KEY.verifier_key)
    engine.dispose()


KILLED = """
import os, signal, sys
from sqlalchemy import event
from archive import entries
from archive.checkpoint import CheckpointKey
from archive.database import open_database, reading
from archive.ledger import Ledger
from archive.transaction import op_id_of
from tests.histories import NOW, requested
from tests.logs import prove, publish

url, key = sys.argv[1], CheckpointKey.create("convenio.example/ledger")
act = requested()

def append(engine, nth):
    with Ledger(engine).transaction() as tx:
        if tx.find(op_id_of(str(nth))) is None:
            agreement = tx.new_agreement_id("mou", 2026)
            tx.append(agreement, op_id_of(str(nth)), NOW, act.actor, act.event)
            tx.enqueue("draft", agreement, 1, now=NOW)

def killed_at(step):
    # In a process of its own; the step after the last statement is between commit and answer.
    if (child := os.fork()) == 0:
        engine, steps = open_database(url), iter(range(1000))
        def count(*_):
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
        event.listen(engine, "before_cursor_execute", count)
        event.listen(engine, "commit", count)
        append(engine, step)
        count()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

step = 0
while killed_at(step):
    engine = open_database(url)
    ledger, survived = Ledger(engine), None
    survived = ledger.size - step
    assert survived in (0, 1), survived
    append(engine, step)
    assert ledger.size == step + 1
    publish(ledger, key)
    prove(ledger, key.verifier_key)
    print(step, survived)
    engine.dispose()
    step += 1
"""


def test_a_writer_killed_at_any_step_leaves_all_or_nothing_and_the_retry_one_entry(url, ledger, engine):
    engine.dispose()
    done = run(KILLED, url)
    assert (done.returncode, done.stderr) == (0, "")
    survived = [line.split()[1] for line in done.stdout.splitlines()]
    # Begin, lock, find, number, entry, size, register, outbox, commit, and after it.
    assert len(survived) >= 10
    assert survived[-1] == "1"
    assert set(survived[:-1]) == {"0"}
