from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from flows.act import data_of
from flows.settings import Settings
from flows.wiring import Installation
from signing.issuing import DOCUMENT_SIGNING, certificate_for, signing_extensions, subject_name
from tests.installation import FIRST, PASSPHRASE, REVIEWER, SECOND
from tests.signing.test_scans import png
from tests.signing_ways import code_in, link_in, mails
from tests.softhsm import MODULE, PIN, SoftToken

pytestmark = pytest.mark.office


@pytest.fixture
def p12(run, home_at, tmp_path, monkeypatch):
    """The first signatory's certificate, made by the command; the agreement waits for them."""
    home_at("signing")
    monkeypatch.setenv("CONVENIO_P12_PASSPHRASE", PASSPHRASE.decode())
    path = tmp_path / "first.p12"
    answer = run("keys", "issue", FIRST, "--name", "Signatory for GSSC", "-o", path)
    assert "DEMONSTRATION" in answer.out
    return path


def test_a_certificate_is_private_and_never_written_over(run, p12):
    assert p12.stat().st_mode & 0o777 == 0o600
    before = p12.read_bytes()
    answer = run("keys", "issue", FIRST, "--name", "Again", "-o", p12, "--json")
    assert (answer.code, answer.json["error"]) == (1, "ConflictingContent")
    assert p12.read_bytes() == before


def test_sign_signs_once(run, p12, agreement):
    answer = run("sign", agreement, "--as", FIRST, "--p12", p12, "--json")
    assert (answer.code, answer.json["changed"]) == (0, True)
    assert "was signed already" in run("sign", agreement, "--as", FIRST, "--p12", p12).out
    assert run("show", agreement, "--json").json["signed"] == ["for-gssc"]


def test_sign_is_refused_by_name(run, p12, agreement, monkeypatch, tmp_path):
    early = run("sign", agreement, "--as", SECOND, "--p12", p12, "--json")
    assert (early.code, early.json["error"]) == (1, "RefusedTransition")
    assert run("sign", agreement, "--as", FIRST, "--p12", tmp_path / "missing.p12").code == 2
    monkeypatch.setenv("CONVENIO_P12_PASSPHRASE", "wrong")
    wrong = run("sign", agreement, "--as", FIRST, "--p12", p12, "--json")
    assert (wrong.code, wrong.json["error"]) == (2, "InputError")
    assert "wrong" not in wrong.json["what"] + str(wrong.json["got"])
    assert run("show", agreement, "--json").json["signed"] == []


def test_a_passphrase_that_is_not_set_is_asked_for(run, p12, agreement, monkeypatch):
    monkeypatch.delenv("CONVENIO_P12_PASSPHRASE")
    asked = []

    def prompt(text: str, **given: object) -> str:
        asked.append((text, given["hide_input"]))
        return PASSPHRASE.decode()

    monkeypatch.setattr("click.prompt", prompt)
    assert run("sign", agreement, "--as", FIRST, "--p12", p12).code == 2
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert run("sign", agreement, "--as", FIRST, "--p12", p12).code == 0
    second = p12.with_name("second.p12")
    assert run("keys", "issue", SECOND, "--name", "Signatory for the Chamber", "-o", second, "--json").code == 0
    assert asked == [("Passphrase", True), ("Passphrase for the new file", True)]


def test_decline_ends_the_agreement(run, home_at, agreement):
    home_at("signing")
    answer = run("decline", agreement, "--as", FIRST, "--comment", "The board did not agree.", "--json")
    assert (answer.code, answer.json["stage"]) == (0, "ended")


def test_dossier_and_verify(run, home_at, agreement, tmp_path, monkeypatch):
    home_at("archived")
    dossier, keys = tmp_path / "dossier.zip", tmp_path / "keys.json"
    written = run("dossier", agreement, "-o", dossier, "--json")
    assert written.json["size_bytes"] == dossier.stat().st_size
    assert run("dossier", agreement, "-o", dossier).code == 0
    assert run("keys", "export", "-o", keys, "--json").json["demonstration"] is True
    assert run("keys", "export", "-o", keys).code == 0

    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "nowhere"))
    valid = run("verify", dossier, "--keys", keys)
    assert (valid.code, valid.out.splitlines()[-1]) == (0, f"dossier of {agreement}: valid")
    assert run("verify", dossier, "--keys", keys, "--json").json["verdict"] == "valid"
    without = run("verify", dossier, "--json")
    assert (without.code, without.json["verdict"]) == (3, "indeterminate")
    assert not (tmp_path / "nowhere").exists()

    with zipfile.ZipFile(dossier) as archive:
        offset = archive.getinfo("agreement.pdf").header_offset + 5000
    content = bytearray(dossier.read_bytes())
    content[offset] ^= 1
    altered = tmp_path / "altered.zip"
    altered.write_bytes(content)
    invalid = run("verify", altered, "--keys", keys)
    assert invalid.code == 1
    assert "INVALID" in invalid.out
    assert "agreement.pdf" in invalid.out
    assert run("verify", dossier, "--keys", altered).code == 2
    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "home"))
    assert run("dossier", agreement, "-o", keys).code == 1


