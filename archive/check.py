"""Proves everything again: leaves, tree, signatures, counters, register, published log, and store against ledger.

The order of looking is the reverse of the order of writing, so that nothing written meanwhile is taken for an attack:
witnesses, then the published log, then the store, then the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from archive import awaited, publication, tables
from archive.attack import Attack
from archive.check_log import LogCheck
from archive.check_objects import ObjectCheck
from archive.check_tokens import JudgeToken, check_tokens
from archive.database import reading
from archive.findings import Findings
from archive.log_store import LogStore
from archive.publisher import Cosigner
from archive.recount import Elsewhere, Recount, recount
from archive.register import columns_of, last_numbers
from archive.store import ObjectStore
from schemas.errors import Invalid, Unavailable
from schemas.evidence import Checkpoint, VerificationReport


@dataclass(frozen=True, slots=True)
class Examined:
    """What is checked, and with whose key.

    ``kept`` are checkpoints from outside this installation (an auditor, a dossier), by where they were kept, each
    opened with ``verifier_key``; ``witnesses`` are asked what they saw last; ``judge_token`` validates
    timestamps of checkpoints, where there is an authority; ``read_all`` reads every stored object and validates every
    timestamp, not only the deposits and the newest.
    """

    engine: Engine
    verifier_key: str
    log: LogStore
    store: ObjectStore
    witnesses: Sequence[Cosigner] = ()
    kept: Sequence[tuple[str, Checkpoint]] = ()
    judge_token: JudgeToken | None = None
    read_all: bool = True


def check(examined: Examined) -> VerificationReport:
    """Return what was proved again, and every attack by its name.

    Raises :class:`Unavailable` where database or stores do not answer: that is no verdict.
    """
    findings = Findings()
    log = LogCheck(examined.log, examined.verifier_key, findings)
    objects = ObjectCheck(examined.store, findings, read_all=examined.read_all)
    seen = _asked(examined, findings)
    kept = [Elsewhere(where, checkpoint.tree_size, checkpoint.root) for where, checkpoint in examined.kept]
    elsewhere = [*kept, *log.look()]
    objects.look()
    with reading(examined.engine) as connection:
        found = recount(connection, examined.verifier_key, findings, elsewhere=elsewhere, reader=log)
        if found.whole:
            _check_register(connection, found, findings)
            _check_awaited(connection, found, findings)
            _check_named_digests(connection, found, findings)
            _check_erased(connection, found, findings)
    _say_ledger(found, findings)
    log.compare(found)
    if examined.judge_token is not None:
        check_tokens(examined.log, examined.judge_token, findings, newest=log.size, read_all=examined.read_all)
    known = [(one.where, one.tree_size) for one in kept]
    _check_witnesses([*seen, *known], max(found.size, log.size), findings)
    if found.whole:
        objects.compare(found)
    else:
        findings.open("objects", "not compared: leaves are missing")
    return findings.report(f"ledger of {found.size} leaves")


def _say_ledger(found: Recount, findings: Findings) -> None:
    if findings.attacks:
        return
    findings.holds("leaves", f"{found.size} leaves hash as recorded and lead to root {found.root.hex()}")
    findings.holds("histories", f"{len(found.states)} agreements, counted without gaps, by permitted steps only")
    if found.checkpoints:
        left = found.size - found.signed_size
        findings.holds(
            "checkpoints",
            f"{found.checkpoints} signed heads are heads of this tree"
            + (f"; {left} leaves after the last" * bool(left)),
        )
    else:
        findings.open("checkpoints", "none was signed yet: publish one (convenio ledger publish)")
    findings.holds("register", f"{len(found.register)} lines are what the entries amount to")
    if found.erased:
        findings.holds("erasures", f"{len(found.erased)} persons stand for nobody any more")


def _asked(examined: Examined, findings: Findings) -> list[tuple[str, int]]:
    """Return the size of the tree each witness saw last; one that saw another tree of a signed size proves a fork."""
    with reading(examined.engine) as connection:
        try:
            newest = publication.newest(connection, examined.verifier_key)
        except Invalid:
            return []  # a forged checkpoint in the database, which the walk through it names
    if newest is None:
        return []
    sizes = []
    for witness in examined.witnesses:
        try:
            sizes.append((witness.name, witness.seen(newest)))
        except Invalid as fault:
            findings.attack(Attack.FORK, fault.what, witness.name)
        except Unavailable as fault:
            findings.open("witness", fault.what, witness.name)
    return sizes


def _check_witnesses(seen: Sequence[tuple[str, int]], known_size: int, findings: Findings) -> None:
    for where, size in seen:
        if size > known_size:
            findings.attack(
                Attack.WITNESS_AHEAD, f"it saw {size} leaves; database and log store have {known_size}", where
            )


def _check_register(connection: Connection, found: Recount, findings: Findings) -> None:
    expected = {agreement: columns_of(row) for agreement, row in found.register.items()}
    for row in connection.execute(select(tables.agreements)).mappings():
        line = expected.pop(row["id"], None)
        if line is None:
            findings.attack(Attack.REGISTER_DIFFERS, "no entry speaks of this agreement", row["id"])
        elif differing := [name for name, value in row.items() if value != line[name]]:
            findings.attack(Attack.REGISTER_DIFFERS, f"{', '.join(differing)} not as the entries say", row["id"])
    for agreement in expected:
        findings.attack(Attack.REGISTER_DIFFERS, "its line is missing", agreement)
    numbers = {(row.document_type, row.year): row.last for row in connection.execute(select(tables.agreement_numbers))}
    for line in last_numbers(found.register.values()):
        place = f"{line['document_type']} of {line['year']}"
        if numbers.get((line["document_type"], line["year"])) != line["last"]:
            findings.attack(Attack.REGISTER_DIFFERS, f"the last number is not {line['last']}", place)


def _check_awaited(connection: Connection, found: Recount, findings: Findings) -> None:
    expected = {tuple(row.values()) for its_id in found.register for row in awaited.rows_of(found.states[its_id])}
    kept = {tuple(row) for row in connection.execute(select(tables.awaited))}
    for agreement in sorted({row[2] for row in kept ^ expected}):
        findings.attack(Attack.REGISTER_DIFFERS, "whom it waits for is not as the entries say", agreement)


def _check_named_digests(connection: Connection, found: Recount, findings: Findings) -> None:
    kept = {tuple(row) for row in connection.execute(select(tables.named_digests))}
    for agreement in sorted({its_id for _, its_id in kept ^ found.digests}):
        findings.attack(Attack.REGISTER_DIFFERS, "which files it names is not as the entries say", agreement)


def _check_erased(connection: Connection, found: Recount, findings: Findings) -> None:
    columns = tables.people.c
    for commitment in connection.execute(select(columns.commitment)).scalars():
        if commitment in found.erased:
            findings.attack(
                Attack.ERASED_PERSON_KEPT, f"leaf {found.erased[commitment]} says erased", f"person {commitment[:12]}"
            )
