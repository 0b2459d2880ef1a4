"""Opening a PKCS#12 file (RFC 7292), whoever made it, without more work than a file is worth.

::

    Pfx ── mac_data                                     iterations (of PBMAC1, RFC 9579, its own)
     └── parts ── data ── bags ── shrouded key          iterations of each
              └── encrypted data                        iterations, and bags that nobody has looked at

Whoever made the file chose the numbers: up to two thousand million each, which is minutes of work. So they are added up
before any key is derived, and the parser gets the parts that can be looked at first: once it has a private key it
derives no other, whatever lies in an encrypted part. As that changes their order, the MAC is checked here, and made
anew: by it the parser learns how a passphrase that is empty was written.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from asn1crypto import algos, core, pkcs12
from asn1crypto.cms import ContentInfo
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12

from schemas.errors import InputError

MOST_ITERATIONS = 5_000_000
"""Of all keys derived for one file; programs that export ask for 2,000 to 1,000,000."""

MOST_MAC_ITERATIONS = 1_000_000
"""Of the key of a MAC that is derived here, step by step; programs that export ask for 1 to 100,000."""

LONGEST_MAC_KEY_BYTES = 64
"""Every further digest of a longer one would cost all iterations again."""

SHROUDED = "pkcs8_shrouded_key_bag"
PBMAC1 = "1.2.840.113549.1.5.14"

UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError, RecursionError)
"""What the parsers raise for what is not as it has to be."""


def opened(content: bytes, passphrase: bytes | None) -> PKCS12KeyAndCertificates:
    """Return what a PKCS#12 file holds: the one private key that is not in an encrypted part, and certificates.

    Raises :class:`InputError` for another passphrase, for no such key or several, for what cannot be read, and for what
    takes too long to open.
    """
    try:
        pfx = pkcs12.Pfx.load(content, strict=True)
        _require_little_work(_mac_iterations(pfx["mac_data"]), MOST_MAC_ITERATIONS)
        _require_little_work(sum(_iterations(pfx)), MOST_ITERATIONS)
        _require_one_key(pfx)
        return load_pkcs12(_in_safe_order(pfx, passphrase), passphrase)
    except UNREADABLE as fault:
        text = str(fault).partition("\n")[0]
        if "password" in text.lower():
            raise _other_passphrase(passphrase) from fault
        raise InputError(
            "the PKCS#12 file cannot be read",
            got=text,
            expected="a whole .p12 or .pfx file (RFC 7292)",
            remedy="export it again",
        ) from fault


def _require_little_work(iterations: int, most: int) -> None:
    if iterations > most:
        raise InputError(
            "the PKCS#12 file asks for too much work before it opens",
            got=f"{iterations:,} iterations",
            expected=f"at most {most:,}",
            remedy="export it again, with fewer iterations",
        )


def _require_one_key(pfx: pkcs12.Pfx) -> None:
    seen = [part for part in pfx.authenticated_safe if not _is_encrypted(part)]
    keys = sum(bag["bag_id"].native in {"key_bag", SHROUDED} for part in seen for bag in _bags(part))
    if keys > 1:
        raise InputError(
            "the PKCS#12 file holds several private keys",
            got=f"{keys} private keys",
            expected="exactly one private key",
            remedy="export only the certificate to sign with, and its private key",
        )
    if keys == 0 and len(seen) < len(pfx.authenticated_safe):
        raise InputError(
            "the PKCS#12 file shows no private key",
            got="if it holds one, it lies in an encrypted part, which is not opened",
            expected="one private key that is encrypted by itself, and its certificate",
            remedy="with the private key, export it again: openssl pkcs12 -in FILE -out KEY.pem, "
            "then openssl pkcs12 -export -in KEY.pem -out NEW.p12",
        )
    if keys == 0:
        raise InputError(
            "the PKCS#12 file holds no private key",
            expected="one private key and its certificate",
            remedy="export it again, and include the private key",
        )


def _mac_iterations(mac: pkcs12.MacData) -> int:
    return _count(mac["iterations"]) if mac else 0


def _iterations(pfx: pkcs12.Pfx) -> Iterator[int]:
    mac = pfx["mac_data"]
    yield _mac_iterations(mac)
    if mac and _is_pbmac1(mac):
        yield _of_kdf(_pbmac1(mac)["key_derivation_func"])
    for part in pfx.authenticated_safe:
        if _is_encrypted(part):
            yield _of_encryption(part["content"]["encrypted_content_info"]["content_encryption_algorithm"])
        else:
            shrouded = (bag["bag_value"] for bag in _bags(part) if bag["bag_id"].native == SHROUDED)
            yield from (_of_encryption(key["encryption_algorithm"]) for key in shrouded)


def _bags(part: ContentInfo) -> Iterator[pkcs12.SafeBag]:
    waiting = [pkcs12.SafeContents.load(part["content"].native, strict=True)]
    while waiting:
        for bag in waiting.pop():
            if bag["bag_id"].native == "safe_contents":
                waiting.append(bag["bag_value"])
            else:
                yield bag


def _is_encrypted(part: ContentInfo) -> bool:
    kind = part["content_type"].native
    if kind not in {"data", "encrypted_data"}:
        raise ValueError(f"a part that is {kind}")
    return kind == "encrypted_data"


def _of_encryption(how: algos.EncryptionAlgorithm) -> int:
    if how["algorithm"].native == "pbes2":
        return _of_kdf(how["parameters"]["key_derivation_func"])
    return _count(how["parameters"]["iterations"])


def _of_kdf(how: algos.KdfAlgorithm) -> int:
    if how["algorithm"].native != "pbkdf2":
        raise ValueError(f"a key derived by {how['algorithm'].dotted}, not by PBKDF2")
    return _count(how["parameters"]["iteration_count"])


def _count(iterations: core.Integer) -> int:
    if iterations.native < 1:
        raise ValueError(f"{iterations.native} iterations")
    return int(iterations.native)


def _is_pbmac1(mac: pkcs12.MacData) -> bool:
    return mac["mac"]["digest_algorithm"]["algorithm"].dotted == PBMAC1


def _pbmac1(mac: pkcs12.MacData) -> algos.Pbmac1Params:
    return algos.Pbmac1Params.load(mac["mac"]["digest_algorithm"]["parameters"].dump())


def _in_safe_order(pfx: pkcs12.Pfx, passphrase: bytes | None) -> bytes:
    """Return the file with what can be looked at before what cannot, and with a MAC where it has one.

    Raises :class:`InputError` where the MAC does not say that whoever made the file knew the passphrase.
    """
    parts = sorted(pfx.authenticated_safe, key=_is_encrypted)
    content = pkcs12.AuthenticatedSafe(parts).dump()
    ordered = {"version": "v3", "auth_safe": {"content_type": "data", "content": core.OctetString(content)}}
    if mac := pfx["mac_data"]:
        before, name = pfx["auth_safe"]["content"].native, _mac_digest(mac)
        fitting = (key for key in _mac_keys(mac, passphrase or b"") if _is_mac(mac, hmac.digest(key, before, name)))
        key = next(fitting, None)
        if key is None:
            raise _other_passphrase(passphrase)
        mac["mac"]["digest"] = hmac.digest(key, content, name)
        ordered["mac_data"] = mac
    return pkcs12.Pfx(ordered).dump()


def _mac_digest(mac: pkcs12.MacData) -> str:
    how = _pbmac1(mac)["message_auth_scheme"] if _is_pbmac1(mac) else mac["mac"]["digest_algorithm"]
    return str(how["algorithm"].native)


def _is_mac(mac: pkcs12.MacData, digest: bytes) -> bool:
    return hmac.compare_digest(mac["mac"]["digest"].native, digest)


def _mac_keys(mac: pkcs12.MacData, passphrase: bytes) -> Iterator[bytes]:
    """Yield the key of a MAC for every way in which programs write the passphrase."""
    if _is_pbmac1(mac):
        derived_by = _pbmac1(mac)["key_derivation_func"]["parameters"]
        length = derived_by["key_length"].native
        if not length or not 0 < length <= LONGEST_MAC_KEY_BYTES:
            raise ValueError(f"the key of the MAC is of {length} bytes")
        prf, salt = derived_by["prf"]["algorithm"].native, derived_by["salt"].native
        yield hashlib.pbkdf2_hmac(prf, passphrase, salt, _count(derived_by["iteration_count"]), length)
        return
    name, salt, iterations = _mac_digest(mac), mac["mac_salt"].native, _count(mac["iterations"])
    written = passphrase.decode().encode("utf-16-be")
    # no passphrase is written as nothing by some programs, and as an empty text by others
    for one in [written + b"\0\0"] if written else [b"", b"\0\0"]:
        yield _mac_key(name, one, salt, iterations)


def _mac_key(name: str, written: bytes, salt: bytes, iterations: int) -> bytes:
    """Return the key of a MAC (RFC 7292 B.2, of which one round is enough for a key as long as the digest)."""
    block = hashlib.new(name).block_size
    key = b"\x03" * block + _filled(salt, block) + _filled(written, block)
    for _ in range(iterations):
        key = hashlib.new(name, key).digest()
    return key


def _filled(text: bytes, block: int) -> bytes:
    """Return ``text`` repeated until it fills whole blocks."""
    size = -(-len(text) // block) * block
    return (text * (size // len(text) + 1))[:size] if text else b""


def _other_passphrase(passphrase: bytes | None) -> InputError:
    return InputError(
        "the PKCS#12 file does not open with this passphrase",
        got="another passphrase" if passphrase else "no passphrase",
        expected="the passphrase given at export",
        remedy="type it again; a passphrase cannot be recovered",
    )
