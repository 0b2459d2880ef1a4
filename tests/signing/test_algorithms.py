from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signing.algorithms import BROKEN_SINCE, LEGACY_ENDS, relied_on_until
from signing.issuing import certificate_for, subject_name
from signing.keys import as_asn1

NOW = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)


def certificate(key):
    return as_asn1(certificate_for(None, key, subject_name("Authority", "X"), NOW, timedelta(days=1), []))


@pytest.fixture(scope="module")
def p256():
    return certificate(ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_what_is_agreed_on_has_no_end(p256, digest):
    assert relied_on_until(p256, digest) is None


@pytest.mark.parametrize(("digest", "end"), [("sha1", BROKEN_SINCE), ("md5", BROKEN_SINCE), ("sha224", LEGACY_ENDS)])
def test_a_weak_digest_has_an_end(p256, digest, end):
    assert relied_on_until(p256, digest) == end


@pytest.mark.parametrize(("bits", "end"), [(2048, LEGACY_ENDS), (3072, None)])
def test_a_short_rsa_key_has_an_end(bits, end):
    assert relied_on_until(certificate(rsa.generate_private_key(65537, bits)), "sha256") == end


def test_the_earliest_end_counts():
    short = certificate(rsa.generate_private_key(65537, 2048))
    assert relied_on_until(short, "sha1") == BROKEN_SINCE
