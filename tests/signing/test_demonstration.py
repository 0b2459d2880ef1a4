from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from schemas.errors import ConflictingContent, InputError, Refused
from signing import demonstration
from signing.demonstration import create_demonstration_pki
from signing.keys import DEMONSTRATION, emails_in, load_pkcs12

NOW = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)
GIVEN = {"organisation": "Green Small Smart Cities", "passphrase": b"correct horse", "now": NOW}


@pytest.fixture
def directory(tmp_path) -> Path:
    return tmp_path / "keys"


def test_every_certificate_says_that_it_is_a_demonstration(directory):
    pki = create_demonstration_pki(directory, **GIVEN)
    certificates = [pki.root.certificate, pki.issuing.certificate, pki.seal.certificate, pki.timestamp.certificate]
    signatory = load_pkcs12(pki.issue_signatory("Ana", "ana@example.org", "X", b"pw", NOW), b"pw", now=NOW)
    for certificate in [*certificates, signatory.certificate]:
        assert DEMONSTRATION in certificate.subject.rfc4514_string()
    assert pki.seal.is_demonstration


def test_second_run_loads_what_the_first_run_made(directory):
    first = create_demonstration_pki(directory, **GIVEN)
    again = create_demonstration_pki(directory, **(GIVEN | {"now": NOW + timedelta(days=3)}))
    assert again.root_pem == first.root_pem
    assert again.seal.certificate_digest == first.seal.certificate_digest


def test_private_keys_are_encrypted_and_readable_by_their_owner_only(directory):
    create_demonstration_pki(directory, **GIVEN)
    assert directory.stat().st_mode & 0o777 == 0o700
    files = sorted(directory.iterdir())
    assert len(files) == 8
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        if path.suffix == ".key":
            assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_wrong_passphrase_is_named(directory):
    create_demonstration_pki(directory, **GIVEN)
    with pytest.raises(InputError, match="do not open"):
        create_demonstration_pki(directory, **(GIVEN | {"passphrase": b"battery staple"}))


def test_another_organisation_does_not_take_over_the_keys(directory):
    create_demonstration_pki(directory, **GIVEN)
    with pytest.raises(ConflictingContent, match="another organisation"):
        create_demonstration_pki(directory, **(GIVEN | {"organisation": "Somebody else"}))


def test_foreign_directory_is_left_alone(directory):
    directory.mkdir()
    (directory / "thesis.txt").write_text("mine")
    with pytest.raises(Refused, match="something else"):
        create_demonstration_pki(directory, **GIVEN)
    assert [path.name for path in directory.iterdir()] == ["thesis.txt"]


def test_death_while_writing_leaves_no_half_pki(directory, monkeypatch):
    written = []

    def dies_at_the_fifth(path, content):
        if len(written) == 4:
            raise KeyboardInterrupt
        written.append(path)
        path.write_bytes(content)

    with monkeypatch.context() as patch:
        patch.setattr(demonstration, "_write", dies_at_the_fifth)
        with pytest.raises(KeyboardInterrupt):
            create_demonstration_pki(directory, **GIVEN)
    assert not directory.exists()
    assert create_demonstration_pki(directory, **GIVEN).organisation == GIVEN["organisation"]


def test_of_two_makers_the_first_wins(directory, monkeypatch):
    rename = Path.rename
    winners = []

    def beaten(self, target):
        if not winners:
            winners.append(None)
            winners[0] = create_demonstration_pki(directory, **GIVEN).root_pem
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", beaten)
    assert create_demonstration_pki(directory, **GIVEN).root_pem == winners[0]
    assert [path.name for path in directory.parent.iterdir()] == [directory.name]


def test_signatory_certificate_names_the_person_and_their_mail_address(directory):
    pki = create_demonstration_pki(directory, **GIVEN)
    content = pki.issue_signatory("Přemysl Žák", "zak@example.cz", "Nanoprogress", b"pw", NOW)
    key = load_pkcs12(content, b"pw", now=NOW)
    assert emails_in(key.certificate) == ("zak@example.cz",)
    assert key.subject.startswith("Přemysl Žák")
    assert key.chain == (pki.issuing.certificate, pki.root.certificate)


@pytest.mark.parametrize("address", ["žák@example.cz", "zak@příklad.cz"])
def test_address_that_no_certificate_can_hold_is_refused(directory, address):
    pki = create_demonstration_pki(directory, **GIVEN)
    with pytest.raises(InputError, match="mail address"):
        pki.issue_signatory("Žák", address, "X", b"pw", NOW)


def test_timestamp_purpose_stands_alone_and_is_critical(directory):
    certificate = create_demonstration_pki(directory, **GIVEN).timestamp.certificate
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert [purpose.dotted_string for purpose in usage.value] == ["1.3.6.1.5.5.7.3.8"]


def test_openssl_accepts_chain_and_revocation_lists(directory, tmp_path):
    pki = create_demonstration_pki(directory, **GIVEN)
    lists = pki.revocation_lists(NOW)
    bundle = tmp_path / "lists.pem"
    for number, content in enumerate(lists):
        loaded = x509.load_der_x509_crl(content)
        assert loaded.last_update_utc == NOW
        pem = tmp_path / f"{number}.pem"
        (tmp_path / f"{number}.der").write_bytes(content)
        subprocess.run(["openssl", "crl", "-inform", "DER", "-in", tmp_path / f"{number}.der", "-out", pem], check=True)
        with bundle.open("ab") as file:
            file.write(pem.read_bytes())
    result = subprocess.run(
        [
            *("openssl", "verify", "-crl_check_all", "-x509_strict", "-attime", str(int(NOW.timestamp()))),
            *("-CAfile", directory / "root.pem", "-untrusted", directory / "issuing.pem"),
            *("-CRLfile", bundle, directory / "seal.pem"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert result.stdout.strip().endswith("OK"), result.stderr


def test_every_folder_that_was_made_is_durable(tmp_path, monkeypatch):
    flushed, flush = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda file: (flushed.append(str(Path(f"/proc/self/fd/{file}").readlink())), flush(file))
    )
    create_demonstration_pki(tmp_path / "new" / "home" / "pki", **GIVEN)
    assert {str(tmp_path), str(tmp_path / "new"), str(tmp_path / "new" / "home")} <= set(flushed)
