"""A real installation in a temporary home, led as far along the way as a test needs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
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
from schemas.documents import Document
from schemas.evidence import AgreementId, digest_of
from schemas.loader import load_document
from templates.convert import OfficePool

EXAMPLE = Path(__file__).parents[1] / "examples" / "gssc" / "mou-czech-cape-verdean-chamber.yaml"
MANAGER, REVIEWER = "manager@example.org", "reviewer@example.org"
FIRST, SECOND = "signatory.gssc@example.org", "signatory.chamber@example.org"
PASSPHRASE = b"only for tests"
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Clock:
    """A clock that goes a second forward each time it is read, and further when told."""

    def __init__(self, start: datetime = MORNING) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class RememberingOffice:
    """A real pool that converts equal bytes once: most tests here need the same first draft."""

    def __init__(self, pool: OfficePool) -> None:
        self.pool = pool
        self.known: dict[str, bytes] = {}

    def convert(self, docx: bytes) -> bytes:
        digest = digest_of(docx)
        if digest not in self.known:
            self.known[digest] = self.pool.convert(docx)
        return self.known[digest]


@contextmanager
def opened(home: Path, office: RememberingOffice, clock: Callable[[], datetime]) -> Iterator[Installation]:
    """Yield the installation in ``home`` with the office of all tests, which stays open."""
    house = Installation(Settings(home=home), clock=clock)
    house.__dict__["office"] = office
    yield house
    del house.__dict__["office"]
    house.close()


def people(house: Installation) -> None:
    """Add a manager who also reviews, and a reviewer."""
    add_person(house, MANAGER, name="Manager", roles=("manager", "reviewer"))
    add_person(house, REVIEWER, name="Reviewer", roles=("reviewer",))


def certificate(house: Installation, email: str, name: str = "Somebody") -> bytes:
    """Return a PKCS#12 file of a person, locked with :data:`PASSPHRASE`."""
    return house.pki.issue_signatory(name, email, "Their organisation", PASSPHRASE, house.clock())


def sign(house: Installation, agreement: AgreementId, email: str) -> None:
    """Sign with a certificate issued for this signature."""
    commands.sign(house, agreement, by=email, p12=certificate(house, email), passphrase=PASSPHRASE)


Step = Callable[[Installation, AgreementId], object]

WAY: dict[str, Step] = {
    "in review": lambda house, agreement: draft(house, agreement, 1),
    "confirmed": lambda house, agreement: commands.confirm_facts(house, agreement, (), basis="for a test", by=MANAGER),
    "second draft": lambda house, agreement: draft(house, agreement, 2),
    "approved": lambda house, agreement: commands.approve(house, agreement, draft=2, by=REVIEWER),
    "prepared": lambda house, agreement: prepare(house, agreement, 2),
    "signing": lambda house, agreement: collect(house, agreement, 0),
    "signed once": lambda house, agreement: sign(house, agreement, FIRST),
    "second invited": lambda house, agreement: collect(house, agreement, 1),
    "signed": lambda house, agreement: sign(house, agreement, SECOND),
    "collected": lambda house, agreement: collect(house, agreement, 2),
    "concluded": lambda house, agreement: conclude(house, agreement, 2),
    "archived": lambda house, agreement: publish(house, agreement, 2),
}
"""Every step of the way after the request, by what it leads to."""

POINTS = ("requested", *WAY)


def lead(house: Installation, until: str, document: Document) -> AgreementId:
    """Request ``document`` and lead it to the point ``until`` of the way; return its id."""
    agreement = AgreementId(commands.request(house, document, by=MANAGER).state.agreement)
    for name in POINTS[1 : POINTS.index(until) + 1]:
        WAY[name](house, agreement)
    return agreement


class Snapshots:
    """One agreement led along the way once: its home as it was at each point, to be copied by many tests.

    It is the one of the example unless ``document`` is set to another with the same signatories.

    It happened yesterday: what reads the real clock, as the command line does, may go on from any point.
    """

    def __init__(self, folder: Path, office: RememberingOffice) -> None:
        self.folder = folder
        self.document = load_document(EXAMPLE)
        self.office = office
        self.begin = datetime.now(UTC) - timedelta(days=1)
        self.agreement = AgreementId(f"MOU-{self.begin.year}-0001")
        self.clocks: dict[str, datetime] = {}

    def home(self, point: str) -> Path:
        """Return the home as it was at ``point``; nobody writes to it."""
        for number in range(len(self.clocks), POINTS.index(point) + 1):
            self._go_on(number)
        return self.folder / point

    @contextmanager
    def at(self, point: str, home: Path) -> Iterator[Installation]:
        """Copy the home as it was at ``point`` to ``home``, and yield its installation."""
        shutil.copytree(self.home(point), home)
        with opened(home, self.office, Clock(self.clocks[point])) as house:
            yield house

    def _go_on(self, number: int) -> None:
        name, before = POINTS[number], POINTS[number - 1]
        if number:
            shutil.copytree(self.folder / before, self.folder / name)
        clock = Clock(self.clocks[before] if number else self.begin)
        with opened(self.folder / name, self.office, clock) as house:
            if number:
                WAY[name](house, self.agreement)
            else:
                people(house)
                lead(house, "requested", self.document)
        self.clocks[name] = clock.now
