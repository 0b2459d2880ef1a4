"""Restoring after a loss: the ledger from the published log, personal data and keys from a backup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archive.personal import restore_personal
from archive.recovery import Recovered, published, recover
from flows.backup import Backup
from flows.ledger_check import check_ledger
from flows.rebuild import rebuild
from flows.wiring import Installation
from schemas.evidence import Checkpoint, Verdict, VerificationReport


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: the ledger, how many personal rows, and what a check found afterwards."""

    ledger: Recovered
    personal_rows: int
    report: VerificationReport


def restore(
    house: Installation, verifier_key: str, *, known: Sequence[Checkpoint] = (), backup: Backup | None = None
) -> Restored:
    """Make the database anew from the published log, then put back what only a backup holds, then check everything.

    Where the check found no fault, what is searched is made anew as well; else ``convenio register rebuild`` does that
    once the fault is mended. ``verifier_key`` is the log's as it was pinned outside; ``known`` are checkpoints kept
    elsewhere. Whoever was erased since the backup stays erased. A restore that broke off after the ledger was written
    is repeated: a ledger that is there stays, where it is the published one. ``house`` is one that is ``restoring``.
    Raises as :func:`archive.recovery.recover`.
    """
    # before there is a database: where nothing was published, none is left behind
    published(house.log_store, verifier_key)
    ledger = recover(house.engine, house.log_store, verifier_key, known=known)
    rows = 0 if backup is None else restore_personal(house.engine, backup.personal)
    report = check_ledger(house, verifier_key=verifier_key)
    if report.verdict is not Verdict.INVALID:
        rebuild(house)
    return Restored(ledger, rows, report)
