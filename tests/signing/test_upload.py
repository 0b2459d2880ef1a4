"""Uploads: what other software makes of our file is accepted, and everything else refused by a sentence of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import SigMDPSetup
from pyhanko.sign.signers.pdf_signer import PdfSigningSession

from schemas.errors import Invalid, Refused
from schemas.evidence import Verdict
from schemas.signature import LegalEffect, Level, SigningWay
from signing.description import description_of
from signing.evidence_records import reason_for
from signing.issuing import DOCUMENT_SIGNING, certificate_for, signing_extensions, subject_name
from signing.keys import SigningKey
from signing.revision import open_pdf
from signing.upload import Uploaded, accept
from signing.validate import validate
from tests.signing.conftest import Desk, make_desk
from tests.signing.other_software import sign_elsewhere, timestamp_elsewhere, with_picture

MINE, THEIRS = "signatory:gssc", "signatory:chamber"


@dataclass(frozen=True)
class Table:
    """A prepared file, and the acts in short form."""

    desk: Desk
    base: bytes

    def signed(self, **changes) -> bytes:
        given = {"field": MINE, "key": self.desk.people[0].key, "at": self.desk.clock.now}
        return sign_elsewhere(self.base, **(given | changes))

    def accept(self, pdf: bytes, **changes) -> Uploaded:
        given = {
            "signatory_id": "gssc",
            "level": Level.ARCHIVE,
            "trust": self.desk.trust,
            "now": self.desk.clock.now,
        }
        return accept(pdf, self.base, **(given | changes))

    def changed(self, pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
        writer, output = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
        writer._update_meta = lambda: None
        change(writer)
        writer.write(output)
        return output.getvalue()


@pytest.fixture
def table(desk: Desk, journey) -> Table:
    return Table(desk, journey.prepared)


GOOD = {
    "plain": {},
    "picture": {"style": with_picture()},
    "sha512": {"md_algorithm": "sha512"},
    "reason": {"reason": "I agree", "location": "Praha", "contact_info": "me"},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_what_other_software_signs_is_accepted(table: Table, changes):
    uploaded = table.accept(table.signed(**changes))
    assert uploaded.certificate == table.desk.people[0].key.certificate
    assert (uploaded.level, uploaded.effect) == (Level.BASIC, LegalEffect.ADES)


def test_other_software_leaves_its_traces_in_the_file(table: Table):
    signed = table.signed()
    added = signed[len(table.base) :]
    assert b"/Extensions" in added
    assert b"pyHanko" in added
    assert b"By my own software" in added
    assert description_of(open_pdf(signed)) == description_of(open_pdf(table.base))


def test_timestamp_of_a_trusted_authority_is_recognised(table: Table):
    assert table.accept(table.signed(timestamper=table.desk.timestamper)).level is Level.TIME


@pytest.mark.parametrize("level", [Level.TIME, Level.LONG_TERM], ids=str)
def test_policy_that_asks_for_a_timestamp_refuses_one_without(table: Table, level):
    with pytest.raises(Refused, match="has no timestamp, which the policy of this document asks for"):
        table.accept(table.signed(), level=level)
    assert table.accept(table.signed(timestamper=table.desk.timestamper), level=level).level is Level.TIME


def test_document_timestamp_at_the_end_proves_the_time_of_a_signature_without_one(table: Table):
    desk, signed = table.desk, table.signed()
    assert table.accept(signed).level is Level.BASIC
    desk.clock.tick(minutes=1)
    second = desk.sign(signed, desk.people[1])
    desk.clock.tick(minutes=1)
    report = validate(desk.conclude(second), desk.trust, now=desk.clock.now)
    assert (report.verdict, report.level) == (Verdict.VALID, Level.ARCHIVE.value)
    mine = next(one for one in report.signatures if one.field == MINE)
    assert (mine.verdict, mine.level) == (Verdict.VALID, Level.ARCHIVE.value)


def _annotated(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    box = generic.ArrayObject(map(generic.NumberObject, (10, 10, 200, 50)))
    note = {"/Type": "/Annot", "/Subtype": "/FreeText"}
    annotation = generic.DictionaryObject({pdf_name(key): pdf_name(value) for key, value in note.items()})
    annotation |= {pdf_name("/Rect"): box, pdf_name("/Contents"): generic.pdf_string("not really")}
    page["/Annots"] = generic.ArrayObject([*page.get("/Annots", ()), writer.add_object(annotation)])
    writer.update_container(page)


def _painted(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 g 100 600 50 50 re f"))
    writer.update_container(page)


def _retitled(writer: IncrementalPdfFileWriter) -> None:
    information = writer.trailer_view["/Info"]
    information[pdf_name("/Title")] = generic.pdf_string("Another agreement")
    writer.update_container(information)


def _signed_over(change: Callable[[IncrementalPdfFileWriter], None]) -> Callable[[Table], bytes]:
    return lambda table: sign_elsewhere(
        table.changed(table.base, change), MINE, table.desk.people[0].key, at=table.desk.clock.now
    )


def _twice(table: Table) -> bytes:
    return sign_elsewhere(table.signed(), THEIRS, table.desk.people[1].key, at=table.desk.clock.now)


def _with_key(table: Table, key, life=timedelta(days=30)) -> bytes:
    issuer, now = table.desk.pki.issuing, table.desk.clock.now
    extensions = signing_extensions([DOCUMENT_SIGNING], critical=False)
    certificate = certificate_for(issuer, key, subject_name("Ana", "Tests"), now - timedelta(days=60), life, extensions)
    return table.signed(key=SigningKey.of(key, certificate, [issuer.certificate]))


def _by_a_stranger(table: Table, tmp_path) -> bytes:
    return table.signed(key=make_desk(tmp_path / "strangers").people[0].key)


def _timestamp_of_a_stranger(table: Table, tmp_path) -> bytes:
    strangers = make_desk(tmp_path / "strangers")
    strangers.clock.now = table.desk.clock.now
    return table.signed(timestamper=strangers.timestamper)


BAD: dict[str, tuple[Callable[[Table], bytes], str]] = {
    "unsigned": (lambda table: table.base, "there is no signature in the file"),
    "cut off": (lambda table: table.base[:-100], "the file is cut off"),
    "saved anew": (lambda table: table.signed()[1:], "does not begin with the bytes that were handed out"),
    "another file": (lambda table: b"%PDF-1.7\n" * 9000, "does not begin with the bytes that were handed out"),
    "much too large": (lambda table: table.signed() + b"\n" * 11_000_000, "grew by more than a signature needs"),
    "changed unsigned": (lambda table: table.changed(table.base, _annotated), "there is no new signature"),
    "others' field": (
        lambda table: table.signed(field=THEIRS),
        "somebody else's field was signed",
    ),
    "closing seal": (lambda table: table.signed(field="seal:closing"), "somebody else's field was signed"),
    "two fields": (_twice, "more than one field was signed"),
    "field of its own": (
        lambda table: table.signed(field="mine", new_field=SigFieldSpec("mine", box=(10, 10, 90, 40))),
        "the form has other fields than were prepared",
    ),
    "timestamped after": (
        lambda table: timestamp_elsewhere(table.signed(), table.desk.timestamper),
        "the form has other fields than were prepared",
    ),
    "changed after": (
        lambda table: table.changed(table.signed(), _annotated),
        "something was added to the file after the signature",
    ),
    "junk after": (lambda table: table.signed() + b"% a comment\n", "something was added to the file after"),
    "not PAdES": (
        lambda table: table.signed(subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED),
        "of an older kind than PAdES",
    ),
    "SHA-1": (lambda table: table.signed(md_algorithm="sha1"), "the signature does not hold"),
    "words of a click": (
        lambda table: table.signed(reason=reason_for(SigningWay.CLICK, "a" * 64)),
        "gives a reason that only the organisation's seal gives",
    ),
    "words of a scan": (
        lambda table: table.signed(reason=reason_for(SigningWay.PAPER, "a" * 64)),
        "gives a reason that only the organisation's seal gives",
    ),
    "annotated before": (_signed_over(_annotated), "changes more than the signatory's field"),
    "retitled before": (_signed_over(_retitled), "what the document says of itself was changed"),
    "in the future": (
        lambda table: table.signed(at=table.desk.clock.now + timedelta(hours=2)),
        "the time in the signature cannot be",
    ),
    "before the seal": (
        lambda table: table.signed(at=table.desk.clock.now - timedelta(days=2)),
        "the time in the signature cannot be",
    ),
    "expired": (
        lambda table: _with_key(table, ec.generate_private_key(ec.SECP256R1())),
        "the certificate, or one above it, has expired",
    ),
}


@pytest.mark.parametrize(("make", "sentence"), BAD.values(), ids=BAD)
def test_bad_upload_is_refused_by_its_own_sentence(table: Table, make, sentence):
    with pytest.raises(Refused) as caught:
        table.accept(make(table))
    assert sentence in caught.value.what


def test_certificate_of_an_unknown_authority_is_refused(table: Table, tmp_path):
    with pytest.raises(Refused, match="not issued by a trusted authority"):
        table.accept(_by_a_stranger(table, tmp_path))


def test_timestamp_of_an_unknown_authority_is_refused(table: Table, tmp_path):
    with pytest.raises(Refused, match="timestamp is not by a trusted authority"):
        table.accept(_timestamp_of_a_stranger(table, tmp_path))


def test_seal_of_the_organisation_in_a_persons_field_is_refused(table: Table):
    with pytest.raises(Refused, match="the signature does not hold") as caught:
        table.accept(table.signed(key=table.desk.pki.seal))
    assert "never a person's consent" in caught.value.got


def test_page_that_looks_otherwise_is_refused_even_where_no_object_gives_it_away(table: Table, monkeypatch):
    monkeypatch.setattr("signing.upload.change_objections", lambda _reader: ())
    with pytest.raises(Refused, match="the pages look otherwise than those that were handed out") as caught:
        table.accept(_signed_over(_painted)(table))
    assert caught.value.got == "page 1 of the signed file looks otherwise than in the file that was handed out"


def test_signature_over_other_bytes_is_refused(table: Table):
    signed = bytearray(table.signed())
    signed[signed.index(b"By my own software")] ^= 1
    with pytest.raises(Refused, match="the signature does not hold"):
        table.accept(bytes(signed))


def test_lock_that_shuts_out_the_others_is_refused(table: Table, monkeypatch):
    everything = SigMDPSetup(md_algorithm="sha256", field_lock=FieldMDPSpec(FieldMDPAction.ALL))
    monkeypatch.setattr(PdfSigningSession, "_apply_locking_rules", lambda _session: everything)
    with pytest.raises(Refused, match="locks the document for those who sign after it"):
        table.accept(table.signed())


def test_bytes_that_are_no_revision_after_the_base_are_refused(table: Table):
    with pytest.raises(Invalid):
        table.accept(table.base + b"\0" * 5000)
