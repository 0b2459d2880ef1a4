from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from schemas.errors import GateRefused, Refused
from schemas.evidence import SignatoryId, Verdict, digest_of
from schemas.policy import SignaturePolicy
from schemas.signature import LEVELS, LegalEffect, Level, SigningWay
from signing.evidence_records import EFFECTS, reason_for
from signing.fields import signatory_field
from signing.gate import ExpectedSignature, admit, admit_renewal
from signing.prepare import Attachment
from signing.preserve import preserve
from signing.reasons import GateReason
from signing.revision import append_signature, open_pdf, signatures_of, writer_on
from signing.trust import TrustPolicy

GSSC, CHAMBER = SignatoryId("gssc"), SignatoryId("chamber")


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


def further_timestamp(desk, pdf) -> bytes:
    """Return an archived PDF with validation data and one more document timestamp."""
    return preserve(
        pdf,
        timestamper=desk.timestamper,
        field="timestamp:later",
        label="Further timestamp",
        trust=desk.trust,
        now=desk.clock.now,
    )


def refusal(submit, **changes) -> tuple[str, ...]:
    """Return the names of the reasons for which the gate refuses."""
    with pytest.raises(GateRefused) as caught:
        submit(**changes)
    return caught.value.reasons


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
    assert {GateReason.FIELD_ADDED, GateReason.SIGNATURE_UNEXPECTED} <= set(said)


def test_new_text_field_is_refused(submit, desk, journey):
    def add_text(writer):
        form = writer.root["/AcroForm"]
        names = {"/FT": pdf_name("/Tx"), "/T": pdf_string("price"), "/V": pdf_string("1 EUR")}
        field = generic.DictionaryObject({pdf_name(key): value for key, value in names.items()})
        form["/Fields"].append(writer.add_object(field))
        writer.update_container(form["/Fields"])

    said = refusal(submit, **tampered_journey(desk, journey, add_text))
    assert {GateReason.FIELD_ADDED, GateReason.FIELD_KIND} <= set(said)


def test_changed_value_of_another_field_is_refused(submit, desk, journey):
    def touch_other(writer):
        for reference in writer.root["/AcroForm"]["/Fields"]:
            field = reference.get_object()
            if field["/T"] == "signatory:chamber":
                field["/TU"] = pdf_string("Signature of Mallory")
                writer.mark_update(reference)

    said = refusal(submit, **tampered_journey(desk, journey, touch_other))
    assert GateReason.FIELD_ALTERED in said


def test_changed_document_information_is_refused(submit, desk, journey):
    def retitle(writer):
        information = writer.trailer["/Info"]
        information["/Title"] = pdf_string("Deed of gift")
        writer.update_container(information)

    assert GateReason.INFORMATION in refusal(submit, **tampered_journey(desk, journey, retitle))


def test_changed_page_is_refused(submit, desk, journey):
    def redraw(writer):
        content = writer.root["/Pages"]["/Kids"][0].get_object().raw_get("/Contents")
        stream = content.get_object()
        stream._data = b"0.5 w 72 700 200 60 re S"
        stream._encoded_data = None
        writer.mark_update(content)

    said = refusal(submit, **tampered_journey(desk, journey, redraw))
    assert {GateReason.PAGE_CHANGED, GateReason.FOREIGN_CHANGE, GateReason.APPEARANCE} <= set(said)


def test_replaced_attachment_is_refused(submit, desk, journey):
    def replace(writer):
        for reference in writer.root["/AF"]:
            embedded = reference.get_object()["/EF"].raw_get("/F")
            if reference.get_object()["/UF"] == "agreement.json":
                stream = embedded.get_object()
                stream._data, stream._encoded_data = b'{"title":"Deed"}', None
                writer.mark_update(embedded)

    assert GateReason.ATTACHMENT_CHANGED in refusal(submit, **tampered_journey(desk, journey, replace))


