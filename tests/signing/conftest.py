"""One small PDF, one demonstration PKI and one document taken the whole way, shared by the room's tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.evidence import digest_of
from signing.demonstration import DemonstrationPki, create_demonstration_pki
from signing.keys import SigningKey, load_pkcs12
from signing.prepare import Attachment, FieldPlace, prepare
from signing.seal import conclude, sign
from signing.stamp import Stamp
from signing.timestamp import DemonstrationTimestampAuthority

NOW = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)
PASSPHRASE = b"correct horse"
ORGANISATION = "Green Small Smart Cities"

XMP = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def build_pdf(pages: int = 2, title: str = "Memorandum of Understanding") -> bytes:
    """Return a PDF 1.7 shaped like an exported PDF/A: metadata stream, information dictionary, file identifier."""
    objects: list[bytes] = []
    kids = " ".join(f"{5 + 2 * page} 0 R" for page in range(pages))
    objects.append(b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R /Lang (en-GB) >>")
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode())
    objects.append(b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(XMP), XMP))
    objects.append(f"<< /Title ({title}) /Producer (a test) /CreationDate (D:20261122093000Z) >>".encode())
    for page in range(pages):
        drawing = b"0.5 w 72 %d 200 60 re S" % (100 + 50 * page)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> "
            f"/Contents {6 + 2 * page} 0 R >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    identifier = digest_of(bytes(out))[:32].encode()
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R /ID [<%s> <%s>] >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        identifier,
        identifier,
        start,
    )
    return bytes(out)


@dataclass
class Clock:
    """The time of day in a test, set by hand."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **span: int) -> datetime:
        self.now += timedelta(**span)
        return self.now


@dataclass
class Person:
    id: str
    name: str
    role: str
    key: SigningKey


PLACES = (
    FieldPlace("gssc", 1, (72.0, 100.0, 272.0, 160.0)),
    FieldPlace("chamber", 1, (320.0, 100.0, 520.0, 160.0)),
)
ATTACHMENTS = (
    Attachment("agreement.json", "application/json", b'{"title":"Memorandum"}', "Validated data", "Data"),
    Attachment(
        "agreement.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"PK\x03\x04 as a document" * 20,
        "Editable source",
        "Source",
    ),
)


@dataclass
class Desk:
    """Everything a signing needs, with the acts in short form."""

    pki: DemonstrationPki
    clock: Clock
    timestamper: DemonstrationTimestampAuthority
    people: Sequence[Person]

    @property
    def trust(self):
        return self.pki.trust(self.clock.now)

    def prepare(self, pdf: bytes, **changes) -> bytes:
        given = {
            "attachments": ATTACHMENTS,
            "fields": PLACES,
            "seal": self.pki.seal,
            "timestamper": self.timestamper,
            "trust": self.trust,
            "now": self.clock.now,
        }
        return prepare(pdf, **(given | changes))

    def sign(self, pdf: bytes, person: Person, **changes) -> bytes:
        given = {
            "signatory_id": person.id,
            "key": person.key,
            "timestamper": self.timestamper,
            "trust": self.trust,
            "now": self.clock.now,
            "stamp": Stamp(person.name, person.role, demonstration=True),
        }
        return sign(pdf, **(given | changes))

    def conclude(self, pdf: bytes, **changes) -> bytes:
        given = {
            "seal": self.pki.seal,
            "timestamper": self.timestamper,
            "trust": self.trust,
            "now": self.clock.now,
        }
        return conclude(pdf, **(given | changes))


@dataclass(frozen=True)
class Journey:
    """One document on its whole way."""

    approved: bytes
    prepared: bytes
    revisions: tuple[bytes, ...]
    final: bytes
    finished: datetime


def make_desk(directory: Path) -> Desk:
    clock = Clock(NOW)
    pki = create_demonstration_pki(directory, organisation=ORGANISATION, passphrase=PASSPHRASE, now=NOW)
    people = []
    for identifier, name, role in (
        ("gssc", "Příliš Žluťoučký", "Signatory for the GSSC partnership"),
        ("chamber", "Γιώργος Nguyễn Щукин", "Signatory for the Czech-Cape Verdean Chamber"),
    ):
        content = pki.issue_signatory(name, f"{identifier}@example.org", ORGANISATION, b"secret", NOW)
        people.append(Person(identifier, name, role, load_pkcs12(content, b"secret", now=NOW)))
    return Desk(pki, clock, pki.timestamper(clock), people)


@pytest.fixture(scope="session")
def session_desk(tmp_path_factory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("keys") / "pki")


@pytest.fixture
def desk(session_desk) -> Desk:
    """The shared PKI with a clock of the test's own."""
    clock = Clock(NOW + timedelta(hours=1))
    return Desk(session_desk.pki, clock, session_desk.pki.timestamper(clock), session_desk.people)


@pytest.fixture(scope="session")
def approved() -> bytes:
    return build_pdf()


@pytest.fixture(scope="session")
def journey(session_desk, approved) -> Journey:
    clock = Clock(NOW)
    desk = Desk(session_desk.pki, clock, session_desk.pki.timestamper(clock), session_desk.people)
    prepared = desk.prepare(approved)
    revisions, current = [], prepared
    for person in desk.people:
        clock.tick(minutes=10)
        current = desk.sign(current, person)
        revisions.append(current)
    clock.tick(minutes=10)
    final = desk.conclude(current)
    return Journey(approved, prepared, tuple(revisions), final, clock.now)
