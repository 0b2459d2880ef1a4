from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from hypothesis import given, settings, strategies as st

from schemas.errors import ConvenioError, InputError, Refused
from schemas.evidence import digest_of
from signing.keys import SigningKey, as_asn1, bears_name, emails_in, load_pkcs12

NOW = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)


def certificate_for(key, *, start=NOW - timedelta(days=1), end=NOW + timedelta(days=365)) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ana")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(end)
    )
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


CN, GN, SN, ORG = NameOID.COMMON_NAME, NameOID.GIVEN_NAME, NameOID.SURNAME, NameOID.ORGANIZATION_NAME


def subject_of(key, names) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW, NOW + timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("names", "own"),
    [
        ([(CN, "Jan Novák")], True),
        ([(CN, "NOVÁK  Jan")], True),
        ([(CN, "Novák, Jan")], True),
        ([(CN, "Jan Nova\u0301k")], True),
        ([(CN, "PNOCZ-1"), (SN, "Novák"), (GN, "Jan")], True),
        ([(CN, "Jan Nováková")], False),
        ([(CN, "Jan Novák Starší")], False),
        ([(CN, "Novák")], False),
        ([(CN, "Petr Dvořák"), (ORG, "Jan Novák")], False),
        ([(ORG, "Jan Novák")], False),
        ([(GN, "Jan"), (SN, "Nováková")], False),
        ([(CN, "Jan Novák"), (CN, "Petr Dvořák")], False),
        ([], False),
    ],
)
def test_a_certificate_names_a_person_by_the_whole_name_only(p256, names, own):
    assert bears_name(subject_of(p256, names), "Jan Novák") is own
    assert not bears_name(subject_of(p256, names), " ")


def pkcs12(key, certificate, passphrase=b"pw") -> bytes:
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return serialize_key_and_certificates(b"Ana", key, certificate, None, lock)


@pytest.fixture(scope="module")
def p256():
    return ec.generate_private_key(ec.SECP256R1())


def test_key_is_loaded_with_its_certificate_digest(p256):
    certificate = certificate_for(p256)
    key = load_pkcs12(pkcs12(p256, certificate), b"pw", now=NOW)
    assert key.certificate_digest == digest_of(as_asn1(certificate).dump())
    assert emails_in(key.certificate) == ()
    assert not key.is_demonstration


def test_file_without_passphrase_is_loaded(p256):
    content = pkcs12(p256, certificate_for(p256), passphrase=None)
    assert load_pkcs12(content, None, now=NOW).subject == "Ana"


@pytest.mark.parametrize("passphrase", [b"wrong", None, b""])
def test_wrong_passphrase_is_told_from_a_broken_file(p256, passphrase):
    with pytest.raises(InputError, match="passphrase"):
        load_pkcs12(pkcs12(p256, certificate_for(p256)), passphrase, now=NOW)


def test_something_else_than_pkcs12_is_told(p256):
    with pytest.raises(InputError, match="not a PKCS#12"):
        load_pkcs12(b"%PDF-1.7", b"pw", now=NOW)


def test_an_empty_file_is_told():
    with pytest.raises(InputError) as refused:
        load_pkcs12(b"", None, now=NOW)
    assert (refused.value.what, refused.value.got) == ("the file is empty", None)


def test_file_without_a_private_key_is_told(p256):
    content = serialize_key_and_certificates(
        b"Ana", None, None, [certificate_for(p256)], BestAvailableEncryption(b"pw")
    )
    with pytest.raises(InputError, match="no private key"):
        load_pkcs12(content, b"pw", now=NOW)


def test_key_of_another_certificate_is_told(p256):
    other = certificate_for(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises((InputError, ValueError)) as caught:
        load_pkcs12(pkcs12(p256, other), b"pw", now=NOW)
    assert isinstance(caught.value, InputError) or "match" in str(caught.value).lower()


def test_expired_certificate_is_refused_with_its_last_day(p256):
    content = pkcs12(p256, certificate_for(p256, end=NOW - timedelta(hours=1)))
    with pytest.raises(Refused, match="expired") as caught:
        load_pkcs12(content, b"pw", now=NOW)
    assert "2025-11-22 08:30" in str(caught.value)


def test_certificate_of_tomorrow_is_refused(p256):
    content = pkcs12(p256, certificate_for(p256, start=NOW + timedelta(days=1)))
    with pytest.raises(Refused, match="not valid yet"):
        load_pkcs12(content, b"pw", now=NOW)


def test_short_rsa_key_is_refused_with_its_length():
    key = rsa.generate_private_key(65537, 2048)
    with pytest.raises(Refused, match="too short") as caught:
        load_pkcs12(pkcs12(key, certificate_for(key)), b"pw", now=NOW)
    assert "2048" in str(caught.value)


def test_rsa_3072_signs():
    key = rsa.generate_private_key(65537, 3072)
    assert load_pkcs12(pkcs12(key, certificate_for(key)), b"pw", now=NOW).subject == "Ana"


def test_edwards_key_is_refused_with_the_reason():
    key = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(Refused, match="Edwards"):
        load_pkcs12(pkcs12(key, certificate_for(key)), b"pw", now=NOW)


def test_curve_outside_the_nist_ones_is_refused():
    key = ec.generate_private_key(ec.SECP256K1())
    with pytest.raises(Refused, match="curve"):
        SigningKey.of(key, certificate_for(key))


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_damaged_file_is_refused_or_the_same_key(position, bit):
    content = bytearray(DAMAGED)
    content[position % len(content)] ^= 1 << bit
    try:
        key = load_pkcs12(bytes(content), b"pw", now=NOW)
    except ConvenioError:
        return
    assert key.subject == "Ana"


_key = ec.generate_private_key(ec.SECP256R1())
DAMAGED = pkcs12(_key, certificate_for(_key))