def test_document_prepared_with_another_attachment_is_refused(submit, journey):
    one_more = ATTACHED | {"annex.pdf": digest_of(b"")}
    assert refusal(submit, attachments=one_more) == (GateReason.ATTACHMENT_MISSING,)
    one_less = {"agreement.json": ATTACHED["agreement.json"]}
    assert refusal(submit, attachments=one_less) == (GateReason.ATTACHMENT_ADDED,)


def test_junk_after_the_end_is_refused(submit, journey):
    said = refusal(submit, final_pdf=journey.final + b"\n% nothing to see here\n")
    assert {GateReason.UNCOVERED_BYTES, GateReason.FINDING} <= set(said)


def test_swapped_order_is_refused(submit, desk, journey):
    first = desk.sign(journey.prepared, desk.people[1])
    second = desk.sign(first, desk.people[0])
    said = refusal(submit, revisions=[first, second], final_pdf=desk.conclude(second))
    assert {GateReason.SIGNING_ORDER, GateReason.OTHER_BASE} <= set(said)


def test_signature_over_a_different_base_is_refused(submit, desk, journey):
    other = desk.sign(journey.prepared, desk.people[0], stamp=None)
    second = desk.sign(other, desk.people[1])
    said = refusal(submit, revisions=[journey.revisions[0], second], final_pdf=desk.conclude(second))
    assert {GateReason.NOT_AN_EXTENSION, GateReason.OTHER_BASE} <= set(said)


def test_signature_with_another_persons_certificate_is_refused(submit, desk, journey):
    first = desk.sign(journey.prepared, desk.people[0], key=desk.people[1].key)
    second = desk.sign(first, desk.people[1])
    said = refusal(submit, revisions=[first, second], final_pdf=desk.conclude(second))
    assert said == (GateReason.OTHER_CERTIFICATE,)


def test_seal_in_place_of_a_persons_signature_is_refused(submit, desk, journey):
    first = desk.sign(journey.prepared, desk.people[0], key=desk.pki.seal)
    second = desk.sign(first, desk.people[1])
    said = refusal(submit, revisions=[first, second], final_pdf=desk.conclude(second))
    assert {GateReason.OTHER_CERTIFICATE, GateReason.NOT_VALID} <= set(said)


def test_missing_signature_is_refused(submit, journey):
    said = refusal(submit, revisions=journey.revisions[:1], final_pdf=journey.revisions[0])
    assert {GateReason.SIGNATURE_MISSING, GateReason.LAST_MARK} <= set(said)


def test_document_without_its_closing_timestamp_is_refused(submit, journey):
    seal = signatures_of(open_pdf(journey.final))[-2]
    sealed = journey.final[: int(seal.byte_range[2]) + int(seal.byte_range[3])]
    said = refusal(submit, final_pdf=sealed)
    assert {GateReason.LAST_MARK, GateReason.NOT_VALID} <= set(said)


def test_another_approved_text_is_refused(submit, journey):
    said = refusal(submit, approved_pdf=journey.approved.replace(b"Memorandum", b"Manifest__"))
    assert GateReason.NOT_AN_EXTENSION in said


def test_unknown_seal_certificates_are_refused(submit, desk):
    said = refusal(submit, trust=TrustPolicy(roots=(desk.pki.root_pem,)))
    assert GateReason.SEALS_UNKNOWN in said


def test_another_organisations_seal_is_refused(submit, desk):
    trust = TrustPolicy(roots=(desk.pki.root_pem,), seal_certificates=("0" * 64,))
    assert refusal(submit, trust=trust) == (GateReason.NOT_VALID,)


@pytest.mark.parametrize("junk", [b"", b"junk", b"%PDF-1.7\n%%EOF\n"])
def test_junk_is_refused_and_never_a_crash(submit, junk):
    assert GateReason.UNREADABLE in refusal(submit, final_pdf=junk)