def test_no_dossier_of_what_is_not_archived(run, home_at, agreement, tmp_path):
    home_at("concluded")
    answer = run("dossier", agreement, "-o", tmp_path / "dossier.zip", "--json")
    assert (answer.code, answer.json["error"]) == (1, "Refused")
    assert not (tmp_path / "dossier.zip").exists()


def test_no_folder_is_made_for_what_is_written(run, home_at, agreement, tmp_path):
    home_at("concluded")
    commands = (["dossier", agreement, "-o"], ["verifier", "-o"], ["fetch", agreement, "-o"], ["keys", "export", "-o"])
    for command in (*commands, ["ledger", "prove", agreement, "-o"], ["redline", agreement, "-o"]):
        answer = run(*command, tmp_path / "misspelt" / "file.html", "--json")
        assert (answer.code, answer.json["what"]) == (2, "the folder to write to is not there")
    assert not (tmp_path / "misspelt").exists()


def test_people_are_added_and_listed_without_their_salts(run, tmp_path):
    home = ("--home", tmp_path / "fresh")
    assert "convenio people add" in run("people", "list", *home).err
    added = run("people", "add", "Legal@Example.org", "--role", "reviewer", *home, "--json").json
    assert (added["email"], added["roles"]) == ("legal@example.org", ["reviewer"])
    assert "salt" not in added
    run("people", "add", "legal@example.org", "--role", "manager", *home)
    (listed,) = run("people", "list", *home, "--json").json
    assert listed["roles"] == ["manager", "reviewer"]
    assert "salt" not in listed
    assert "legal@example.org" in run("people", "list", *home).out
    assert run("people", "add", "nobody", "--role", "manager", *home).code == 2
    assert run("people", "add", "x@example.org", "--role", "emperor", *home).code == 2


def first_certificate(house: Installation, key: ec.EllipticCurvePrivateKey) -> Certificate:
    """Return a certificate of the first signatory's for ``key``, under the demonstration root."""
    name = str(data_of(house, house.ledger.state(house.register.rows()[0].id).data).signatories[0].name)
    extensions = signing_extensions([DOCUMENT_SIGNING], critical=False)
    subject, life = subject_name(name, "Tests"), timedelta(days=30)
    return certificate_for(house.pki.issuing, key, subject, datetime.now(UTC), life, extensions)


def first_key(home, label: str, token: SoftToken) -> None:
    """Put a key of the first signatory into the token, under the demonstration root of ``home``."""
    house, key = Installation(Settings(home=home)), ec.generate_private_key(ec.SECP256R1())
    token.add_key(label, key, first_certificate(house, key), house.pki.issuing.certificate)
    house.close()


def test_sign_with_a_token(run, home_at, agreement, tmp_path, monkeypatch):
    token = SoftToken(tmp_path / "hsm", name="Command line")
    first_key(home_at("signing"), "mine", token)
    command = ("sign", agreement, "--as", FIRST, "--pkcs11", MODULE, "--token", token.name, "--label", "mine", "--json")
    asked = run(*command)
    assert (asked.code, asked.json["expected"]) == (2, "CONVENIO_TOKEN_PIN in the environment, or a terminal")
    monkeypatch.setenv("CONVENIO_TOKEN_PIN", "975310")
    wrong = run(*command)
    assert (wrong.code, wrong.json["what"]) == (2, "the token does not open with this PIN")
    assert "975310" not in wrong.out
    monkeypatch.setenv("CONVENIO_TOKEN_PIN", PIN)
    assert run(*command).json["changed"] is True


