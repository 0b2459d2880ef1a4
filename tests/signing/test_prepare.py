from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from schemas.errors import InputError, Invalid, Refused, TimestampUnavailable
from signing.fields import CLOSING_SEAL, OPENING_SEAL, FieldPlace, form_fields
from signing.prepare import Attachment
from signing.read import attached_files
from signing.revision import open_pdf, signatures_of
from signing.timestamp import Timestamper

BOX = (72.0, 100.0, 272.0, 160.0)


def test_prepared_pdf_extends_the_approved_one(journey):
    assert journey.prepared.startswith(journey.approved)


def test_all_fields_exist_before_the_first_person_signs(journey):
    fields = form_fields(open_pdf(journey.prepared))
    assert [field.name for field in fields] == [OPENING_SEAL, "signatory:gssc", "signatory:chamber", "seal:closing"]
    assert {field.kind for field in fields} == {"/Sig"}
    assert [field.name for field in fields if field.filled] == [OPENING_SEAL]


def test_attachments_come_out_as_they_went_in(journey):
    found = attached_files(journey.prepared)
    assert found["agreement.json"] == b'{"title":"Memorandum"}'
    assert sorted(found) == ["agreement.docx", "agreement.json"]


def test_attachments_are_associated_with_the_document(journey):
    root = PdfFileReader(BytesIO(journey.prepared)).root
    relations = {str(entry.get_object()["/UF"]): entry.get_object()["/AFRelationship"] for entry in root["/AF"]}
    assert relations == {"agreement.json": "/Data", "agreement.docx": "/Source"}


def test_file_stays_within_pdf_17(journey):
    root = open_pdf(journey.final).root
    assert "/Version" not in root
    assert set(root["/Extensions"]) == {"/ESIC"}


def test_metadata_stays_as_approved(journey):
    before, after = open_pdf(journey.approved), open_pdf(journey.final)
    assert dict(before.trailer_view["/Info"]) == dict(after.trailer_view["/Info"])
    assert before.root["/Metadata"].data == after.root["/Metadata"].data


def test_opening_seal_certifies_and_leaves_signing_open(journey):
    (seal,) = signatures_of(open_pdf(journey.prepared))
    assert seal.field_name == OPENING_SEAL
    assert seal.docmdp_level.name == "FILL_FORMS"


def test_prepared_document_is_not_prepared_again(desk, journey):
    with pytest.raises(Refused, match="signed already"):
        desk.prepare(journey.prepared)


@pytest.mark.parametrize(
    "place",
    [FieldPlace("gssc", 2, BOX), FieldPlace("gssc", -1, BOX), FieldPlace("gssc", 0, (200.0, 100.0, 100.0, 160.0))],
)
def test_field_outside_the_document_is_told(desk, approved, place):
    with pytest.raises(InputError, match="cannot be placed"):
        desk.prepare(approved, fields=[place])


@pytest.mark.parametrize("identifier", ["", "a.b", " a"])
def test_id_that_cannot_name_a_field_is_told(desk, approved, identifier):
    with pytest.raises(InputError, match="cannot name a signature field"):
        desk.prepare(approved, fields=[FieldPlace(identifier, 0, BOX)])


def test_signatory_or_attachment_named_twice_is_told(desk, approved):
    with pytest.raises(InputError, match="signatory is named twice"):
        desk.prepare(approved, fields=[FieldPlace("gssc", 0, BOX), FieldPlace("gssc", 1, BOX)])
    same = Attachment("a.json", "application/json", b"{}", "Data", "Data")
    with pytest.raises(InputError, match="attachment is named twice"):
        desk.prepare(approved, attachments=[same, same])


def test_document_nobody_has_to_sign_gets_the_seals_only(desk, approved):
    prepared = desk.prepare(approved, fields=[])
    assert [field.name for field in form_fields(open_pdf(prepared))] == [OPENING_SEAL, CLOSING_SEAL]


def test_expired_seal_does_not_seal(desk, approved):
    desk.clock.tick(days=6 * 365)
    with pytest.raises(Refused, match="expired"):
        desk.prepare(approved)


def test_no_timestamp_means_no_seal(desk, approved):
    class Silent(Timestamper):
        async def exchange(self, request):
            raise self._unavailable("did not answer", "silence")

    with pytest.raises(TimestampUnavailable):
        desk.prepare(approved, timestamper=Silent())


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7", b"PK\x03\x04", b"%PDF-1.7\n%%EOF\n"])
def test_junk_is_not_prepared(desk, junk):
    with pytest.raises(Invalid):
        desk.prepare(junk)


def test_stale_revocation_list_is_refused(desk, approved):
    lists = desk.pki.revocation_lists(desk.clock.now + timedelta(days=1))
    trust = desk.pki.trust(desk.clock.now)
    future = type(trust)(trust.roots, lists, trust.seal_certificates)
    with pytest.raises(Refused, match="not known whether"):
        desk.prepare(approved, trust=future)
