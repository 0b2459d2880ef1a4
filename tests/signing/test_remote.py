"""Remote signing by the CSC API: signatures through a real server, and every refusal and fault by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from schemas.errors import ConvenioError, InputError, Refused, SignerUnavailable
from schemas.evidence import Verdict
from signing.preserve import informed_about
from signing.remote import RemoteCredential, remote_key
from signing.revision import open_pdf, signatures_of
from signing.run import run
from signing.validate import validate
from tests import csc
from tests.authorities import Authorities, authorities
from tests.csc import Fault, Service
from tests.signing.conftest import Desk, build_pdf

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def net(tmp_path_factory) -> Iterator[Authorities]:
    with authorities(tmp_path_factory.mktemp("net"), rsa=["chamber"]) as running:
        yield running


@pytest.fixture(scope="module")
def remote(net) -> Iterator[Service]:
    with csc.service(net) as running:
        yield running


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("label", "version"), [("gssc", "v1"), ("chamber", "v1"), ("gssc", "v2")], ids=["P-256", "RSA", "v2"]
)
def test_signatory_signs_at_a_trust_service(desk: Desk, net, remote, label, version):
    trust, now = net.trust(), datetime.now(UTC)
    given = {"timestamper": net.timestamper(), "trust": trust, "now": now}
    prepared = desk.prepare(build_pdf(), seal=net.key("seal"), **given)
    key = remote_key(remote.credential(label, version), now=now)
    assert key.certificate == net.certificate(label)
    signed = desk.sign(prepared, replace(desk.people[0], key=key), **given)
    mark = signatures_of(open_pdf(signed))[-1]
    assert mark.signer_cert.dump() == key.asn1_certificate.dump()
    assert validate(signed, informed_about(signed, trust, now=now), now=now).signatures[-1].verdict is Verdict.VALID


def test_no_secret_is_shown(remote):
    shown = repr(remote.credential("gssc", activation="activation data"))
    for secret in (csc.TOKEN, csc.PIN, csc.OTP, "activation data"):
        assert secret not in shown


REFUSALS = {
    "unknown credential": ({"credential": "net/nobody"}, "knows no such credential"),
    "another service's": ({"credential": "elsewhere/gssc"}, "knows no such credential"),
    "wrong token": ({"token": "another"}, "knows no such credential"),
    "no token": ({"token": None}, "knows no such credential"),
    "wrong PIN": ({"pin": "0000"}, "refused to authorise the signature"),
    "no OTP": ({"otp": None}, "refused to authorise the signature"),
    "stale activation": ({"activation": "AAAA"}, "refused to sign"),
}


@pytest.mark.parametrize(("change", "sentence"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_of_the_service_has_its_own_sentence(remote, now, change, sentence):
    credential = replace(remote.credential("gssc"), **change)
    with pytest.raises(Refused, match=sentence) as caught:
        run(remote_key(credential, now=now).signer.async_sign_raw(b"data", "sha256"))
    assert not isinstance(caught.value, SignerUnavailable)
    for secret in (csc.TOKEN, csc.PIN, csc.OTP):
        assert secret not in str(caught.value)


def test_what_the_service_says_is_shown(remote, now):
    with pytest.raises(Refused) as caught:
        run(remote_key(remote.credential("gssc", pin="0000"), now=now).signer.async_sign_raw(b"data", "sha256"))
    assert "Invalid parameter PIN" in caught.value.got


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault.DISABLED, "the key at the trust service is disabled"),
        (Fault.REDIRECT, "authorises each signature on a page of its own"),
        (Fault.OTHER_ALGORITHMS, "does not sign in a way that readers verify"),
    ],
    ids=str,
)
def test_credential_that_cannot_sign_here_is_refused(remote, now, fault, sentence):
    with remote.failing("info", fault), pytest.raises(Refused, match=sentence):
        run(remote_key(remote.credential("gssc"), now=now).signer.async_sign_raw(b"data", "sha256"))


UNAVAILABLE = [
    *[("info", fault) for fault in (Fault.DOWN, Fault.JUNK, Fault.EMPTY, Fault.LIST, Fault.HUGE)],
    *[("authorize", fault) for fault in (Fault.DOWN, Fault.JUNK, Fault.EMPTY)],
    *[("signHash", fault) for fault in (Fault.DOWN, Fault.JUNK, Fault.EMPTY, Fault.FORGED)],
]


@pytest.mark.parametrize(("method", "fault"), UNAVAILABLE, ids=[f"{method} {fault}" for method, fault in UNAVAILABLE])
def test_service_that_fails_or_lies_is_unavailable(remote, now, method, fault):
    credential = remote.credential("gssc")
    with remote.failing(method, fault), pytest.raises(SignerUnavailable, match="did not answer as it should") as caught:
        run(remote_key(credential, now=now).signer.async_sign_raw(b"data", "sha256"))
    assert method in caught.value.where
    assert run(remote_key(credential, now=now).signer.async_sign_raw(b"data", "sha256"))


def test_service_that_is_not_there_is_unavailable(remote, now):
    credential = replace(remote.credential("gssc"), url="http://127.0.0.1:9")
    with pytest.raises(SignerUnavailable):
        remote_key(credential, now=now)


def test_each_signature_is_authorised_for_its_own_digest(remote, now):
    key = remote_key(remote.credential("gssc"), now=now)
    remote.asked.clear()
    for data in (b"one", b"two"):
        run(key.signer.async_sign_raw(data, "sha256"))
    assert remote.asked == ["authorize", "signHash"] * 2


def test_activation_of_a_redirect_is_used_in_place_of_asking(remote, now):
    key = remote_key(remote.credential("gssc", activation="AAAA"), now=now)
    remote.asked.clear()
    with pytest.raises(ConvenioError):
        run(key.signer.async_sign_raw(b"data", "sha256"))
    assert remote.asked == ["signHash"]


@pytest.mark.parametrize("url", ["http://example.org", "ftp://example.org", "example.org", ""])
def test_secrets_go_over_tls_only(url):
    with pytest.raises(InputError, match="secrets may be sent to"):
        RemoteCredential(url, "credential")
