from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_crl, ocsp

from schemas.errors import InputError, Refused, RevocationUnavailable
from signing.exchange import exchange
from signing.keys import as_asn1
from signing.revocation import Evidence, RevocationSource, gather
from signing.trust import TrustPolicy, require_trusted
from tests.authorities import DAY, Fault, authorities

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def net(tmp_path):
    with authorities(tmp_path) as running:
        yield running


def ask(net, *labels: str, source: RevocationSource | None = None, given: Evidence | None = None) -> Evidence:
    return gather(
        [net.certificate(label) for label in labels],
        others=[net.certificate("issuing")],
        anchors=[net.certificate("root")],
        given=given or Evidence(),
        source=source or RevocationSource(),
        now=net.clock(),
    )


def patient(fault: Fault) -> RevocationSource:
    """A source that waits long enough for a busy machine, and shortly for who says nothing at all."""
    return RevocationSource(deadline_seconds=0.5 if fault is Fault.SILENT else 15)


def require(net, label: str = "gssc", trust: TrustPolicy | None = None) -> None:
    key = net.key(label)
    require_trusted(key.asn1_certificate, key.signer.cert_registry, trust or net.trust(), now=net.clock())


def test_a_person_is_asked_about_by_ocsp_and_an_authority_by_its_list(net):
    found = ask(net, "gssc")
    assert [ocsp.load_der_ocsp_response(entry).certificate_status for entry in found.responses] == [
        ocsp.OCSPCertStatus.GOOD
    ]
    assert [load_der_x509_crl(entry).issuer for entry in found.lists] == [net.certificate("root").subject]
    assert found.certificates == (net.certificate("responder").public_bytes(Encoding.DER),)


def test_a_certificate_in_force_is_trusted(net):
    require(net)


@pytest.mark.parametrize("silent", ["ocsp", None])
def test_a_revoked_certificate_is_refused_by_ocsp_and_by_list(net, silent):
    start = net.clock()
    net.revoke("gssc", since=start - timedelta(days=2))
    net.clock = lambda: start
    if silent is None:
        with pytest.raises(Refused, match="the certificate is revoked"):
            require(net)
    else:
        with net.failing(silent, Fault.DOWN), pytest.raises(Refused, match="the certificate is revoked"):
            require(net)


FAULTS = (Fault.DOWN, Fault.CUT, Fault.SILENT, Fault.JUNK, Fault.HUGE, Fault.STALE, Fault.FORGED)
SAID = {
    Fault.DOWN: "HTTP status 503",
    Fault.CUT: "early",
    Fault.SILENT: "not finished after",
    Fault.JUNK: "cannot be read",
    Fault.HUGE: "more than",
    Fault.STALE: "not current",
    Fault.FORGED: "not signed by the certificate's issuer",
    Fault.WRONG_NONCE: "its nonce differs",
    Fault.WRONG_TYPE: "answered with text/html",
    Fault.UNKNOWN: "refused: unauthorized",
}


@pytest.mark.parametrize("fault", SAID)
def test_a_responder_that_does_not_answer_what_was_asked_is_named_with_its_fault(net, fault):
    with net.failing("ocsp", fault), net.failing("crls", Fault.DOWN), pytest.raises(RevocationUnavailable) as caught:
        ask(net, "gssc", source=patient(fault))
    said = caught.value.got.split("; CRL at")[0]
    assert said.startswith(f"OCSP at {net.url}/net/ocsp/issuing: ")
    assert SAID[fault] in said


@pytest.mark.parametrize("fault", FAULTS)
def test_a_list_that_is_not_one_now_is_named_with_its_fault(net, fault):
    said = {**SAID, Fault.JUNK: "no revocation list"}[fault]
    with net.failing("crls", fault), pytest.raises(RevocationUnavailable) as caught:
        ask(net, "tsa", source=patient(fault))
    assert caught.value.got.startswith(f"CRL at {net.url}/net/crls/root/latest.crl: ")
    assert said in caught.value.got


def test_the_list_answers_where_the_responder_does_not(net):
    with net.failing("ocsp", Fault.FORGED):
        found = ask(net, "gssc")
    assert found.responses == ()
    assert len(found.lists) == 2


def test_the_failure_names_no_person(net):
    with net.failing("all", Fault.DOWN), pytest.raises(RevocationUnavailable) as caught:
        ask(net, "gssc")
    assert "Signatory" not in caught.value.diagnosis()
    assert f"{net.certificate('gssc').serial_number:x}" in caught.value.where


def test_a_list_is_fetched_once_until_its_next_update(net):
    source, start = RevocationSource(), net.clock()
    ask(net, "tsa", source=source)
    ask(net, "tsa", "ending", source=source)
    assert net.asked == ["/net/crls/root/latest.crl"]
    net.clock = lambda: start + 31 * DAY
    ask(net, "tsa", source=source)
    assert net.asked == ["/net/crls/root/latest.crl"] * 2


def test_a_responder_is_asked_anew_each_time(net):
    source = RevocationSource()
    for _ in range(2):
        ask(net, "gssc", source=source)
    assert net.asked.count("/net/ocsp/issuing") == 2


def test_what_is_at_hand_is_not_asked_for(net):
    given = ask(net, "gssc")
    net.asked.clear()
    assert ask(net, "gssc", given=given).responses == given.responses
    assert net.asked == []


def test_nobody_is_asked_about_a_certificate_under_no_root(net, tmp_path):
    (tmp_path / "other").mkdir()
    with authorities(tmp_path / "other") as stranger:
        stranger_key = stranger.key("gssc")
        with pytest.raises(Refused, match="not issued by a trusted authority"):
            require_trusted(
                stranger_key.asn1_certificate, stranger_key.signer.cert_registry, net.trust(), now=net.clock()
            )
        assert stranger.asked == []


def test_without_a_source_and_without_a_list_it_is_not_known(net):
    with pytest.raises(Refused, match="not known whether the certificate is revoked"):
        require(net, trust=net.trust(offline=True))


def test_a_policy_once_informed_needs_nobody(net):
    key = net.key("gssc")
    informed = net.trust().informed([key.asn1_certificate], others=map(as_asn1, key.chain), now=net.clock())
    with net.failing("all", Fault.DOWN):
        require(net, trust=informed)


def test_bytes_that_are_no_list_are_an_input_error(net):
    with pytest.raises(InputError, match="revocation list cannot be read"):
        require(net, trust=net.trust().with_revocation_lists([b"junk"]))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ldap://127.0.0.1/", "http://", "ftp://127.0.0.1/x", "nonsense"])
def test_only_the_web_is_asked(url):
    with pytest.raises(OSError, match="no address of HTTP"):
        exchange(url, deadline_seconds=1, maximum_bytes=1)