def test_additional_attachment_in_preparation_is_refused(submit, desk, approved):
    extra = Attachment("extra.txt", "text/plain", b"x", "Extra", "Data")
    prepared = desk.prepare(approved, attachments=[extra])
    first = desk.sign(prepared, desk.people[0])
    second = desk.sign(first, desk.people[1])
    said = refusal(submit, prepared_pdf=prepared, revisions=[first, second], final_pdf=desk.conclude(second))
    assert GateReason.ATTACHMENT_ADDED in said


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_document_of_every_level_passes_at_that_level_and_at_no_higher_one(submit, desk, journey, level):
    desk.clock.tick(minutes=1)
    final = desk.conclude(journey.revisions[-1], level=level)
    trust = desk.trust
    report = submit(final_pdf=final, policy=SignaturePolicy(level=level), trust=trust)
    assert report.level == level
    for higher in LEVELS[LEVELS.index(level) + 1 :]:
        said = refusal(submit, final_pdf=final, policy=SignaturePolicy(level=higher), trust=trust)
        assert GateReason.LEVEL in said


def test_document_of_level_b_b_is_refused_where_a_time_is_asked_for(submit, desk, journey):
    first = desk.sign(journey.prepared, desk.people[0], level=Level.BASIC)
    second = desk.sign(first, desk.people[1], level=Level.BASIC)
    given = {"revisions": [first, second], "final_pdf": desk.conclude(second, level=Level.BASIC), "trust": desk.trust}
    assert submit(**given, policy=SignaturePolicy(level=Level.BASIC)).level == Level.BASIC
    assert GateReason.LEVEL in refusal(submit, **given, policy=SignaturePolicy(level=Level.TIME))


ROUNDS = {
    "both at once": ((GSSC, CHAMBER),),
    "one after the other": ((GSSC,), (CHAMBER,)),
    "the other way round": ((CHAMBER,), (GSSC,)),
}


@pytest.fixture
def signing_begun_by(desk, journey):
    """Let both sign, beginning with the one or the other."""

    def signed(first: int) -> dict:
        expected, revisions, current = [], [], journey.prepared
        for place in (first, 1 - first):
            current = desk.sign(current, desk.people[place])
            revisions.append(current)
            expected.append(expectations(desk)[place])
        return {"revisions": revisions, "final_pdf": desk.conclude(current), "expected": expected}

    return signed


@pytest.mark.parametrize(
    ("rounds", "first", "named"),
    [
        ("both at once", 0, None),
        ("both at once", 1, None),
        ("one after the other", 0, None),
        ("one after the other", 1, GateReason.ROUND_ORDER),
        ("the other way round", 0, GateReason.ROUND_ORDER),
    ],
)
def test_order_is_free_within_a_round_and_fixed_between_rounds(signing_begun_by, submit, rounds, first, named):
    given = signing_begun_by(first)
    if named is None:
        assert submit(**given, rounds=ROUNDS[rounds]).verdict is Verdict.VALID
    else:
        assert refusal(submit, **given, rounds=ROUNDS[rounds]) == (named,)


def test_signatory_of_a_round_without_a_signature_is_missed(submit):
    said = refusal(submit, rounds=((GSSC,), (CHAMBER,), (SignatoryId("third"),)))
    assert said == (GateReason.SIGNATURE_MISSING,)


def test_signatory_of_no_round_is_not_expected(submit):
    assert GateReason.SIGNATURE_UNEXPECTED in refusal(submit, rounds=((GSSC,),))


RECORD = digest_of(b"the record")


@pytest.fixture(params=[SigningWay.CLICK, SigningWay.PAPER], ids=str)
def recorded(request, desk, journey):
    """The first signatory's field is filled by the organisation's seal, for a record of what the person did."""
    way = request.param
    reason = reason_for(way, RECORD)
    first = desk.sign(journey.prepared, desk.people[0], key=desk.pki.seal, reason=reason)
    second = desk.sign(first, desk.people[1])
    certificate = desk.pki.seal.certificate_digest
    entry = ExpectedSignature(GSSC, signatory_field(GSSC), certificate, way, EFFECTS[way], RECORD)
    given = {"revisions": [first, second], "final_pdf": desk.conclude(second)}
    return entry, given | {"expected": [entry, expectations(desk)[1]]}


