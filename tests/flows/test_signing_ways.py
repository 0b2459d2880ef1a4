"""Keys in tokens and at trust services, the organisation's own seal, and documents signed in mixed ways."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from pydantic import SecretStr, ValidationError

from flows import commands
from flows.collect import collect
from flows.conclude import conclude
from flows.publish import publish
from flows.seal_key import seals_used
from flows.settings import Settings
from flows.wiring import Installation
from schemas.errors import InputError, Refused, SignerUnavailable, StaleBase
from schemas.policy import SignaturePolicy
from schemas.signature import LegalEffect, Level, SigningWay
from schemas.state import Stage
from signing.issuing import DOCUMENT_SIGNING, certificate_for, signing_extensions, subject_name
from tests import csc
from tests.authorities import Authorities, authorities
from tests.csc import Service
from tests.installation import FIRST, PASSPHRASE, REVIEWER, SECOND, WAY, certificate, sign
from tests.signing.test_scans import png
from tests.signing_ways import changed, code_in, last_signed, link_in, mails, wait_for_signatures
from tests.softhsm import MODULE, PIN, SoftToken

pytestmark = pytest.mark.office

YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def token(tmp_path_factory) -> SoftToken:
    return SoftToken(tmp_path_factory.mktemp("softhsm") / "hsm", name="Ways")


def put_key(house: Installation, token: SoftToken, label: str, name: str) -> None:
    """Put a fresh key with a certificate of the house's demonstration PKI into the token."""
    key, pki = ec.generate_private_key(ec.SECP256R1()), house.pki
    extensions = signing_extensions([DOCUMENT_SIGNING], critical=False)
    subject = subject_name(name, "Tests")
    made = certificate_for(pki.issuing, key, subject, house.clock() - timedelta(days=1), YEAR, extensions)
    token.add_key(label, key, made, pki.issuing.certificate, pki.root.certificate)


def with_token(house: Installation, agreement, token: SoftToken, label: str, pin: str = PIN):
    given = {"module": MODULE, "token": token.name, "label": label, "pin": pin}
    return commands.sign_with_token(house, agreement, by=FIRST, **given)


def test_signatory_signs_with_a_token_whose_certificate_names_them(at, agreement, token, request):
    house = at("signing")
    name = commands.data_of(house, house.ledger.state(agreement).data).signatories[0].name
    put_key(house, token, "own", str(name))
    put_key(house, token, "other", "Somebody Else")
    with pytest.raises(Refused, match="the certificate is somebody else's"):
        with_token(house, agreement, token, "other")
    with pytest.raises(InputError, match="does not open with this PIN"):
        with_token(house, agreement, token, "own", pin="0000")
    with pytest.raises(SignerUnavailable):
        commands.sign_with_token(house, agreement, by=FIRST, module=MODULE, token="unplugged", label="own", pin=PIN)
    assert house.ledger.state(agreement).signed == ()
    assert with_token(house, agreement, token, "own").changed
    event = last_signed(house, agreement)
    assert (event.way, event.effect) == (SigningWay.PKCS11, LegalEffect.ADES)


def test_organisation_seals_with_a_token_and_old_seals_stay_its_own(at, agreement, token):
    house = at("approved")
    put_key(house, token, "seal", "Seal of the organisation")
    settings = {"seal_key": token.address("seal"), "seal_passphrase": SecretStr(PIN)}
    with changed(house, **settings) as sealing:
        WAY["prepared"](sealing, agreement)
        WAY["signing"](sealing, agreement)
        own = sealing.seal.certificate_digest
        assert own != house.pki.seal.certificate_digest
        assert own in seals_used(house.home)
        assert own in sealing.verification_keys().seal_certificates
    sign(house, agreement, FIRST)
    collect(house, agreement, 1)
    sign(house, agreement, SECOND)
    collect(house, agreement, 2)
    assert conclude(house, agreement, 2).acted, "sealed with one certificate at first, and with another in the end"


def test_organisation_seals_with_a_pkcs12_file_of_the_home(at, agreement):
    house = at("approved")
    key, pki = ec.generate_private_key(ec.SECP384R1()), house.pki
    extensions = signing_extensions([DOCUMENT_SIGNING], critical=False)
    made = certificate_for(pki.issuing, key, subject_name("Seal", "Tests"), house.clock(), YEAR, extensions)
    chain, lock = [pki.issuing.certificate], BestAvailableEncryption(b"locked")
    (house.home / "seal.p12").write_bytes(serialize_key_and_certificates(b"seal", key, made, chain, lock))
    with changed(house, seal_key="pkcs12:seal.p12", seal_passphrase=SecretStr("locked")) as sealing:
        WAY["prepared"](sealing, agreement)
        assert sealing.seal.certificate == made
    faults = {
        "does not open with this passphrase": {"seal_key": "pkcs12:seal.p12", "seal_passphrase": SecretStr("wrong")},
        "cannot be read": {"seal_key": "pkcs12:lost.p12"},
        "token needs its PIN": {"seal_key": "pkcs11:/lib.so?token=T&label=L"},
    }
    for sentence, settings in faults.items():
        with changed(house, **settings) as sealing, pytest.raises(InputError, match=sentence):
            _ = sealing.seal


@pytest.mark.parametrize("text", ["", "pkcs12", "pkcs11:/lib.so", "file:seal.p12"])
def test_setting_that_names_no_seal_is_refused(text):
    with pytest.raises(ValidationError):
        Settings(seal_key=text)


@pytest.fixture(scope="module")
def net(tmp_path_factory) -> Iterator[Authorities]:
    with authorities(tmp_path_factory.mktemp("net")) as running:
        yield running


@pytest.fixture(scope="module")
def remote(net) -> Iterator[Service]:
    with csc.service(net) as running:
        yield running


