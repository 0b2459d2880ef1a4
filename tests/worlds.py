"""A ledger with everything around it that a check proves: database, store, published log, and objects that exist."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from archive.attack import Attack
from archive.check import Examined, check
from archive.checkpoint import CheckpointKey
from archive.database import open_database
from archive.directory import DirectoryStore
from archive.inventory import take_inventory
from archive.layout import data_key, deposit_key, working_key
from archive.ledger import Ledger
from archive.log_directory import DirectoryLog
from archive.log_store import LogStore
from archive.publisher import Publisher
from archive.register import Register, RegisterRow
from archive.store import ObjectStore
from archive.transaction import op_id_of
from schemas import events as ev
from schemas.evidence import (
    AgreementId,
    Checkpoint,
    EtsiReport,
    Finding,
    SealReport,
    Verdict,
    VerificationReport,
    digest_of,
)
from schemas.installation import INSTALLATION
from schemas.people import SYSTEM, Actor
from tests.histories import MANAGER, NOW, REVIEWERS

KEY = CheckpointKey("convenio.example/ledger", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
"""The same in every process of a test."""

OFFICES = (ev.Office.LEGAL,)


@dataclass
class World:
    """One ledger in ``folder``; ``store`` and ``log`` may be put in place of the directories."""

    folder: Path
    key: CheckpointKey = KEY
    store: ObjectStore = field(init=False)
    log: LogStore = field(init=False)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.store = DirectoryStore(self.folder / "objects")
        self.log = DirectoryLog(self.folder / "log")

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'convenio.sqlite'}"

    @cached_property
    def engine(self) -> Engine:
        self.folder.mkdir(parents=True, exist_ok=True)
        return open_database(self.url, wait_seconds=10)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.engine)

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.__dict__.pop("engine").dispose()

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def copied_to(self, folder: Path) -> World:
        """The whole world as it is, in another folder."""
        self.close()
        shutil.copytree(self.folder, folder)
        return World(folder, key=self.key, now=self.now)

    def register_rows(self) -> tuple[RegisterRow, ...]:
        return Register(self.engine).rows()

    def log_sizes(self) -> list[int]:
        """Sizes of the published checkpoints."""
        names = (path.rpartition("/")[2] for path in self.log.paths("checkpoints/"))
        return sorted(int(name) for name in names if name.isdecimal())

    def database(self) -> Path:
        return self.folder / "convenio.sqlite"

    def publisher(self, **how: object) -> Publisher:
        return Publisher(self.engine, self.key, self.log, self.clock, sleep=lambda _: None, **how)

    def publish(self) -> Checkpoint:
        return self.publisher().publish().checkpoint

    def keep(self, agreement: str, name: str, extension: str) -> str:
        content = f"{name} of {agreement}".encode()
        self.store.put(working_key(agreement, digest_of(content), extension), content)
        return digest_of(content)

    def request(self, name: str = "data") -> AgreementId:
        """One more agreement, requested: its data stored first, then its leaf."""
        content = f"{name} {self.ledger.size}".encode()
        self.store.put(data_key(digest_of(content)), content)
        event = ev.Requested(
            data=digest_of(content),
            signatories=(),
            offices=OFFICES,
            open_facts=(),
            document_type="mou",
            template_version=1,
            template=digest_of(b"template"),
            title="Memorandum of Understanding",
        )
        with self.ledger.transaction() as tx:
            agreement = tx.new_agreement_id("mou", 2026)
            tx.append(agreement, op_id_of("requested", agreement), self.clock(), MANAGER, event)
        return agreement

    def append(self, agreement: AgreementId, actor: Actor, event: ev.Event) -> None:
        with self.ledger.transaction() as tx:
            tx.append(agreement, op_id_of(agreement, event.type), self.clock(), actor, event)

    def archive(self) -> AgreementId:
        """One more agreement from request to deposit; nobody has to sign it."""
        agreement = self.conclude()
        self.deposit(agreement)
        return agreement

    def draft(self) -> AgreementId:
        """One more agreement that reviewers look at."""
        agreement = self.request()
        names = {"template": "docx", "manifest": "json", "docx": "docx", "pdf": "pdf"}
        files = {name: self.keep(agreement, name, extension) for name, extension in names.items()}
        content = ev.Covered(data=self.ledger.state(agreement).data, **files)
        self.append(agreement, SYSTEM, ev.Drafted(draft=1, content=content))
        return agreement

    def conclude(self, report: bytes | None = None) -> AgreementId:
        """One more agreement whose deposit is due; its seal report names an ETSI report unless it is given."""
        agreement = self.draft()
        content = self.ledger.state(agreement).content
        self.append(agreement, REVIEWERS[0], ev.Approved(draft=1, office=ev.Office.LEGAL, covers=content))
        prepared = self.keep(agreement, "prepared", "pdf")
        self.append(agreement, SYSTEM, ev.Prepared(draft=1, base=content.pdf, pdf=prepared))
        final, etsi = self.keep(agreement, "final", "pdf"), self.keep(agreement, "ETSI report", "xml")
        said = seal_report(final, etsi) if report is None else report
        recorded = digest_of(said)
        self.store.put(working_key(agreement, recorded, "json"), said)
        event = ev.Concluded(base=prepared, pdf=final, report=recorded, level="PAdES-B-LTA")
        self.append(agreement, SYSTEM, event)
        return agreement

    def deposit(self, agreement: AgreementId) -> None:
        pdf = self.ledger.state(agreement).pdf
        receipt = self.store.put(deposit_key(agreement, pdf), self.store.get(working_key(agreement, pdf, "pdf")))
        self.append(agreement, SYSTEM, ev.Deposited(receipt=receipt))

    def take_inventory(self) -> None:
        taken, day = take_inventory(self.store), self.clock()
        listing = digest_of(taken.listing)
        self.store.put(working_key(INSTALLATION, listing, "jsonl"), taken.listing)
        event = ev.InventoryTaken(day=day.date(), objects=taken.objects, root=taken.root, listing=listing)
        with self.ledger.transaction() as tx:
            tx.append_installation(op_id_of("inventory", listing), day, SYSTEM, event)

    def check(self, *, kept: Sequence[Checkpoint] = (), read_all: bool = True) -> VerificationReport:
        named = [("the auditor", checkpoint) for checkpoint in kept]
        return check(Examined(self.engine, self.key.verifier_key, self.log, self.store, kept=named, read_all=read_all))

    def attacks(self, **how: object) -> set[str]:
        """The names of all attacks that a check finds."""
        return {str(attack) for attack in attacks_in(self.check(**how))}

    def planted(self, key: str, content: bytes) -> None:
        """Any bytes under any key, without asking the store."""
        path = self.folder / "objects" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)

    def changed(self, statement: str, *values: object) -> None:
        """Change the database as its administrator can: behind the ledger's back, and without its triggers."""
        self.close()
        with closing(sqlite3.connect(self.database())) as connection, connection:
            triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(statement, values)
            for _, definition in triggers:
                connection.execute(definition)

    def leaf(self, index: int) -> bytes:
        with closing(sqlite3.connect(self.database())) as connection:
            row = connection.execute("SELECT leaf FROM ledger_entries WHERE leaf_index = ?", (index,)).fetchone()
        return row[0]


def seal_report(pdf: str, *etsi_reports: str) -> bytes:
    """A recorded validation of ``pdf`` that found nothing wrong, and names ETSI reports by digest."""
    etsi = tuple(EtsiReport(field=f"seal{number}", sha256=digest) for number, digest in enumerate(etsi_reports))
    report = SealReport(pdf=pdf, verdict=Verdict.VALID, level="B-LTA", signatures=(), findings=(), etsi_reports=etsi)
    return report.model_dump_json().encode()


def attacks_in(report: VerificationReport) -> frozenset[Attack]:
    """The names of all attacks that ``report`` found."""
    return frozenset(Attack(found.part) for found in report.findings if found.verdict is Verdict.INVALID)


def attack_findings(report: VerificationReport, attack: Attack) -> tuple[Finding, ...]:
    """The findings of one attack."""
    return tuple(found for found in report.findings if found.part == attack and found.verdict is Verdict.INVALID)


def lived_in(folder: Path) -> World:
    """A world in which everything a check looks at is there: two archived agreements, inventory, checkpoints."""
    world = World(folder)
    steps: list[Callable[[], object]] = [world.archive, world.publish, world.take_inventory, world.archive]
    for step in [*steps, world.publish, world.request, world.publish]:
        step()
    return world
