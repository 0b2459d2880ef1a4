from __future__ import annotations

from dataclasses import replace

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from schemas.errors import GateRefused, Refused
from schemas.evidence import Verdict, digest_of
from signing.fields import signatory_field
from signing.gate import ExpectedSignature, admit
from signing.prepare import Attachment
from signing.revision import append_signature, open_pdf, signatures_of, writer_on
from signing.trust import TrustPolicy


def expectations(desk):
    return [
        ExpectedSignature(person.id, signatory_field(person.id), person.key.certificate_digest)
        for person in desk.people
    ]


ATTACHED = {
    "agreement.json": digest_of(b'{"title":"Memorandum"}'),
    "agreement.docx": digest_of(b"PK\x03\x04 as a document" * 20),
}


@pytest.fixture
def submit(desk, journey):
    """Bring a document to the gate; what is not said is as it was in the honest journey."""
    desk.clock.now = journey.finished

    def bring(**changes):
        given = {
            "approved_pdf": journey.approved,
            "prepared_pdf": journey.prepared,
            "revisions": journey.revisions,
            "final_pdf": journey.final,
            "expected": expectations(desk),
            "attachments": ATTACHED,
            "trust": TrustPolicy(roots=(desk.pki.root_pem,), seal_certificates=(desk.pki.seal.certificate_digest,)),
            "now": desk.clock.now,
        }
        return admit(**(given | changes))

    return bring


def signed_with(desk, pdf, person, tamper) -> bytes:
    """Return ``pdf`` signed by a person whose software changes something else in the same revision."""
    writer = writer_on(pdf)
    tamper(writer)
    return append_signature(
        writer,
        field=signatory_field(person.id),
        key=person.key,
        timestamper=desk.timestamper,
        now=desk.clock.now,
        reason="Agreed",
    )


def tampered_journey(desk, journey, tamper) -> dict:
    """Let the first signatory tamper, and everybody else act in good faith."""
    first = signed_with(desk, journey.prepared, desk.people[0], tamper)
    second = desk.sign(first, desk.people[1])
    return {"revisions": [first, second], "final_pdf": desk.conclude(second)}


def refusal(submit, **changes) -> str:
    with pytest.raises(GateRefused) as caught:
        submit(**changes)
    return caught.value.what


def test_honest_document_passes_at_the_archive_level(submit):
    report = submit()
    assert report.verdict is Verdict.VALID
    assert report.level == "B-LTA"
    assert len(report.signatures) == 5


def test_new_signature_field_after_certification_is_refused(submit, desk, journey):
    def add_field(writer):
        append_signature_field(writer, SigFieldSpec("signatory:mallory"))

    first = signed_with(desk, journey.prepared, desk.people[0], add_field)
    second = desk.sign(first, desk.people[1])
    with pytest.raises(Refused, match="signatures are missing"):
        desk.conclude(second)
    mallory = replace(desk.people[1], id="mallory")
    third = signed_with(desk, second, mallory, lambda writer: None)
    said = refusal(submit, revisions=[first, second], final_pdf=desk.conclude(third))
    assert "form fields nobody prepared: signatory:mallory" in said


def test_new_text_field_is_refused(submit, desk, journey):
    def add_text(writer):
        form = writer.root["/AcroForm"]
        names = {"/FT": pdf_name("/Tx"), "/T": pdf_string("price"), "/V": pdf_string("1 EUR")}
        field = generic.DictionaryObject({pdf_name(key): value for key, value in names.items()})
        form["/Fields"].append(writer.add_object(field))
        writer.update_container(form["/Fields"])

    said = refusal(submit, **tampered_journey(desk, journey, add_text))
    assert "form fields nobody prepared: price" in said
    assert "not for signatures: price" in said


def test_changed_value_of_another_field_is_refused(submit, desk, journey):
    def touch_other(writer):
        for reference in writer.root["/AcroForm"]["/Fields"]:
            field = reference.get_object()
            if field["/T"] == "signatory:chamber":
                field["/TU"] = pdf_string("Signature of Mallory")
                writer.mark_update(reference)

    said = refusal(submit, **tampered_journey(desk, journey, touch_other))
    assert "changes" in said


def test_changed_document_information_is_refused(submit, desk, journey):
    def retitle(writer):
        information = writer.trailer["/Info"]
        information["/Title"] = pdf_string("Deed of gift")
        writer.update_container(information)

    assert "document information (/Info) is not the approved one" in refusal(
        submit, **tampered_journey(desk, journey, retitle)
    )


def test_changed_page_is_refused(submit, desk, journey):
    def redraw(writer):
        content = writer.root["/Pages"]["/Kids"][0].get_object().raw_get("/Contents")
        stream = content.get_object()
        stream._data = b"0.5 w 72 700 200 60 re S"
        stream._encoded_data = None
        writer.mark_update(content)

    assert "changes more than a signature may" in refusal(submit, **tampered_journey(desk, journey, redraw))


