"""Private keys are parsed when their file is opened, and never again: of an RSA key that is most of a signature."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import keys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.issuing import certificate_for, subject_name
from signing.keys import SigningKey, as_asn1

NOW = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture
def parses(monkeypatch):
    """Every private key that is parsed from DER."""
    counted, load = [], serialization.load_der_private_key

    def counting(content, *arguments, **particulars):
        counted.append(len(content))
        return load(content, *arguments, **particulars)

    monkeypatch.setattr(serialization, "load_der_private_key", counting)
    return counted


@pytest.fixture(scope="module", params=["rsa", "ec"])
def key(request):
    if request.param == "rsa":
        return rsa.generate_private_key(65537, 3072)
    return ec.generate_private_key(ec.SECP256R1())


def certificate(key):
    return certificate_for(None, key, subject_name("Ana", "X"), NOW, timedelta(days=1), [])


def test_three_signatures_parse_no_key(key, parses):
    signer = SigningKey.of(key, certificate(key)).signer
    values = [asyncio.run(signer.async_sign_raw(b"agreed", "sha256")) for _ in range(3)]
    assert len(values) == 3
    assert parses == []


def test_the_librarys_own_signer_parses_the_key_at_every_signature(key, parses):
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    own = SimpleSigner(as_asn1(certificate(key)), keys.PrivateKeyInfo.load(der), SimpleCertificateStore())
    for _ in range(3):
        asyncio.run(own.async_sign_raw(b"agreed", "sha256"))
    assert len(parses) == 3
