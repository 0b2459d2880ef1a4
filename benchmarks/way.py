"""The way from data to an archived PDF, ours: every stage, real conversion, signatures, ledger and store."""

from __future__ import annotations

import atexit
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from flows import commands
from flows.collect import collect
from flows.commands import add_person
from flows.conclude import conclude
from flows.draft import draft
from flows.prepare import prepare
from flows.publish import publish
from flows.settings import Settings
from flows.wiring import Installation
from schemas.documents import Document, data_bytes, read_data
from schemas.evidence import AgreementId
from schemas.state import Stage

MANAGER, REVIEWER, PASSPHRASE = "manager@example.org", "reviewer@example.org", b"benchmark"


def archive_all(documents: list[Document], *, workers: int) -> tuple[float, list[int]]:
    """Return the seconds it took to archive all documents, and the PDFs' sizes.

    Each worker is a process with its own warm LibreOffice, whose start is included; ledger and store are shared.
    """
    with tempfile.TemporaryDirectory(prefix="convenio-bench-") as folder:
        house = Installation(Settings(home=Path(folder)))
        keys = _people(house, documents[0])
        house.close()
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, initializer=_open, initargs=(folder, keys)) as pool:
            # imports are not what is measured: the naive script's are done as well
            list(pool.map(_ready, range(workers)))
            began = time.perf_counter()
            sizes = list(pool.map(_archive, [data_bytes(document) for document in documents]))
            return time.perf_counter() - began, sizes


def _people(house: Installation, document: Document) -> dict[str, bytes]:
    """Add who acts to ``house``, and return the certificates of the signatories by mail address."""
    add_person(house, MANAGER, name="Manager", roles=("manager",))
    add_person(house, REVIEWER, name="Reviewer", roles=("reviewer",))
    return {
        signatory.email: house.pki.issue_signatory(
            str(signatory.name), signatory.email, "Benchmark", PASSPHRASE, datetime.now(UTC)
        )
        for signatory in document.signatories
    }


def archive_one(house: Installation, document: Document) -> str:
    """Lead one document to the archive of a fresh ``house``; return the agreement's id."""
    global _worker  # noqa: PLW0603  # the place where the steps find the installation
    _worker = (house, _people(house, document))
    _archive(data_bytes(document))
    return house.register.rows()[0].id


_worker: tuple[Installation, dict[str, bytes]]


def _open(folder: str, keys: dict[str, bytes]) -> None:
    global _worker  # noqa: PLW0603  # a pool's initializer has no other place
    house = Installation(Settings(home=Path(folder)))
    _worker = (house, keys)
    atexit.register(house.close)


def _ready(_number: int) -> bool:
    time.sleep(0.5)  # so that each worker takes one
    return _worker[0].ledger.size == 0


def _archive(data: bytes) -> int:
    (house, keys), document = _worker, read_data(data)
    agreement = AgreementId(commands.request(house, document, by=MANAGER).state.agreement)
    draft(house, agreement, 1)
    commands.approve(house, agreement, draft=1, by=REVIEWER)
    prepare(house, agreement, 1)
    collect(house, agreement, 0)
    for number, signatory in enumerate(document.signatories, start=1):
        commands.sign(house, agreement, by=signatory.email, p12=keys[signatory.email], passphrase=PASSPHRASE)
        collect(house, agreement, number)
    conclude(house, agreement, len(document.signatories))
    publish(house, agreement, len(document.signatories))
    state = house.ledger.state(agreement)
    if state.stage is not Stage.ARCHIVED or state.receipt is None:
        raise RuntimeError(f"{agreement} is {state.stage}")
    return state.receipt.size_bytes
