from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.errors import GateRefused, InputError, Invalid, Unavailable
from schemas.evidence import digest_of
from schemas.signature import LegalEffect
from signing.demonstration import create_demonstration_pki
from signing.fields import signatory_field
from signing.gate import ExpectedSignature, admit
from signing.issuing import subject_name
from signing.keys import as_asn1
from signing.revision import append_signature, writer_on
from signing.trusted_list import TrustedList, effect_of
from signing.validate import validate
from tests.signing.conftest import ATTACHMENTS, NOW
from tests.signing.trusted_lists import COMPLIANCE, DEVICE, FOR_SEALING, FOR_SIGNING, Operator, qualified

NAME = subject_name("Signatory of GSSC", "GSSC")


@pytest.fixture(scope="module")
def operator():
    return Operator(NOW)


@pytest.fixture(scope="module")
def key(session_desk):
    return qualified(session_desk.pki.issuing, NAME, NOW, COMPLIANCE, DEVICE, FOR_SIGNING)


@pytest.fixture(scope="module")
def published(operator, session_desk):
    return operator.publish(session_desk.pki.issuing.certificate)


def judge(key, *lists, at=NOW + timedelta(hours=1), now=NOW + timedelta(hours=1)):
    return effect_of(key.asn1_certificate, map(as_asn1, key.chain), lists, at=at, now=now)


def test_a_certificate_of_a_granted_service_with_its_key_in_a_qualified_device_makes_a_qualified_signature(
    key, published
):
    found = judge(key, published)
    assert (found.effect, found.reason) == (LegalEffect.QES, "qualified by the trusted list of CZ")


def test_without_a_list_a_signature_is_advanced(key):
    found = judge(key)
    assert (found.effect, found.reason) == (LegalEffect.ADES, "no trusted list is at hand")


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ((), "does not say that it is a qualified certificate"),
        ((DEVICE, FOR_SIGNING), "does not say that it is a qualified certificate"),
        ((COMPLIANCE, FOR_SIGNING), "not known to be in a qualified signature creation device"),
        ((COMPLIANCE, DEVICE, FOR_SEALING), "no service on the trusted list of CZ was granted"),
    ],
    ids=["none", "no-qc", "no-device", "seal"],
)
def test_what_a_certificate_does_not_say_of_itself_is_named(session_desk, published, statements, said):
    found = judge(qualified(session_desk.pki.issuing, NAME, NOW, *statements), published)
    assert found.effect is LegalEffect.ADES
    assert said in found.reason


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "withdrawn"}, "was granted for its issuer when it signed"),
        ({"since": NOW + timedelta(days=1)}, "was granted for its issuer when it signed"),
        ({"following": NOW}, "is stale since 2025-11-22, so it is not known to be qualified"),
        ({"service": "http://uri.etsi.org/TrstSvc/Svctype/CA/PKC"}, "was granted for its issuer when it signed"),
    ],
    ids=["withdrawn", "too-late", "stale", "not-qualified"],
)
def test_what_a_list_does_not_say_is_named(session_desk, operator, key, changes, said):
    found = judge(key, operator.publish(session_desk.pki.issuing.certificate, **changes))
    assert found.effect is LegalEffect.ADES
    assert said in found.reason


def test_an_authority_that_is_not_on_the_list_makes_no_qualified_signature(session_desk, operator, key):
    found = judge(key, operator.publish(session_desk.pki.timestamp.certificate))
    assert found.effect is LegalEffect.ADES
    assert "was granted for its issuer" in found.reason


def test_a_list_that_the_pinned_operator_did_not_sign_is_none(published, key):
    forged = replace(published, signer=Operator(NOW).pem)
    with pytest.raises(Invalid, match="not signed by the certificate that was pinned"):
        _ = forged.content
    found = judge(key, forged)
    assert found.effect is LegalEffect.ADES
    assert "cannot be relied on" in found.reason


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"granted", b"Granted"), (b"<SchemeTerritory>CZ", b"<SchemeTerritory>SK"), (b"2026-04-21", b"2036-04-21")],
    ids=["status", "territory", "next-update"],
)
def test_a_list_with_one_word_changed_is_none(published, old, new):
    assert old in published.xml
    with pytest.raises(Invalid, match="not signed"):
        _ = TrustedList("CZ", published.xml.replace(old, new, 1), published.signer).content


