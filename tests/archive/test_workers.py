"""Eight worker processes and two publishers on one database, of both kinds."""

import os
import subprocess
import sys
from pathlib import Path

from archive import entries
from archive.checkpoint import CheckpointKey
from archive.database import open_database, reading
from archive.ledger import Ledger
from archive.register import Register
from tests.logs import log_of, prove, publish, whole

ROOT = Path(__file__).parents[2]

CROWD = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from archive.batch import Act, BatchAppender, NewAgreement
from archive.checkpoint import CheckpointKey
from archive.database import open_database
from archive.ledger import Ledger
from archive.publisher import Publisher
from archive.transaction import op_id_of
from schemas.errors import Unavailable
from tests.histories import requested
from tests.logs import log_of, prove

url, key = sys.argv[1], CheckpointKey.load(Path(sys.argv[2]).read_bytes(), "convenio.example/ledger", passphrase=b"p")
WORKERS, ACTS = 8, 12
act, now = requested(), datetime.now(UTC)
# the first act of each round is everybody's: whoever comes first makes it
ids = lambda worker: [op_id_of("everybody's" if n % 4 == 0 else str(worker), str(n)) for n in range(ACTS)]

def work(worker):
    engine = open_database(url)
    ledger, appender, new = Ledger(engine), BatchAppender(engine), NewAgreement("mou", 2026)
    for n in range(0, ACTS, 4):
        many = [Act(new, op_id, now, act.actor, act.event) for op_id in ids(worker)[n : n + 4]]
        if worker % 2:
            appender.append(many)
            continue
        for one in many:
            with ledger.transaction() as tx:
                if tx.find(one.op_id) is None:
                    tx.append(tx.new_agreement_id("mou", 2026), one.op_id, now, act.actor, act.event)

def publish():
    engine = open_database(url)
    publisher = Publisher(engine, key, log_of(engine), lambda: datetime.now(UTC))
    wanted = WORKERS * ACTS * 3 // 4 + ACTS // 4
    while publisher.publish().checkpoint.tree_size < wanted:
        time.sleep(0.02)

def repeated(job, *arguments):
    # what the runner does: on a busy machine a lock may be waited for too long, or a publisher overtaken
    for _ in range(20):
        try:
            return job(*arguments)
        except Unavailable as fault:
            print(fault.diagnosis(), flush=True)
    raise SystemExit("nothing was available for too long")

def child(job, *arguments):
    if (pid := os.fork()) == 0:
        try:
            repeated(job, *arguments)
            os._exit(0)
        finally:
            os._exit(1)
    return pid

children = [child(work, worker) for worker in range(WORKERS)] + [child(publish) for _ in range(2)]
failed = [pid for pid in children if os.waitpid(pid, 0)[1]]
sys.exit(f"{len(failed)} failed" if failed else 0)
"""


def test_eight_workers_and_two_publishers_leave_one_leaf_an_act_and_one_tree(database_url, tmp_path):
    key = CheckpointKey.create("convenio.example/ledger")
    (tmp_path / "key.pem").write_bytes(key.pem(b"p"))
    done = subprocess.run(
        [sys.executable, "-c", CROWD, database_url, str(tmp_path / "key.pem")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    engine = open_database(database_url)
    ledger = Ledger(engine)
    assert ledger.size == 8 * 12 * 3 // 4 + 12 // 4
    with reading(engine) as connection:
        recorded = list(entries.every(connection))
    assert [one.entry.agreement for one in recorded] == [f"MOU-2026-{n:04d}" for n in range(1, ledger.size + 1)]
    assert len({one.entry.op_id for one in recorded}) == ledger.size
    assert publish(ledger, key).tree_size == ledger.size
    prove(ledger, key.verifier_key)
    assert len(whole(log_of(engine), key)) == ledger.size
    rows = Register(engine).rows()
    Register(engine).rebuild()
    assert Register(engine).rows() == rows
    engine.dispose()
