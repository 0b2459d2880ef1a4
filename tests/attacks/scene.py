"""A document on its whole way, the gate it has to pass, and an auditor who has nothing but the file and the keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from pyhanko.sign.fields import MDPPerm

from archive.verify import verify_pdf
from flows.verification import _judge
from flows.wiring import utc_now
from schemas.errors import GateRefused
from schemas.evidence import SealReport, SignatoryId, Verdict, VerificationKeys, VerificationReport, digest_of
from signing.fields import CLOSING_SEAL, CLOSING_TIMESTAMP, signatory_field
from signing.gate import ExpectedSignature, admit
from signing.prepare import FieldPlace
from signing.preserve import preserve
from signing.revision import RevisionWriter, append_signature, open_pdf, writer_on
from signing.trust import TrustPolicy
from tests.signing.conftest import ATTACHMENTS, XMP, Desk, Person, make_desk

Tamper = Callable[..., None]
"""What somebody's software changes, given the writer of their revision, beside filling their field."""

PLACES = (
    FieldPlace(SignatoryId("gssc"), 1, (72.0, 100.0, 272.0, 160.0)),
    FieldPlace(SignatoryId("chamber"), 1, (320.0, 100.0, 520.0, 160.0)),
)
WORDS = ("The contribution is 1,000 euro.", "Signed by the parties:")


def agreement_pdf(words: tuple[str, ...] = WORDS, *, hidden: bytes = b"") -> bytes:
    """Return a PDF 1.7 of a page for each of ``words``, with metadata; ``hidden`` is an object that no table names.

    Objects: 1 catalogue, 2 pages, 3 XMP, 4 information, 5 font, then page and content for each page, and at last a
    white cover over a second line of the first page, which nobody sees.
    """
    cover = 6 + 2 * len(words)
    kids = " ".join(f"{6 + 2 * page} 0 R" for page in range(len(words)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R /Lang (en-GB) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(words)} >>".encode(),
        b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(XMP), XMP),
        b"<< /Title (Memorandum) /Producer (a test) /CreationDate (D:20251122093000Z) >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for page, line in enumerate(words):
        drawing = f"BT /F1 11 Tf 72 700 Td ({line}) Tj ET".encode()
        if page == 0:
            drawing += b" BT /F1 11 Tf 72 650 Td (It is due to somebody else.) Tj ET /Cover Do"
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> "
            b"/XObject << /Cover %d 0 R >> >> /Contents %d 0 R >>" % (cover, 7 + 2 * page)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
    white = b"1 g 60 640 300 30 re f"
    drawn = b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Length %d >>\nstream\n%s\nendstream"
    objects.append(drawn % (len(white), white))
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    out += hidden
    start, identifier = len(out), digest_of(bytes(out))[:32].encode()
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R /ID [<%s> <%s>] >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, identifier, identifier, start,
    )  # fmt: skip
    return bytes(out)


@dataclass(frozen=True)
class Scene:
    """The honest document, and the acts of everybody around it."""

    desk: Desk
    approved: bytes
    prepared: bytes
    revisions: tuple[bytes, ...]
    final: bytes

    @classmethod
    def set(cls, folder: Path, approved: bytes | None = None, desk: Desk | None = None) -> Scene:
        """Lead ``approved`` the whole way."""
        desk = desk or make_desk(folder / "pki")
        approved = approved or agreement_pdf()
        prepared = desk.prepare(approved, fields=PLACES)
        first = desk.sign(prepared, desk.people[0])
        second = desk.sign(first, desk.people[1], stamp=None)
        return cls(desk, approved, prepared, (first, second), desk.conclude(second))

    @property
    def expected(self) -> list[ExpectedSignature]:
        return [
            ExpectedSignature(SignatoryId(person.id), signatory_field(person.id), person.key.certificate_digest)
            for person in self.desk.people
        ]

    def submit(self, **changes) -> SealReport:
        """Bring a document to the gate; what is not said is as it was."""
        given = {
            "approved_pdf": self.approved,
            "prepared_pdf": self.prepared,
            "revisions": self.revisions,
            "final_pdf": self.final,
            "expected": self.expected,
            "attachments": {attachment.name: digest_of(attachment.content) for attachment in ATTACHMENTS},
            "trust": TrustPolicy(
                roots=(self.desk.pki.root_pem,), seal_certificates=(self.desk.pki.seal.certificate_digest,)
            ),
            "now": self.desk.clock.now,
        }
        return admit(**(given | changes))

    def refused(self, **changes) -> set[str]:
        """Return the names of the gate's reasons to refuse."""
        with pytest.raises(GateRefused) as caught:
            self.submit(**changes)
        return set(caught.value.reasons)

    def verified(self, pdf: bytes) -> VerificationReport:
        """Return what ``convenio verify`` says of the PDF alone, with the organisation's keys."""
        keys = VerificationKeys(
            organisation="GSSC",
            ledger="not needed for a PDF alone",
            trust_roots=(self.desk.pki.root_pem,),
            seal_certificates=(self.desk.pki.seal.certificate_digest,),
        )
        return verify_pdf(pdf, keys, judge_pdf=partial(_judge, now=utc_now()))

    def told_invalid(self, pdf: bytes) -> str:
        """Return why ``convenio verify`` calls the PDF alone invalid: the reasons of every part that is."""
        report = self.verified(pdf)
        assert report.verdict is Verdict.INVALID
        return "; ".join(found.reason for found in report.findings if found.verdict is Verdict.INVALID)

    def signed_with(
        self, pdf: bytes, person: Person, tamper: Tamper, writing: type[RevisionWriter] = RevisionWriter
    ) -> bytes:
        """Return ``pdf`` signed by a person whose software changes something else in the same revision."""
        writer = writing.from_reader(open_pdf(pdf))
        tamper(writer)
        return append_signature(
            writer,
            field=signatory_field(person.id),
            key=person.key,
            timestamper=self.desk.timestamper,
            now=self.desk.clock.now,
            reason="Agreed",
        )

    def tampered_by_the_first(self, tamper: Tamper, writing: type[RevisionWriter] = RevisionWriter) -> dict:
        """Let the first signatory tamper, and everybody after them act in good faith."""
        return self.gone_on(self.signed_with(self.prepared, self.desk.people[0], tamper, writing))

    def gone_on(self, first: bytes) -> dict:
        """Let the second signatory sign what the first made, and the organisation conclude it."""
        second = self.desk.sign(first, self.desk.people[1], stamp=None)
        return {"revisions": (first, second), "final_pdf": self.desk.conclude(second)}

    def concluded_by_an_insider(self, pdf: bytes) -> bytes:
        """Return ``pdf`` closed with the organisation's own key and timestamp, whatever is missing in it."""
        sealed = append_signature(
            writer_on(pdf),
            field=CLOSING_SEAL,
            key=self.desk.pki.seal,
            timestamper=self.desk.timestamper,
            now=self.desk.clock.now,
            reason="Signed by all parties",
            permissions=MDPPerm.NO_CHANGES,
        )
        return preserve(
            sealed,
            timestamper=self.desk.timestamper,
            field=CLOSING_TIMESTAMP,
            label="Timestamp",
            trust=self.desk.trust,
            now=self.desk.clock.now,
        )