def test_seal_stands_for_a_person_whose_record_the_ledger_has(submit, recorded):
    entry, given = recorded
    report = submit(**given)
    assert report.signatures[1].effect is entry.effect


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"evidence": digest_of(b"another record")}, {GateReason.RECORD_MISSING}),
        ({"way": SigningWay.PKCS12, "evidence": None}, {GateReason.RECORD_MISSING}),
        ({"effect": LegalEffect.ADES}, {GateReason.OTHER_EFFECT}),
        ({"certificate": digest_of(b"")}, {GateReason.OTHER_CERTIFICATE}),
    ],
    ids=["another record", "no record", "another effect", "another certificate"],
)
def test_seal_in_a_persons_field_is_refused_where_the_ledger_says_otherwise(submit, recorded, change, named):
    entry, given = recorded
    changed = [replace(entry, **change), given["expected"][1]]
    assert set(refusal(submit, **given | {"expected": changed})) == named


def test_person_whose_signature_names_no_record_did_not_click(submit, desk):
    first, second = expectations(desk)
    clicked = replace(first, way=SigningWay.CLICK, effect=LegalEffect.SES, evidence=RECORD)
    said = set(refusal(submit, expected=[clicked, second]))
    assert said == {GateReason.RECORD_MISSING, GateReason.OTHER_EFFECT}


def test_way_that_the_policy_does_not_accept_is_refused(submit, recorded):
    _, given = recorded
    policy = SignaturePolicy(ways=(SigningWay.PKCS12, SigningWay.UPLOAD))
    assert refusal(submit, **given, policy=policy) == (GateReason.WAY_NOT_ACCEPTED,)


def test_every_reason_has_a_name_and_a_sentence_of_its_own():
    assert len({reason.value for reason in GateReason}) == len({reason.sentence for reason in GateReason})
    assert all(reason.sentence and reason.value == str(reason) for reason in GateReason)


def test_refusal_tells_names_and_sentences(submit, journey):
    with pytest.raises(GateRefused) as caught:
        submit(attachments={})
    assert caught.value.reasons == ("attachment added",)
    assert "(1) a file is attached that was not approved: agreement.docx; (2)" in caught.value.what


def test_document_renewed_by_a_further_timestamp_is_admitted(desk, journey):
    desk.clock.now = journey.finished + timedelta(days=30)
    renewed = further_timestamp(desk, journey.final)
    report = admit_renewal(journey.final, renewed, policy=SignaturePolicy(), trust=desk.trust, now=desk.clock.now)
    assert (report.verdict, report.level) == (Verdict.VALID, Level.ARCHIVE)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda base, renewed: base + b"%" + renewed[len(base) :], GateReason.UNREADABLE),
        (lambda base, renewed: base, GateReason.NOT_AN_EXTENSION),
        (lambda base, renewed: renewed[: len(base) - 9] + b"%" + renewed[len(base) - 8 :], GateReason.NOT_AN_EXTENSION),
        (lambda base, renewed: renewed + b"\n", GateReason.UNCOVERED_BYTES),
    ],
    ids=["shifted", "nothing new", "another base", "bytes after"],
)
def test_renewal_that_is_anything_else_is_refused(desk, journey, spoil, named):
    desk.clock.now = journey.finished + timedelta(days=30)
    renewed = spoil(journey.final, further_timestamp(desk, journey.final))
    with pytest.raises(GateRefused) as caught:
        admit_renewal(journey.final, renewed, policy=SignaturePolicy(), trust=desk.trust, now=desk.clock.now)
    assert named in caught.value.reasons
