"""The ledger: appends covered by a published checkpoint, beside what the disk and plain SQLite do in the same batches.

Counted is a leaf that a checkpoint in the log store covers; timed is from the start of the first writer until the last
leaf is covered. Every writer is a process that leads its own agreements from request to archive, in batches, every act
checked by the lifecycle and appended exactly once; one act in a hundred is sent twice. One more process publishes.
The floor inserts rows of the same sizes into plain SQLite (WAL, ``synchronous=FULL``), as many a transaction, from as
many processes: no ids, no tree, no lifecycle, no register, nothing published.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.batch import Act, BatchAppender, NewAgreement
from archive.checkpoint import CheckpointKey
from archive.database import open_database
from archive.ledger import Ledger
from archive.log_directory import DirectoryLog
from archive.merkle import leaf_hash, verify_inclusion
from archive.publisher import Publisher
from archive.transaction import Appended, op_id_of
from schemas import events as ev
from schemas.evidence import AgreementId, DepositReceipt
from schemas.people import SYSTEM, Actor, Role

WRITERS = 8
BATCH = 128
AGREEMENTS = 256
"""Each writer's, a multiple of the batch."""

PUBLISH_EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 120
"""After which a writer that says nothing has died."""

ORIGIN, PASSPHRASE = "convenio.example/benchmark", b"benchmark"
LEAF_BYTES = 700
"""Of the floor's rows; about what a leaf has."""


@dataclass(frozen=True)
class Measured:
    """``leaves`` covered in ``seconds``; ``lag`` is the longest from a batch's commit to the checkpoint over it.

    ``processor`` is the processor time of all processes for one leaf, in seconds: unlike the rate it does not depend on
    what else the machine does. ``floor`` is rows a second of plain SQLite, ``syncs`` fdatasync calls a second,
    ``proof`` seconds a verification.
    """

    leaves: int
    seconds: float
    lag: float
    checkpoints: int
    processor: float
    leaf_bytes: float
    floor: float
    syncs: float
    proof: float

    @property
    def rate(self) -> float:
        """Leaves a second, each covered by a published checkpoint."""
        return self.leaves / self.seconds


def measure() -> Measured:
    """Return what the ledger and, right after it, the floor do here."""
    with tempfile.TemporaryDirectory(prefix="convenio-bench-") as folder:
        leaves, seconds, lag, checkpoints, processor = _ledger(Path(folder))
        proof, size = _proofs(Path(folder))
        floor = _floor(Path(folder), leaves)
        syncs = _syncs(Path(folder))
    return Measured(leaves, seconds, lag, checkpoints, processor, size, floor, syncs, proof)


