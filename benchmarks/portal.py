"""The portal's pages with 50,000 agreements in the register: server time and size, on SQLite and on PostgreSQL.

The agreements are registered as real entries of the ledger, each checked by the lifecycle, and stand in all stages;
the catalogue has 200 words of each, and every draft in review was assessed. Timed is the whole answer of the
application, called in this process; a page is asked for by whoever works with it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import insert, text
from starlette.testclient import TestClient

from archive import catalogue
from archive.accounts import Account
from archive.batch import Act, BatchAppender, NewAgreement
from archive.database import writing
from archive.layout import data_key
from archive.tables import draft_risks
from archive.transaction import Appended, op_id_of
from archive.wanted import Wanted
from flows import accounts
from flows.commands import add_person
from flows.settings import Settings
from flows.wiring import Installation
from portal.app import create_app
from portal.visit import SESSION_COOKIE
from schemas import events as ev
from schemas.documents import Document, data_bytes
from schemas.evidence import AgreementId, DepositReceipt, Digest, SignatoryId, digest_of
from schemas.people import SYSTEM, Actor, Office, Person, Role
from schemas.state import Stage

AGREEMENTS = 50_000
BATCH = 500
ROUNDS = 40
WORDS = 200
MEDIAN_BOUND, SLOWEST_BOUND, LARGEST_PAGE_BYTES = 0.050, 0.150, 150_000

STAGES = {"requested": 1, "in review": 10, "returned": 4, "approved": 1, "signing": 12, "archived": 72}
"""How many of a hundred agreements stand where."""

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Timed:
    """One page: whose, its address, seconds of each answer in order of size, and the size of the page.

    ``processor`` is the median of this process's own seconds: unlike the others it does not depend on what else the
    machine does, and does not have what a database server takes.
    """

    what: str
    seconds: tuple[float, ...]
    processor: float
    size_bytes: int

    @property
    def median(self) -> float:
        """The median of the answers."""
        return statistics.median(self.seconds)

    @property
    def slow(self) -> float:
        """The 95th percentile of the answers."""
        return self.seconds[int(len(self.seconds) * 0.95)]


def measure(document: Document, *, database_url: str | None = None, count: int = AGREEMENTS) -> list[Timed]:
    """Return how long each page takes with ``count`` agreements like ``document``, by default in SQLite."""
    with tempfile.TemporaryDirectory(prefix="convenio-bench-") as folder:
        house = Installation(Settings(home=Path(folder) / "home", database_url=database_url))
        try:
            return _measured(house, document, count)
        finally:
            house.close()


@contextmanager
def postgres() -> Iterator[str | None]:
    """Yield the address of an empty database of a PostgreSQL of its own; ``None`` where none is installed."""
    from tests.postgres import PostgresCluster, programs  # noqa: PLC0415  # pytest comes with it

    if (binaries := programs()) is None:
        yield None
        return
    cluster = PostgresCluster(binaries)
    try:
        cluster.start()
        yield cluster.database()
    finally:
        cluster.stop()


def main(document: Document) -> None:
    """Measure and print."""
    print(f"\nThe portal's pages with {AGREEMENTS:,} agreements (bounds: median 50 ms, 95% in 150 ms, 150 kB)")
    _print("SQLite", measure(document))
    with postgres() as address:
        if address is None:
            print("  no PostgreSQL is installed here")
        else:
            _print("PostgreSQL", measure(document, database_url=address))


def _print(database: str, pages: list[Timed]) -> None:
    print(f"  {database:34} {'median':>9} {'95%':>9} {'processor':>10} {'size':>9}")
    for page in pages:
        within = page.median < MEDIAN_BOUND and page.slow < SLOWEST_BOUND and page.size_bytes < LARGEST_PAGE_BYTES
        verdict = "" if within else "  above its bound"
        size = page.size_bytes / 1000
        median, slow, processor = (seconds * 1000 for seconds in (page.median, page.slow, page.processor))
        print(f"    {page.what:32} {median:6.1f} ms {slow:6.1f} ms {processor:7.1f} ms {size:6.1f} kB{verdict}")


def _measured(house: Installation, document: Document, count: int) -> list[Timed]:
    people = _people(house)
    begun = _register(house, document, people, count)
    _enter(house, begun)
    _assess(house)
    _settle(house)
    middle = house.catalogue.page(Wanted(), limit=count // 2)[-1].row
    in_review, signing = (
        house.catalogue.page(Wanted(stages=(stage,)), limit=1)[0].row.id for stage in ("in review", "signing")
    )
    app = create_app(house.home, clock=house.clock)
    app.state.house = house
    pages = {
        "manager": ("/", "/documents", "/documents?mine=1", "/documents?view=board", f"/documents/{signing}/timeline"),
        "reviewer": ("/", "/review", f"/documents/{in_review}/data"),
        "auditor": (
            "/documents?stage=archived",
            "/documents?overdue=1",
            "/documents?q=word17",
            "/documents?q=rare4217+word3",
            "/documents?q=MOU-2026-0421",
            f"/documents?after={middle.updated_at.isoformat().replace('+', '%2B')}~{middle.id}",
            f"/documents/{signing}/evidence",
        ),
    }
    return [
        _timed(client, role, path)
        for role, paths in pages.items()
        for client in [_client(house, app, people[role])]
        for path in paths
    ]


def _timed(client: TestClient, role: str, path: str) -> Timed:
    seconds, processor, size = [], [], 0
    for _ in range(ROUNDS):
        began, spent = time.perf_counter(), time.process_time()
        answer = client.get(path)
        processor.append(time.process_time() - spent)
        seconds.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        size = len(answer.content)
    shown = path.partition("~")[0].partition("?after")[0] + ("?after=..." if "after=" in path else "")
    return Timed(f"{role}: {shown}", tuple(sorted(seconds)), statistics.median(processor), size)


def _client(house: Installation, app: object, person: Person) -> TestClient:
    client = TestClient(app, follow_redirects=False)  # pyrefly: ignore  # our own application
    account = Account(email=person.email, made_at=house.clock())
    house.accounts.keep(account)
    client.cookies.set(SESSION_COOKIE, accounts.begin(house, account).token)
    return client


def _people(house: Installation) -> dict[str, Person]:
    found = {
        f"manager{n}": add_person(house, f"m{n}@example.org", name=f"Manager {n}", roles=("manager",))
        for n in range(20)
    }
    found["manager"] = found["manager0"]
    found["reviewer"] = add_person(
        house, "r@example.org", name="Reviewer", roles=("reviewer",), offices=("legal", "finance")
    )
    found["auditor"] = add_person(house, "a@example.org", name="Auditor", roles=("auditor",))
    return found


def _register(house: Installation, document: Document, people: dict[str, Person], count: int) -> list[AgreementId]:
    """Lead ``count`` agreements to their stage through the ledger, batch by batch, and return their ids."""
    content = data_bytes(document)
    house.store.put(data_key(digest_of(content)), content)
    appender, random, begun = BatchAppender(house.engine), Random(1), []  # noqa: S311  # the same ones each time
    for first in range(0, count, BATCH):
        chosen = random.choices(list(STAGES), weights=list(STAGES.values()), k=min(BATCH, count - first))
        ways = [_way(document, digest_of(content), people, first + n, stage) for n, stage in enumerate(chosen)]
        ids: list[AgreementId] = []
        for step in range(max(map(len, ways))):
            acts = [
                Act(
                    ids[n] if step else NewAgreement(document.id_prefix, BEGIN.year),
                    op_id_of("benchmark", str(first + n), str(step)),
                    BEGIN + timedelta(minutes=first + n, seconds=step),
                    *way[step],
                )
                for n, way in enumerate(ways)
                if step < len(way)
            ]
            done = appender.append(acts)
            if refused := [one for one in done if not isinstance(one, Appended)]:
                raise refused[0]
            if not step:
                ids = [AgreementId(one.entry.agreement) for one in done if isinstance(one, Appended)]
        begun += ids
    return begun


def _way(
    document: Document, data: Digest, people: dict[str, Person], number: int, stage: str
) -> list[tuple[Actor, ev.Event]]:
    def of(what: str) -> Digest:
        return digest_of(f"{what} {number}".encode())

    manager = Actor(role=Role.MANAGER, person=people[f"manager{number % 20}"].commitment)
    reviewer = Actor(role=Role.REVIEWER, person=people["reviewer"].commitment)
    signatories = tuple(SignatoryId(one.id) for one in document.signatories)
    covered = ev.Covered(data=data, template=of("template"), manifest=of("manifest"), docx=of("docx"), pdf=of("pdf"))
    requested = ev.Requested(
        document_type=document.document_type,
        template_version=1,
        draft=1,
        title=f"{document.title}, {number}",
        data=data,
        signatories=signatories,
        offices=(Office.LEGAL,),
        template=of("template"),
        open_facts=(),
        sign_by=date(2026, 6, 1) + timedelta(days=number % 700) if number % 3 else None,
    )
    way: list[tuple[Actor, ev.Event]] = [
        (manager, requested),
        (SYSTEM, ev.Drafted(draft=1, content=covered)),
        (reviewer, ev.Approved(draft=1, office=Office.LEGAL, covers=covered)),
        (SYSTEM, ev.Prepared(draft=1, base=covered.pdf, pdf=of("prepared"))),
        (SYSTEM, ev.Invited(signatory=signatories[0], pdf=of("prepared"))),
    ]
    base = of("prepared")
    for turn in signatories:
        if turn != signatories[0]:
            way.append((SYSTEM, ev.Invited(signatory=turn, pdf=base)))
        signer = Actor(role=Role.SIGNATORY, person=digest_of(turn.encode()))
        way.append((signer, ev.Signed(signatory=turn, base=base, pdf=of(turn), certificate=of("certificate"))))
        base = of(turn)
    receipt = DepositReceipt(store="directory", key="k", sha256=of("final"), size_bytes=1)
    way += [
        (SYSTEM, ev.Concluded(base=base, pdf=of("final"), report=of("report"), level="PAdES-B-LTA")),
        (SYSTEM, ev.Deposited(receipt=receipt)),
    ]
    if stage == "returned":
        return [*way[:2], (reviewer, ev.Returned(draft=1, covers=covered, remark=of("remark")))]
    return way[: {"requested": 1, "in review": 2, "approved": 3, "signing": 5}.get(stage, len(way))]


def _assess(house: Installation) -> None:
    risks = [
        {"agreement": row.id, "draft": row.draft, "points": number % 9, "reasons": '{"fallbacks":1,"money":2}'}
        for number, row in enumerate(house.register.rows(stage=Stage.IN_REVIEW))
    ]
    with writing(house.engine) as connection:
        connection.execute(insert(draft_risks), risks)


def _settle(house: Installation) -> None:
    """Have PostgreSQL count what was loaded, as it does by itself within a minute; nobody does so for SQLite."""
    if house.engine.dialect.name == "postgresql":
        with writing(house.engine) as connection:
            connection.execute(text("ANALYZE"))


def _enter(house: Installation, begun: list[AgreementId]) -> None:
    random = Random(2)  # noqa: S311  # the same ones each time
    for first in range(0, len(begun), 1000):
        with writing(house.engine) as connection:
            for number, agreement in enumerate(begun[first : first + 1000], start=first):
                words = [f"word{int(random.paretovariate(0.4)) % 3000}" for _ in range(WORDS)]
                catalogue.enter(
                    connection,
                    agreement,
                    1,
                    parties=("Nanoprogress", f"Partner {number}"),
                    project="GSSC",
                    signatories={"for-partner": f"signatory{number % 500}@example.org"},
                    texts=(f"Memorandum {number} rare{number}", " ".join(words)),
                )
