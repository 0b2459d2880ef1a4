"""PKCS#12 files that ask for much work, hide a key, or come from other programs."""

from __future__ import annotations

import hashlib
import hmac
import subprocess

import pytest
from asn1crypto import algos, core, pkcs12
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates

from schemas.errors import InputError
from signing.pkcs12 import MOST_ITERATIONS, MOST_MAC_ITERATIONS, PBMAC1, opened
from tests.signing.test_keys import certificate_for

SALT, IV = b"salted twice", bytes(16)


@pytest.fixture(scope="module")
def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def file_with(key, encryption) -> bytes:
    return serialize_key_and_certificates(b"Ana", key, certificate_for(key), None, encryption)


def pbes2(iterations: int) -> dict[str, object]:
    derived = {"salt": core.OctetString(SALT), "iteration_count": iterations, "prf": {"algorithm": "sha256"}}
    parameters = {
        "key_derivation_func": {"algorithm": "pbkdf2", "parameters": derived},
        "encryption_scheme": {"algorithm": "aes256_cbc", "parameters": IV},
    }
    return {"algorithm": "pbes2", "parameters": parameters}


def bags(*keys: int) -> bytes:
    """Return shrouded keys, each asking for that many iterations; nobody derives them."""
    shrouded = [{"encryption_algorithm": pbes2(count), "encrypted_data": bytes(32)} for count in keys]
    return pkcs12.SafeContents([{"bag_id": "pkcs8_shrouded_key_bag", "bag_value": one} for one in shrouded]).dump()


def plain(content: bytes) -> dict[str, object]:
    return {"content_type": "data", "content": content}


def encrypted(content: bytes, iterations: int) -> dict[str, object]:
    padder = padding.PKCS7(128).padder()
    derived = hashlib.pbkdf2_hmac("sha256", b"pw", SALT, min(iterations, 1000), 32)
    encryptor = Cipher(algorithms.AES256(derived), modes.CBC(IV)).encryptor()
    hidden = encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()
    info = {"content_type": "data", "content_encryption_algorithm": pbes2(iterations), "encrypted_content": hidden}
    return {"content_type": "encrypted_data", "content": {"version": 0, "encrypted_content_info": info}}


def joined(*parts: object, mac: dict[str, object] | None = None) -> bytes:
    content = core.OctetString(pkcs12.AuthenticatedSafe(parts).dump())
    whole = {"version": "v3", "auth_safe": {"content_type": "data", "content": content}}
    return pkcs12.Pfx({**whole, **({"mac_data": mac} if mac else {})}).dump()


def mac_of(iterations: int, algorithm: dict[str, object] | None = None) -> dict[str, object]:
    how = algorithm or {"algorithm": "sha256", "parameters": core.Null()}
    return {"mac": {"digest_algorithm": how, "digest": bytes(32)}, "mac_salt": SALT, "iterations": iterations}


def pbmac1(iterations: int, key_bytes: int = 32) -> dict[str, object]:
    derived = {"salt": core.OctetString(SALT), "iteration_count": iterations, "key_length": key_bytes}
    parameters = algos.Pbmac1Params(
        {
            "key_derivation_func": {"algorithm": "pbkdf2", "parameters": derived},
            "message_auth_scheme": {"algorithm": "sha256"},
        }
    )
    return mac_of(1, {"algorithm": PBMAC1, "parameters": core.Any(parameters)})


HALF = MOST_ITERATIONS // 2 + 1
HUGE = 2**31 - 1


@pytest.mark.parametrize(
    ("content", "most"),
    [
        (joined(plain(bags(HUGE))), MOST_ITERATIONS),
        (joined(encrypted(b"", HUGE)), MOST_ITERATIONS),
        (joined(plain(bags(1)), mac=mac_of(MOST_MAC_ITERATIONS + 1)), MOST_MAC_ITERATIONS),
        (joined(plain(bags(1)), mac=pbmac1(HUGE)), MOST_ITERATIONS),
        (joined(plain(bags(HALF, HALF))), MOST_ITERATIONS),
        (joined(plain(bags(HALF)), encrypted(b"", HALF)), MOST_ITERATIONS),
    ],
    ids=["key", "part", "MAC", "PBMAC1", "two keys", "key and part"],
)
def test_a_file_that_takes_too_long_to_open_is_refused_before_it_is_opened(content, most):
    with pytest.raises(InputError, match="too much work") as refused:
        opened(content, b"pw")
    assert refused.value.got.endswith(" iterations")
    assert refused.value.expected == f"at most {most:,}"