def test_sign_by_click_with_a_mailed_link_and_code(run, home_at, agreement):
    house = Installation(Settings(home=home_at("signing")))
    commands = ("sign", agreement, "--as", FIRST, "--click")
    assert run("link", agreement, "--as", FIRST, "--json").json == {"agreement": agreement, "mailed": True}
    link = link_in(mails(house, "-link-")[-1])
    assert run(*commands, link, "--code", "000000").code == 1
    told = run("code", agreement, "--link", link)
    assert (told.code, told.out.startswith("A code was mailed")) == (0, True)
    assert "code_valid_until" in run("code", agreement, "--link", link, "--json").json
    code = code_in(mails(house, "-code-")[-1])
    assert code not in told.out
    signed = run(*commands, link, "--code", code, "--json")
    assert (signed.code, signed.json["changed"]) == (0, True)
    assert "was signed already" in run(*commands, link, "--code", code).out


def test_sign_by_upload(run, home_at, agreement, tmp_path):
    home_at("signing")
    path = tmp_path / "signed.pdf"
    run("fetch", agreement, "-o", path)
    unsigned = run("sign", agreement, "--as", FIRST, "--upload", path, "--json")
    assert (unsigned.code, unsigned.json["what"]) == (
        1,
        "there is no signature in the file: it is the one that was handed out",
    )


def test_sign_in_two_halves_with_a_key_that_is_elsewhere(run, home_at, agreement, tmp_path):
    house, key = Installation(Settings(home=home_at("signing"))), ec.generate_private_key(ec.SECP256R1())
    chain, request, value = tmp_path / "chain.pem", tmp_path / "request.json", tmp_path / "value"
    made = first_certificate(house, key)
    chain.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in (made, house.pki.issuing.certificate)))
    begin = ("sign", agreement, "--as", FIRST, "--certificate", chain, "--begin")
    told = run(*begin, request)
    asked = json.loads(request.read_text())
    assert (told.code, asked["agreement"]) == (0, agreement)
    assert asked["sha256"] in told.out
    assert run(*begin, tmp_path / "again.json", "--json").json.keys() == asked.keys()

    finish = ("sign", agreement, "--as", FIRST, "--value", value, "--json", "--finish")
    value.write_bytes(b"no signature")
    wrong = run(*finish, request)
    assert (wrong.code, wrong.json["error"]) == (1, "Refused")
    assert run(*finish, chain).code == 2
    value.write_bytes(key.sign(bytes.fromhex(asked["sha256"]), ec.ECDSA(utils.Prehashed(SHA256()))))
    assert run(*finish, request).json["changed"] is True
    assert run(*finish, request).json["changed"] is False


def test_reviewer_records_a_paper_original(run, home_at, agreement, tmp_path):
    house = Installation(Settings(home=home_at("signing")))
    scan = tmp_path / "scan.png"
    scan.write_bytes(png())
    approved = house.ledger.state(agreement).content.pdf
    command = ("sign-paper", agreement, "--for", "for-gssc", "--scan", scan, "--compared-with")
    assert run(*command, "0" * 64, "--as", REVIEWER).code == 1
    answer = run(*command, approved, "--as", REVIEWER, "--json")
    assert (answer.code, answer.json["changed"]) == (0, True)
    assert "was signed on paper already" in run(*command, approved, "--as", REVIEWER).out


STRANGE = {
    "none": ((), "say in which way you sign"),
    "two": (("--p12", "a.p12", "--upload", "a.pdf"), "say in which way you sign"),
    "begin without a certificate": (("--begin", "a.json"), "--begin needs other options beside it"),
    "finish without a value": (("--finish", "a.json"), "--finish needs other options beside it"),
    "click without a code": (("--click", "LINK"), "--click needs other options beside it"),
    "token without a label": (("--pkcs11", "a.so", "--token", "T"), "--pkcs11 needs other options beside it"),
    "code beside a file": (("--p12", "a.p12", "--code", "123456"), "--p12 needs other options beside it"),
    "service over plain http": (
        ("--csc", "http://example.org", "--credential", "mine"),
        "the trust service's address is not one that secrets may be sent to",
    ),
}


@pytest.mark.parametrize(("options", "sentence"), STRANGE.values(), ids=STRANGE)
def test_options_that_do_not_belong_together_are_refused(run, home_at, agreement, options, sentence):
    home_at("signing")
    answer = run("sign", agreement, "--as", FIRST, *options, "--json")
    assert (answer.code, answer.json["what"]) == (2, sentence)
