"""Keys in a SoftHSM 2 token: the same signatures, and refusals by name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from schemas.errors import InputError, Refused, SignerUnavailable
from schemas.evidence import Verdict
from signing.hardware import TokenPlace, hardware_key
from signing.issuing import DOCUMENT_SIGNING, certificate_for, signing_extensions, subject_name
from signing.keys import PrivateKey
from signing.run import run
from signing.validate import validate
from tests.signing.conftest import NOW, Desk
from tests.softhsm import MODULE, PIN, SoftToken

YEAR = timedelta(days=365)
WRONG_PINS = 10


@dataclass(frozen=True)
class Rack:
    token: SoftToken
    keys: dict[str, PrivateKey]


@pytest.fixture(scope="module")
def rack(session_desk, tmp_path_factory) -> Rack:
    """A token with keys of four kinds, each with a certificate of the demonstration PKI."""
    token, pki = SoftToken(tmp_path_factory.mktemp("softhsm") / "hsm"), session_desk.pki
    keys: dict[str, PrivateKey] = {
        "P-256": ec.generate_private_key(ec.SECP256R1()),
        "P-384": ec.generate_private_key(ec.SECP384R1()),
        "RSA-3072": rsa.generate_private_key(65537, 3072),
        "RSA-2048": rsa.generate_private_key(65537, 2048),
        "expired": ec.generate_private_key(ec.SECP256R1()),
    }
    for label, key in keys.items():
        begin = NOW - 3 * YEAR if label == "expired" else NOW
        extensions = signing_extensions([DOCUMENT_SIGNING], critical=False)
        certificate = certificate_for(pki.issuing, key, subject_name(label, "Tests"), begin, YEAR, extensions)
        token.add_key(label, key, certificate, pki.issuing.certificate, pki.root.certificate)
    token.add_key("bare", ec.generate_private_key(ec.SECP256R1()))
    return Rack(token, keys)


@pytest.mark.parametrize("label", ["P-256", "P-384", "RSA-3072"])
def test_signatory_signs_with_a_token(desk: Desk, journey, rack: Rack, label):
    key = hardware_key(rack.token.place(label), PIN, now=desk.clock.now)
    assert [certificate.subject for certificate in key.chain] == [
        desk.pki.issuing.certificate.subject,
        desk.pki.root.certificate.subject,
    ]
    signed = desk.sign(journey.prepared, desk.people[0], key=key)
    report = validate(signed, desk.trust, now=desk.clock.now).signatures[-1]
    assert (report.verdict, report.certificate) == (Verdict.VALID, key.certificate_digest)
    assert label in report.subject


def test_organisation_seals_with_a_token(desk: Desk, approved, rack: Rack):
    seal = hardware_key(rack.token.place("RSA-3072"), PIN, now=desk.clock.now)
    prepared = desk.prepare(approved, seal=seal)
    (report,) = validate(prepared, desk.trust, now=desk.clock.now).signatures
    assert report.certificate == seal.certificate_digest
    assert report.verdict is Verdict.INVALID, "this seal is not pinned as the organisation's"
    assert "not by a certificate the organisation seals with" in report.reason


def test_signatures_of_several_threads_do_not_log_each_other_out(desk: Desk, rack: Rack):
    key = hardware_key(rack.token.place("P-256"), PIN, now=desk.clock.now)
    with ThreadPoolExecutor(4) as pool:
        values = list(pool.map(lambda number: run(key.signer.async_sign_raw(b"%d" % number, "sha256")), range(16)))
    public = rack.keys["P-256"].public_key()
    for number, value in enumerate(values):
        public.verify(value, b"%d" % number, ec.ECDSA(_sha256()))


def _sha256():
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA256()


def test_wrong_pin_is_an_input_error_that_shows_no_pin(desk: Desk, rack: Rack):
    with pytest.raises(InputError, match="does not open with this PIN") as caught:
        hardware_key(rack.token.place("P-256"), "975310", now=desk.clock.now)
    assert "975310" not in str(caught.value)


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("nobody's", "not exactly one private key of this label"),
        ("bare", "not exactly one certificate of this label"),
    ],
)
def test_label_without_key_or_certificate_is_told(desk: Desk, rack: Rack, label, sentence):
    with pytest.raises(InputError, match=sentence):
        hardware_key(rack.token.place(label), PIN, now=desk.clock.now)


def test_short_rsa_key_and_expired_certificate_are_refused(desk: Desk, rack: Rack):
    with pytest.raises(Refused, match="too short"):
        hardware_key(rack.token.place("RSA-2048"), PIN, now=desk.clock.now)
    with pytest.raises(Refused, match="has expired"):
        hardware_key(rack.token.place("expired"), PIN, now=desk.clock.now)


def test_token_that_is_not_there_is_unavailable(desk: Desk, rack: Rack):
    with pytest.raises(SignerUnavailable, match="token is not there") as caught:
        hardware_key(TokenPlace(MODULE, "another token", "P-256"), PIN, now=desk.clock.now)
    assert rack.token.name in caught.value.got
    with pytest.raises(SignerUnavailable, match="does not answer"):
        hardware_key(TokenPlace(Path("/nowhere.so"), rack.token.name, "P-256"), PIN, now=desk.clock.now)


def test_token_taken_out_between_two_signatures_is_unavailable(desk: Desk, rack: Rack, monkeypatch):
    key = hardware_key(rack.token.place("P-256"), PIN, now=desk.clock.now)
    monkeypatch.setattr(key.signer, "_place", TokenPlace(MODULE, "taken out", "P-256"))
    with pytest.raises(SignerUnavailable, match="token is not there"):
        run(key.signer.async_sign_raw(b"data", "sha256"))
    monkeypatch.undo()
    assert run(key.signer.async_sign_raw(b"data", "sha256"))


def test_place_is_read_from_a_setting(rack: Rack):
    place = TokenPlace.of(rack.token.address("P-256"))
    assert place == rack.token.place("P-256")
    assert str(place) == f"P-256 in token {rack.token.name}"


@pytest.mark.parametrize(
    "text",
    ["pkcs12:seal.p12", "pkcs11:", "pkcs11:/lib.so", "pkcs11:/lib.so?token=T", "pkcs11:/lib.so?token=T&label=L&pin=1"],
    ids=["other", "empty", "no query", "no label", "with a pin"],
)
def test_setting_that_names_no_place_is_told(text):
    with pytest.raises(InputError, match="names no key in a token"):
        TokenPlace.of(text)
