from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Name, NameAttribute
from cryptography.x509.oid import NameOID

from flows.settings import Settings
from flows.wiring import Installation
from schemas.errors import ConvenioError, InputError, Unavailable
from signing.issuing import authority_extensions, certificate_for
from tests.installation import MORNING, Clock


def house_in(home: Path, **settings: object) -> Installation:
    return Installation(Settings(home=home, **settings), clock=Clock())


def test_nothing_is_made_before_it_is_needed(tmp_path):
    house_in(tmp_path / "home").close()
    assert list(tmp_path.iterdir()) == []


def test_the_home_is_for_its_owner_only(tmp_path):
    house = house_in(tmp_path / "home")
    assert house.ledger.size == 0
    assert house.home.stat().st_mode & 0o777 == 0o700
    house.close()


def test_a_home_that_cannot_be_made_names_the_setting(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="CONVENIO_HOME"):
        house_in(tmp_path / "file" / "home").ledger  # noqa: B018  # opening it is the act


def test_keys_are_made_once_and_found_again(tmp_path):
    first, again = house_in(tmp_path), house_in(tmp_path)
    assert first.verification_keys() == again.verification_keys()
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {"demonstration", "ledger.pem", "passphrase"}
    for path in [path for path in (tmp_path / "keys").rglob("*") if path.is_file() and path.suffix != ".crt"]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_key_lies_there_in_the_clear(tmp_path):
    house_in(tmp_path).verification_keys()
    for path in (tmp_path / "keys").rglob("*"):
        if path.is_file():
            assert b"BEGIN PRIVATE KEY" not in path.read_bytes()


def test_another_passphrase_opens_no_key(tmp_path):
    house_in(tmp_path, key_passphrase="the first").verification_keys()
    with pytest.raises(InputError):
        house_in(tmp_path, key_passphrase="another").verification_keys()
    assert not (tmp_path / "keys" / "passphrase").exists()


@pytest.mark.parametrize("seal", ["pkcs12:seal.p12", "pkcs11:/unplugged.so?token=T&label=L"], ids=["expired", "away"])
def test_public_keys_are_exported_though_the_seal_cannot_be_used(tmp_path, seal):
    first = house_in(tmp_path)
    kept = first.seal
    (tmp_path / "seal.p12").write_bytes(first.pki.issue_signatory("Seal", "seal@example.org", "X", b"pw", MORNING))
    later = Installation(
        Settings(home=tmp_path, seal_key=seal, seal_passphrase="pw"), clock=lambda: MORNING + timedelta(days=800)
    )
    with pytest.raises(ConvenioError):
        later.seal  # noqa: B018  # opening it is the act
    keys = later.verification_keys()
    assert keys.seal_certificates == (kept.certificate_digest,)
    assert keys.demonstration


def test_keys_without_a_demonstration_root_are_no_demonstration(tmp_path):
    other = house_in(tmp_path / "other")
    assert other.verification_keys().demonstration
    home = tmp_path / "home"
    (home / "trust" / "seals").mkdir(parents=True)
    key, name = ec.generate_private_key(ec.SECP256R1()), Name([NameAttribute(NameOID.COMMON_NAME, "Root")])
    other_root = certificate_for(None, key, name, MORNING, timedelta(days=9), authority_extensions(1))
    (home / "trust" / "root.pem").write_bytes(other_root.public_bytes(Encoding.PEM))
    (home / "trust" / "seals" / "seal.pem").write_bytes(other_root.public_bytes(Encoding.PEM))
    own = {"organisation": "Secretariat", "ledger_origin": "ledger.example.org", "tsa_url": "http://127.0.0.1:9/tsa"}
    keys = house_in(home, env="production", seal_key="pkcs12:seal.p12", **own).verification_keys()
    assert not keys.demonstration
    assert not (home / "keys" / "demonstration").exists()


def test_a_root_in_the_folder_of_trust_is_trusted(tmp_path):
    other, house = house_in(tmp_path / "other"), house_in(tmp_path / "home")
    (tmp_path / "home" / "trust").mkdir(parents=True)
    (tmp_path / "home" / "trust" / "other.pem").write_text(other.pki.root_pem)
    assert len(house.trust(MORNING).anchors) == 2
    (tmp_path / "home" / "trust" / "broken.pem").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError):
        house.trust(MORNING).anchors  # noqa: B018  # reading them is the act
