"""Fifty good files of all types, signed in every way and order at every level, pass the gate without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pypdf import PdfWriter

from examples.render import render_example
from schemas.documents import document_types
from schemas.evidence import Digest, SignatoryId, Verdict, digest_of
from schemas.loader import load_document
from schemas.policy import SignaturePolicy
from schemas.signature import LegalEffect, Level, SigningWay
from signing.evidence_records import EFFECTS, reason_for
from signing.fields import signatory_field
from signing.gate import ExpectedSignature, admit
from signing.prepare import FieldPlace
from signing.run import run
from templates.locate import signature_boxes
from tests.every_type import example_of
from tests.signing.conftest import ATTACHMENTS, Desk, Person, make_desk

RECORD = digest_of(b"a record")


@dataclass(frozen=True)
class Draft:
    """An approved PDF and where its signatories sign."""

    pdf: bytes
    places: tuple[FieldPlace, ...]

    @classmethod
    def of(cls, pdf: bytes, signatories: list[str]) -> Draft:
        boxes = signature_boxes(pdf, signatories)
        return cls(
            pdf,
            tuple(FieldPlace(SignatoryId(one), at.page, (at.x1, at.y1, at.x2, at.y2)) for one, at in boxes.items()),
        )

    def untagged(self) -> Draft:
        """Return the same pages without the tree of their structure, which takes long to compare."""
        writer, output = PdfWriter(clone_from=BytesIO(self.pdf)), BytesIO()
        del writer.root_object["/StructTreeRoot"]
        for page in writer.pages:
            page.pop("/StructParents", None)
            page.pop("/Annots", None)
        writer.compress_identical_objects(remove_duplicates=False, remove_unreferenced=True)
        writer.write(output)
        return Draft(output.getvalue(), self.places)


@dataclass
class Signing:
    """One document, from the approved PDF on, signed by the first ``count`` of its signatories."""

    desk: Desk
    draft: Draft
    count: int = 3
    level: Level = Level.ARCHIVE

    def __post_init__(self) -> None:
        fields = self.draft.places[: self.count]
        self.signatories = tuple(place.signatory_id for place in fields)
        self.prepared = self.current = self.desk.prepare(self.draft.pdf, fields=fields, level=self.level)
        self.revisions: list[bytes] = []
        self.expected: list[ExpectedSignature] = []

    def person(self, signatory: SignatoryId) -> Person:
        return replace(self.desk.people[len(self.expected) % 2], id=signatory)

    def sign(self, signatory: SignatoryId) -> None:
        person = self.person(signatory)
        signed = self.desk.sign(self.current, person, level=self.level)
        self._made(signatory, signed, person.key.certificate_digest)

    def recorded(self, signatory: SignatoryId, way: SigningWay) -> None:
        seal, reason = self.desk.pki.seal, reason_for(way, RECORD)
        signed = self.desk.sign(self.current, self.person(signatory), key=seal, reason=reason, level=self.level)
        self._made(signatory, signed, seal.certificate_digest, way, EFFECTS[way])

    def uploaded(self, signatory: SignatoryId) -> None:
        """Sign with stock software, which writes of itself into the metadata."""
        person = self.person(signatory)
        metadata = PdfSignatureMetadata(
            field_name=signatory_field(signatory), md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason="Yes"
        )
        signer = PdfSigner(metadata, signer=person.key.signer, timestamper=self.desk.timestamper)
        output = BytesIO()
        run(signer.async_sign_pdf(IncrementalPdfFileWriter(BytesIO(self.current)), output=output))
        self._made(signatory, output.getvalue(), person.key.certificate_digest, SigningWay.UPLOAD)

    def _made(
        self,
        signatory: SignatoryId,
        pdf: bytes,
        certificate: Digest,
        way: SigningWay = SigningWay.PKCS12,
        effect: LegalEffect = LegalEffect.ADES,
    ) -> None:
        evidence = RECORD if way in EFFECTS else None
        entry = ExpectedSignature(signatory, signatory_field(signatory), certificate, way, effect, evidence)
        self.expected.append(entry)
        self.revisions.append(pdf)
        self.current = pdf

    def admitted(self, level: Level, *, rounds: tuple[tuple[SignatoryId, ...], ...] | None = None) -> None:
        final = self.desk.conclude(self.current, level=level)
        report = admit(
            approved_pdf=self.draft.pdf,
            prepared_pdf=self.prepared,
            revisions=self.revisions,
            final_pdf=final,
            expected=self.expected,
            attachments={attachment.name: digest_of(attachment.content) for attachment in ATTACHMENTS},
            trust=self.desk.trust,
            now=self.desk.clock.now,
            policy=SignaturePolicy(level=level),
            rounds=rounds or tuple((one,) for one in self.signatories),
        )
        assert (report.verdict, report.level) == (Verdict.VALID, level)


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("keys") / "pki")


def one_by_one(desk: Desk, draft: Draft, *levels: Level) -> Iterator[str]:
    """Sign one after the other, close at each level, and yield what each file was."""
    signing = Signing(desk, draft)
    for signatory in signing.signatories:
        signing.sign(signatory)
    for level in levels:
        signing.admitted(level)
        yield f"one by one, {level}"


def without_a_timestamp(desk: Desk, draft: Draft) -> str:
    signing = Signing(desk, draft, count=1, level=Level.BASIC)
    for signatory in signing.signatories:
        signing.sign(signatory)
    signing.admitted(Level.BASIC)
    return "without a timestamp, B-B"


def all_at_once(desk: Desk, draft: Draft) -> str:
    """Sign in one round, the last first, by click, with a certificate and on paper."""
    signing = Signing(desk, draft)
    for number, signatory in enumerate(reversed(signing.signatories)):
        if number == 1:
            signing.sign(signatory)
        else:
            signing.recorded(signatory, (SigningWay.CLICK, SigningWay.PAPER)[number // 2])
    signing.admitted(Level.ARCHIVE, rounds=(signing.signatories,))
    return "all at once, by click and on paper"


def with_other_software(desk: Desk, draft: Draft) -> str:
    signing = Signing(desk, draft, count=1)
    signing.uploaded(signing.signatories[0])
    signing.admitted(Level.ARCHIVE)
    return "with software of their own"


SIGNED_BY_NOBODY = ("roadmap", "strategy")
"""Types of document that the organisation seals and nobody signs."""


@pytest.mark.office
@pytest.mark.xdist_group("every type")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("document_type", document_types())
def test_good_files_of_every_type_are_admitted(document_type, desk, warm_office):
    source = example_of(document_type)
    tagged = Draft.of(
        render_example(source, warm_office).pdf, [signatory.id for signatory in load_document(source).signatories]
    )
    draft = tagged.untagged()
    admitted = [*one_by_one(desk, tagged, Level.ARCHIVE), *one_by_one(desk, draft, Level.TIME, Level.LONG_TERM)]
    admitted.append(without_a_timestamp(desk, draft))
    if document_type not in SIGNED_BY_NOBODY:
        admitted += [all_at_once(desk, draft), with_other_software(desk, draft)]
    assert len(admitted) == FILES[document_type in SIGNED_BY_NOBODY]


FILES = {False: 6, True: 4}
"""How many files there are of a type that is signed, and of one that is not."""


def test_there_are_fifty_of_them():
    assert sum(FILES[document_type in SIGNED_BY_NOBODY] for document_type in document_types()) == 50