def test_a_key_hidden_in_an_encrypted_part_is_never_derived(p256):
    hidden, known = encrypted(bags(HUGE), 1000), pkcs12.Pfx.load(file_with(p256, NoEncryption()))
    found = opened(joined(hidden, *known.authenticated_safe), b"pw")
    assert found.key.public_key() == p256.public_key()
    with pytest.raises(InputError, match="shows no private key") as refused:
        opened(joined(hidden), b"pw")
    assert refused.value.got == "if it holds one, it lies in an encrypted part, which is not opened"
    assert "openssl pkcs12 -export" in refused.value.remedy


def test_of_several_keys_none_is_chosen():
    with pytest.raises(InputError, match="several private keys") as refused:
        opened(joined(plain(bags(1)), plain(bags(1))), b"pw")
    assert refused.value.got == "2 private keys"


def test_a_file_of_certificates_alone_holds_no_key(p256):
    content = serialize_key_and_certificates(None, None, None, [certificate_for(p256)], NoEncryption())
    with pytest.raises(InputError, match="holds no private key"):
        opened(content, None)


@pytest.mark.parametrize("count", [0, -1, -(2**40)])
def test_a_count_that_is_none_is_not_believed(count):
    with pytest.raises(InputError, match="cannot be read"):
        opened(joined(plain(bags(count))), b"pw")


@pytest.mark.parametrize("size", [0, 65, HUGE])
def test_the_key_of_a_mac_is_not_as_long_as_the_file_likes(size):
    with pytest.raises(InputError, match="cannot be read"):
        opened(joined(plain(bags(1)), mac=pbmac1(1, size)), b"pw")


def test_a_mac_of_the_newer_kind_is_checked(p256):
    parts = list(pkcs12.Pfx.load(file_with(p256, NoEncryption())).authenticated_safe)
    mac = pbmac1(1000)
    key = hashlib.pbkdf2_hmac("sha1", b"pw", SALT, 1000, 32)
    mac["mac"]["digest"] = hmac.digest(key, pkcs12.AuthenticatedSafe(parts).dump(), "sha256")
    assert opened(joined(*parts, mac=mac), b"pw").key.public_key() == p256.public_key()
    with pytest.raises(InputError, match="passphrase"):
        opened(joined(*parts, mac=mac), b"another")


@pytest.mark.parametrize("how", list(PBES))
@pytest.mark.parametrize("mac", [hashes.SHA1(), hashes.SHA256(), hashes.SHA512()], ids=lambda one: one.name)
def test_the_usual_kinds_of_file_are_opened_with_any_passphrase(p256, how, mac):
    passphrase = "contraseña \U0001d54f".encode()
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(100).key_cert_algorithm(how).hmac_hash(mac)
    content = file_with(p256, builder.build(passphrase))
    found = opened(content, passphrase)
    assert found.key.public_key() == p256.public_key()
    assert found.cert.friendly_name == b"Ana"
    with pytest.raises(InputError, match="does not open with this passphrase"):
        opened(content, b"another")


CLASSIC = ("-legacy", "-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1")


@pytest.mark.parametrize("passphrase", ["pw", ""], ids=["passphrase", "empty passphrase"])
@pytest.mark.parametrize(
    "options",
    [CLASSIC, (*CLASSIC, "-certpbe", "PBE-SHA1-RC2-40"), ("-nomac",), ()],
    ids=["of ten years ago", "of twenty years ago", "without MAC", "of today"],
)
def test_what_openssl_exports_is_opened(p256, tmp_path, options, passphrase):
    pem = tmp_path / "key.pem"
    key = p256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(key + certificate_for(p256).public_bytes(Encoding.PEM))
    command = ["openssl", "pkcs12", "-export", "-in", pem, "-passout", f"pass:{passphrase}", *options]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    for given in [passphrase.encode()] if passphrase else [b"", None]:
        assert opened(content, given).key.public_key() == p256.public_key()


@pytest.mark.parametrize("places", [(0, 1), (1, 0)], ids=["key first", "certificates first"])
def test_the_parts_stand_in_any_order(p256, places):
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(100)
    whole = pkcs12.Pfx.load(file_with(p256, builder.build(b"pw")))
    parts = [whole.authenticated_safe[place] for place in places]
    mac = pbmac1(1000)
    key = hashlib.pbkdf2_hmac("sha1", b"pw", SALT, 1000, 32)
    mac["mac"]["digest"] = hmac.digest(key, pkcs12.AuthenticatedSafe(parts).dump(), "sha256")
    found = opened(joined(*parts, mac=mac), b"pw")
    assert (found.key.public_key(), found.cert is None) == (p256.public_key(), False)


def test_a_file_changed_by_who_does_not_know_the_passphrase_is_refused(p256):
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(100)
    whole = pkcs12.Pfx.load(file_with(p256, builder.build(b"pw")))
    parts = [*whole.authenticated_safe, plain(pkcs12.SafeContents([]).dump())]
    with pytest.raises(InputError, match="passphrase"):
        opened(joined(*parts, mac=whole["mac_data"]), b"pw")