def _ledger(folder: Path) -> tuple[int, float, float, int, float]:
    address = f"sqlite:///{folder / 'ledger.sqlite'}"
    open_database(address).dispose()
    (folder / "key.pem").write_bytes(CheckpointKey.create(ORIGIN).pem(PASSPHRASE))
    context = multiprocessing.get_context("spawn")
    start, done = context.Barrier(WRITERS + 2), context.Event()
    committed, shown, spent = context.Queue(), context.Queue(), context.Queue()
    writers = [
        context.Process(daemon=True, target=_write, args=(address, n, start, committed, spent)) for n in range(WRITERS)
    ]
    publisher = context.Process(daemon=True, target=_publish, args=(address, folder, start, done, shown, spent))
    for process in (*writers, publisher):
        process.start()
    start.wait(PATIENCE_SECONDS)
    began = time.monotonic()
    batches = [committed.get(timeout=PATIENCE_SECONDS) for _ in range(WRITERS * -(-AGREEMENTS // BATCH) * len(WAY))]
    done.set()
    checkpoints = shown.get(timeout=PATIENCE_SECONDS)
    processor = sum(spent.get(timeout=PATIENCE_SECONDS) for _ in (*writers, publisher))
    for process in (*writers, publisher):
        process.join()
    # a batch is covered by the first checkpoint that is as large as the ledger was after it
    lags = [next(at for size, at in checkpoints if size >= after) - at_commit for after, at_commit in batches]
    leaves, ended = checkpoints[-1]
    return leaves, ended - began, max(lags), len(checkpoints), processor / leaves


def _write(address: str, writer: int, start, committed, spent) -> None:
    appender = BatchAppender(open_database(address))
    now = datetime.now(UTC)
    ways = [list(_way(f"{writer}.{n}")) for n in range(AGREEMENTS)]
    start.wait()
    began = time.process_time()
    for first in range(0, AGREEMENTS, BATCH):
        mine = range(first, min(first + BATCH, AGREEMENTS))
        ids: dict[int, AgreementId | NewAgreement] = {n: NewAgreement("mou", now.year) for n in mine}
        for step in range(len(WAY)):
            acts = [Act(ids[n], op_id_of(f"{writer}.{n}", str(step)), now, *ways[n][step]) for n in mine]
            acts += acts[: len(acts) // 100 + 1]
            results = appender.append(acts)
            ended = time.monotonic()
            appended = [one for one in results if isinstance(one, Appended)]
            if len(appended) != len(acts) or sum(one.repeated for one in appended) != len(acts) - len(mine):
                raise SystemExit(f"an act was refused or counted twice: {results}")
            ids = dict(zip(mine, (one.entry.agreement for one in appended), strict=False))
            committed.put((max(one.leaf_index for one in appended) + 1, ended))
    spent.put(time.process_time() - began)


def _publish(address: str, folder: Path, start, done, shown, spent) -> None:
    engine = open_database(address)
    key = CheckpointKey.load((folder / "key.pem").read_bytes(), ORIGIN, passphrase=PASSPHRASE)
    publisher = Publisher(engine, key, DirectoryLog(folder / "log"), lambda: datetime.now(UTC))
    found: list[tuple[int, float]] = []
    start.wait()
    began, last = time.process_time(), False
    while not last:
        last = done.wait(PUBLISH_EVERY_SECONDS)
        size = publisher.publish().checkpoint.tree_size
        found.append((size, time.monotonic()))
    shown.put(found)
    spent.put(time.process_time() - began)


WAY = ("requested", "drafted", "approved", "approved", "prepared", "invited", "signed", "invited", "signed",
       "concluded", "deposited")  # fmt: skip


def _way(name: str) -> Iterator[tuple[Actor, ev.Event]]:
    """Yield who does what with one agreement of two signatories, from request to archive."""

    def digest(what: str) -> str:
        return hashlib.sha256(f"{name} {what}".encode()).hexdigest()

    yield Actor(role=Role.MANAGER, person=digest("manager")), ev.Requested(
        data=digest("data"), signatories=("first", "second"), open_facts=(),
        offices=(ev.Office.LEGAL, ev.Office.FINANCE),
        document_type="mou", template_version=1, template=digest("template"),
        title="Memorandum of Understanding on green and smart solutions",
    )  # fmt: skip
    covered = ev.Covered(
        data=digest("data"), template=digest("template"), manifest=digest("manifest"), docx=digest("docx"),
        pdf=digest("draft"),
    )  # fmt: skip
    yield SYSTEM, ev.Drafted(draft=1, content=covered)
    for office in (ev.Office.LEGAL, ev.Office.FINANCE):
        yield Actor(role=Role.REVIEWER, person=digest(office)), ev.Approved(draft=1, office=office, covers=covered)
    yield SYSTEM, ev.Prepared(draft=1, base=digest("draft"), pdf=digest("prepared"))
    base = digest("prepared")
    for signatory in ("first", "second"):
        yield SYSTEM, ev.Invited(signatory=signatory, pdf=base)
        signed = ev.Signed(signatory=signatory, base=base, pdf=digest(signatory), certificate=digest(signatory))
        yield Actor(role=Role.SIGNATORY, person=digest(f"person {signatory}")), signed
        base = digest(signatory)
    yield SYSTEM, ev.Concluded(base=base, pdf=digest("final"), report=digest("report"), level="PAdES-B-LTA")
    receipt = DepositReceipt(store="directory", key=f"k/{digest('final')}.pdf", sha256=digest("final"), size_bytes=1)
    yield SYSTEM, ev.Deposited(receipt=receipt)


def _proofs(folder: Path) -> tuple[float, float]:
    """Return the median seconds of verifying an inclusion proof at the ledger's full size, and the mean leaf."""
    engine = open_database(f"sqlite:///{folder / 'ledger.sqlite'}")
    tree = Ledger(engine).tree()
    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        leaves = [leaf for (leaf,) in connection.execute("SELECT leaf FROM ledger_entries ORDER BY leaf_index")]
    engine.dispose()
    root, times = tree.root(), []
    for index in range(0, tree.size, max(1, tree.size // 500)):
        proof = tree.inclusion(index, tree.size)
        began = time.perf_counter()
        verify_inclusion(proof, leaf_hash=leaf_hash(leaves[index]), root=root)
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2], sum(map(len, leaves)) / len(leaves)


def _floor(folder: Path, rows: int) -> float:
    path = folder / "floor.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE leaves (id INTEGER PRIMARY KEY, leaf BLOB NOT NULL, hash BLOB NOT NULL)")
    connection.close()
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(WRITERS + 1)
    each = rows // WRITERS
    processes = [context.Process(daemon=True, target=_insert, args=(str(path), each, start)) for _ in range(WRITERS)]
    for process in processes:
        process.start()
    start.wait(PATIENCE_SECONDS)
    began = time.monotonic()
    for process in processes:
        process.join()
    return each * WRITERS / (time.monotonic() - began)


def _insert(path: str, rows: int, start) -> None:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    leaf, hashed = bytes(LEAF_BYTES), bytes(32)
    start.wait()
    for first in range(0, rows, BATCH):
        connection.execute("BEGIN IMMEDIATE")
        many = ((leaf, hashed) for _ in range(min(BATCH, rows - first)))
        connection.executemany("INSERT INTO leaves (leaf, hash) VALUES (?, ?)", many)
        connection.execute("COMMIT")
    connection.close()


def _syncs(folder: Path, count: int = 500) -> float:
    descriptor = os.open(folder / "synced", os.O_RDWR | os.O_CREAT)
    began = time.monotonic()
    for _ in range(count):
        os.write(descriptor, bytes(4096))
        os.fdatasync(descriptor)
    os.close(descriptor)
    return count / (time.monotonic() - began)


def main() -> None:
    """Measure and print."""
    found = measure()
    print(f"{found.leaves} leaves of {found.leaf_bytes:.0f} bytes, {WRITERS} processes, batches of {BATCH}")
    print(f"  appended and covered by a published checkpoint {found.rate:8.0f} /s   (goal 1,500)")
    print(f"  processor time, writers and publisher          {found.processor * 1000:8.2f} ms a leaf")
    print(f"  longest lag from commit to checkpoint          {found.lag:8.2f} s    (goal 2), "
          f"{found.checkpoints} checkpoints")  # fmt: skip
    print(f"  verifying an inclusion proof                   {found.proof * 1000:8.3f} ms   (goal 5)")
    print(f"  floor: plain SQLite, the same batches          {found.floor:8.0f} /s")
    print(f"  floor: fdatasync                               {found.syncs:8.0f} /s")


if __name__ == "__main__":
    main()
