"""Which revocation lists answer whether a certificate is revoked: whole, current ones, or parts that cover it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asn1crypto import crl
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from schemas.errors import Refused
from signing.issuing import Issuer, authority_extensions, certificate_for, signing_extensions
from signing.revocation import Evidence, gather
from tests.signing.conftest import NOW

YEAR, HOUR = timedelta(days=365), timedelta(hours=1)
KEY, LEAF_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
PLACE, ELSEWHERE = (x509.UniformResourceIdentifier(f"http://crl.example.org/{name}.crl") for name in ("1", "2"))
POINT = x509.DistributionPoint(full_name=[PLACE], relative_name=None, reasons=None, crl_issuer=None)


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


ROOT = certificate_for(None, KEY, named("Root"), NOW - YEAR, 9 * YEAR, authority_extensions(1))


def scope(**changes: object) -> x509.IssuingDistributionPoint:
    given = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(given | changes))


def listed(*extensions: x509.ExtensionType) -> bytes:
    builder = x509.CertificateRevocationListBuilder(ROOT.subject, NOW - HOUR, NOW + HOUR)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(KEY, SHA256()).public_bytes(Encoding.DER)


def without_next_update(content: bytes) -> bytes:
    """The list as its issuer would sign it without saying when the next one comes."""
    old = crl.CertificateList.load(content)
    kept = {name: old["tbs_cert_list"][name] for name in ("version", "signature", "issuer", "this_update")}
    told = crl.TbsCertList(kept)
    signature = KEY.sign(told.dump(), ec.ECDSA(SHA256()))
    algorithm = old["signature_algorithm"]
    return crl.CertificateList({"tbs_cert_list": told, "signature_algorithm": algorithm, "signature": signature}).dump()


def ask(content: bytes) -> Evidence:
    """Ask about a person's certificate whose list lies at PLACE, with nothing but this list at hand."""
    extensions = [*signing_extensions([], critical=False)[:2], (x509.CRLDistributionPoints([POINT]), False)]
    leaf = certificate_for(Issuer(KEY, ROOT), LEAF_KEY, named("A person"), NOW - YEAR, 2 * YEAR, extensions)
    return gather([leaf], anchors=[ROOT], given=Evidence(lists=(content,)), source=None, now=NOW)


@pytest.mark.parametrize(
    "extensions",
    [(), (scope(only_contains_user_certs=True),), (scope(full_name=[PLACE]),)],
    ids=["whole", "people", "its place"],
)
def test_a_list_that_covers_the_certificate_answers(extensions):
    content = listed(*extensions)
    assert ask(content).lists == (content,)


@pytest.mark.parametrize(
    "content",
    [
        without_next_update(listed()),
        listed(x509.DeltaCRLIndicator(7)),
        listed(scope(only_contains_ca_certs=True)),
        listed(scope(only_contains_attribute_certs=True)),
        listed(scope(indirect_crl=True)),
        listed(scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise]))),
        listed(scope(full_name=[ELSEWHERE])),
    ],
    ids=["no next update", "delta", "authorities", "attributes", "indirect", "some reasons", "elsewhere"],
)
def test_a_list_that_may_be_silent_on_the_certificate_does_not_answer(content):
    with pytest.raises(Refused, match="no current revocation list for a certificate"):
        ask(content)