@pytest.fixture
def trusting(at, net, monkeypatch) -> Installation:
    """An installation that waits for its first signatory and trusts the authorities on the net."""
    house = at("signing")
    (house.home / "trust").mkdir(exist_ok=True)
    (house.home / "trust" / "net.pem").write_text(net.root_pem)
    object.__setattr__(house, "clock", lambda: datetime.now(UTC))
    return house


@pytest.mark.enable_socket
def test_signatory_signs_at_a_trust_service(trusting, agreement, remote):
    refused = remote.credential("gssc", pin="0000")
    with pytest.raises(Refused, match="refused to authorise the signature"):
        commands.sign_remotely(trusting, agreement, by=FIRST, credential=refused)
    with remote.failing("signHash", csc.Fault.DOWN), pytest.raises(SignerUnavailable):
        commands.sign_remotely(trusting, agreement, by=FIRST, credential=remote.credential("gssc"))
    with pytest.raises(Refused, match="the certificate is somebody else's"):
        commands.sign_remotely(trusting, agreement, by=FIRST, credential=remote.credential("chamber"))
    assert trusting.ledger.state(agreement).signed == ()
    assert commands.sign_remotely(trusting, agreement, by=FIRST, credential=remote.credential("gssc")).changed
    event = last_signed(trusting, agreement)
    assert (event.way, event.effect) == (SigningWay.CSC, LegalEffect.ADES)


def test_signature_is_begun_here_and_finished_with_what_comes_back(at, agreement):
    house = at("signing")
    key, pki = ec.generate_private_key(ec.SECP256R1()), house.pki
    name = str(commands.data_of(house, house.ledger.state(agreement).data).signatories[0].name)
    extensions = signing_extensions([DOCUMENT_SIGNING], critical=False)
    own = certificate_for(pki.issuing, key, subject_name(name, "Tests"), house.clock(), YEAR, extensions)
    chain = [one.public_bytes(Encoding.DER) for one in (own, pki.issuing.certificate)]
    begun = commands.begin_signature(house, agreement, by=FIRST, certificates=chain)
    value = key.sign(begun.digest, ec.ECDSA(utils.Prehashed(SHA256())))
    finish = {"by": FIRST, "handle": begun.handle}
    with pytest.raises(Refused, match="not this certificate's signature"):
        commands.finish_signature(house, agreement, **finish, value=b"\0" * 64)
    with pytest.raises(Refused):
        commands.finish_signature(house, agreement, by=FIRST, handle="0" * 64, value=value)
    assert commands.finish_signature(house, agreement, **finish, value=value).changed
    assert not commands.finish_signature(house, agreement, **finish, value=value).changed
    with pytest.raises(InputError, match="certificate cannot be read"):
        commands.begin_signature(at("signing", "again"), agreement, by=FIRST, certificates=[b"no certificate"])


MIXED = {
    "archive": SignaturePolicy(),
    "basic": SignaturePolicy(level=Level.BASIC, ways=(SigningWay.CLICK, SigningWay.PAPER)),
}


@pytest.mark.parametrize("policy", MIXED.values(), ids=MIXED)
def test_clicked_and_paper_signatures_pass_the_gate_and_are_archived(at, agreement, policy):
    house = at("approved")
    wait_for_signatures(house, agreement, policy)
    link = link_in(mails(house, "-sign-")[0])
    commands.mail_code(house, agreement, link=link)
    code = code_in(mails(house, "-code-")[-1])
    assert commands.sign_by_click(house, agreement, by=FIRST, link=link, code=code).changed
    collect(house, agreement, 1)
    approved = house.ledger.state(agreement).content.pdf
    paper = {"by": REVIEWER, "signatory": "for-chamber", "scan": png(), "compared_with": approved}
    assert commands.sign_paper(house, agreement, **paper).changed
    collect(house, agreement, 2)
    assert conclude(house, agreement, 2).particulars["level"] == policy.level
    assert publish(house, agreement, 2).acted
    state = house.ledger.state(agreement)
    assert state.stage is Stage.ARCHIVED
    assert [signed.effect for signed in state.signatures] == [LegalEffect.SES, LegalEffect.SCANNED]


@pytest.mark.parametrize("name", ["../../outside", "MOU-2026-0099"], ids=["path", "unknown"])
def test_name_that_is_no_agreement_leaves_no_file(at, name):
    house = at("signing")
    with pytest.raises(Refused):
        commands.sign(house, name, by=FIRST, p12=certificate(house, FIRST), passphrase=PASSPHRASE)
    assert not (house.home.parent / "outside.lock").exists()
    assert list(house.home.rglob("*.lock")) == []


def test_two_requests_of_one_signatory_at_once_make_one_signature(at, agreement):
    house = at("signing")
    houses = [house, replace(house)]
    files = [certificate(house, FIRST) for _ in houses]

    def act(pair):
        where, p12 = pair
        return commands.sign(where, agreement, by=FIRST, p12=p12, passphrase=PASSPHRASE).changed

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, zip(houses, files, strict=True))) == [False, True]
    houses[1].engine.dispose()
    assert house.ledger.state(agreement).signed == ("for-gssc",)


def test_base_that_keeps_changing_ends_as_stale_after_as_many_tries_as_signatories(at, agreement, monkeypatch):
    house = at("signing")
    tries = []

    def raced(*_arguments: object, **_given: object):
        tries.append(house.clock())
        raise StaleBase("somebody else acted first", where=agreement)

    monkeypatch.setattr("flows.signatures._record", raced)
    with pytest.raises(StaleBase):
        sign(house, agreement, FIRST)
    assert len(tries) == len(house.ledger.state(agreement).signatories)