def test_replaced_attachment_is_refused(submit, desk, journey):
    def replace(writer):
        for reference in writer.root["/AF"]:
            embedded = reference.get_object()["/EF"].raw_get("/F")
            if reference.get_object()["/UF"] == "agreement.json":
                stream = embedded.get_object()
                stream._data, stream._encoded_data = b'{"title":"Deed"}', None
                writer.mark_update(embedded)

    assert "attached file agreement.json is not the approved one" in refusal(
        submit, **tampered_journey(desk, journey, replace)
    )


def test_document_prepared_with_another_attachment_is_refused(submit, journey):
    said = refusal(submit, attachments=ATTACHED | {"annex.pdf": digest_of(b"")})
    assert "approved file annex.pdf is not attached" in said
    assert "was not approved" in refusal(submit, attachments={"agreement.json": ATTACHED["agreement.json"]})


def test_junk_after_the_end_is_refused(submit, journey):
    said = refusal(submit, final_pdf=journey.final + b"\n% nothing to see here\n")
    assert "does not cover every byte" in said
    assert "vouched for by nobody" in said


def test_swapped_order_is_refused(submit, desk, journey):
    first = desk.sign(journey.prepared, desk.people[1])
    second = desk.sign(first, desk.people[0])
    said = refusal(submit, revisions=[first, second], final_pdf=desk.conclude(second))
    assert "in this order" in said


def test_signature_over_a_different_base_is_refused(submit, desk, journey):
    other = desk.sign(journey.prepared, desk.people[0], stamp=None)
    second = desk.sign(other, desk.people[1])
    said = refusal(submit, revisions=[journey.revisions[0], second], final_pdf=desk.conclude(second))
    assert "does not extend the revision signed by gssc byte for byte" in said
    assert "signatory:gssc was signed over a different base" in said


def test_signature_with_another_persons_certificate_is_refused(submit, desk, journey):
    first = desk.sign(journey.prepared, desk.people[0], key=desk.people[1].key)
    second = desk.sign(first, desk.people[1])
    said = refusal(submit, revisions=[first, second], final_pdf=desk.conclude(second))
    assert "signatory:gssc was signed with another certificate" in said


def test_seal_in_place_of_a_persons_signature_is_refused(submit, desk, journey):
    first = desk.sign(journey.prepared, desk.people[0], key=desk.pki.seal)
    second = desk.sign(first, desk.people[1])
    said = refusal(submit, revisions=[first, second], final_pdf=desk.conclude(second))
    assert "never a person's consent" in said


def test_missing_signature_is_refused(submit, journey):
    said = refusal(submit, revisions=journey.revisions[:1], final_pdf=journey.revisions[0])
    assert "1 signed revisions for 2 signatories" in said
    assert "the last object is not a document timestamp" in said


def test_document_without_its_closing_timestamp_is_refused(submit, journey):
    seal = signatures_of(open_pdf(journey.final))[-2]
    sealed = journey.final[: int(seal.byte_range[2]) + int(seal.byte_range[3])]
    said = refusal(submit, final_pdf=sealed)
    assert "the last object is not a document timestamp" in said
    assert "signatory:gssc" in said


def test_another_approved_text_is_refused(submit, journey):
    said = refusal(submit, approved_pdf=journey.approved.replace(b"Memorandum", b"Manifest__"))
    assert "the prepared PDF does not extend the approved PDF byte for byte" in said


def test_unknown_seal_certificates_are_refused(submit, desk):
    said = refusal(submit, trust=TrustPolicy(roots=(desk.pki.root_pem,)))
    assert "not known which certificates the organisation seals with" in said


def test_another_organisations_seal_is_refused(submit, desk):
    trust = TrustPolicy(roots=(desk.pki.root_pem,), seal_certificates=("0" * 64,))
    assert "not by a certificate the organisation seals with" in refusal(submit, trust=trust)


@pytest.mark.parametrize("junk", [b"", b"junk", b"%PDF-1.7\n%%EOF\n"])
def test_junk_is_refused_and_never_a_crash(submit, junk):
    assert "cannot be read" in refusal(submit, final_pdf=junk)


def test_additional_attachment_in_preparation_is_refused(submit, desk, approved):
    extra = Attachment("extra.txt", "text/plain", b"x", "Extra", "Data")
    prepared = desk.prepare(approved, attachments=[extra])
    first = desk.sign(prepared, desk.people[0])
    second = desk.sign(first, desk.people[1])
    said = refusal(submit, prepared_pdf=prepared, revisions=[first, second], final_pdf=desk.conclude(second))
    assert "attached file extra.txt was not approved" in said