@pytest.mark.parametrize(
    "xml", [b"", b"junk", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'], ids=["empty", "junk", "other", "dtd"]
)
def test_what_is_no_list_is_invalid(operator, xml):
    with pytest.raises(Invalid):
        _ = TrustedList("CZ", xml, operator.pem).content


def test_an_operator_that_cannot_be_read_is_an_input_error(published):
    with pytest.raises(InputError, match="operator's certificate"):
        _ = replace(published, signer="nonsense").content


def test_validation_says_that_a_signature_is_qualified_and_the_others_are_not(desk, journey, key, published):
    signed = desk.sign(journey.prepared, desk.people[0], key=key)
    signed = desk.sign(signed, desk.people[1])
    final = desk.conclude(signed)
    trust = replace(desk.trust, trusted_lists=(published,))
    effects = {mark.field: mark.effect for mark in validate(final, trust, now=desk.clock.now).signatures}
    assert effects == {
        "seal:opening": LegalEffect.SEAL,
        "signatory:gssc": LegalEffect.QES,
        "signatory:chamber": LegalEffect.ADES,
        "seal:closing": LegalEffect.SEAL,
        "timestamp:closing": LegalEffect.TIMESTAMP,
    }


def test_a_stale_list_is_no_refusal_for_good_and_a_newer_one_lets_the_document_in(desk, journey, key, operator):
    first = desk.sign(journey.prepared, desk.people[0], key=key)
    second = desk.sign(first, desk.people[1])
    effects = (LegalEffect.QES, LegalEffect.ADES)
    keys = (key, desk.people[1].key)
    issuer, later = desk.pki.issuing.certificate, desk.clock.now + timedelta(days=200)

    def bring(**changes):
        trust = replace(desk.trust, trusted_lists=(operator.publish(issuer, **changes),))
        return admit(
            approved_pdf=journey.approved,
            prepared_pdf=journey.prepared,
            revisions=(first, second),
            final_pdf=desk.conclude(second),
            expected=[
                ExpectedSignature(person.id, signatory_field(person.id), key.certificate_digest, effect=effect)
                for person, key, effect in zip(desk.people, keys, effects, strict=True)
            ],
            attachments={entry.name: digest_of(entry.content) for entry in ATTACHMENTS},
            trust=trust,
            now=later,
        )

    with pytest.raises(Unavailable, match="a trusted list is stale") as caught:
        bring()
    assert "convenio keys trusted-list" in caught.value.remedy
    assert bring(following=later + timedelta(days=1)).signatures[1].effect is LegalEffect.QES
    with pytest.raises(GateRefused, match="what a signature legally is differs"):
        bring(following=later + timedelta(days=1), status="withdrawn")


def test_the_time_in_a_token_of_nobody_trusted_makes_no_signature_qualified(desk, journey, key, operator, tmp_path):
    """The token, by an authority nobody trusts, claims a time when the issuer is granted; it is not yet."""
    now, claimed = desk.clock.now, desk.clock.now + timedelta(days=10)
    stranger = create_demonstration_pki(tmp_path / "pki", organisation="X", passphrase=b"pw", now=now)
    pdf = append_signature(
        writer_on(journey.prepared),
        field=signatory_field("gssc"),
        key=key,
        timestamper=stranger.timestamper(lambda: claimed),
        now=now,
        reason="Agreed",
    )
    granted_later = operator.publish(desk.pki.issuing.certificate, since=now + timedelta(days=5))
    mark = validate(pdf, replace(desk.trust, trusted_lists=(granted_later,)), now=now).signatures[-1]
    assert (mark.level, mark.timestamped, mark.signed_at) == ("B-B", False, now)
    assert mark.effect is LegalEffect.ADES


def test_validation_says_why_a_signature_is_not_known_to_be_qualified_any_more(desk, journey, key, published):
    signed = desk.sign(journey.prepared, desk.people[0], key=key)
    trust = replace(desk.trust, trusted_lists=(published,))
    report = validate(signed, trust, now=desk.clock.now + timedelta(days=200))
    mark = next(mark for mark in report.signatures if mark.field == "signatory:gssc")
    assert mark.effect is LegalEffect.ADES
    assert "the trusted list of CZ is stale since 2026-04-21" in mark.reason
