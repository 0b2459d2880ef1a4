r"""What the ledger cannot give back after a loss, as one encrypted file: people, remarks, keys, settings.

::

    "convenio-backup\n"   16 bytes
    version               1 byte, 1
    log2 N                1 byte
    salt                  16 bytes
    nonce                 12 bytes
    ciphertext and tag    AES-256-GCM (NIST SP 800-38D) of a canonical zip; everything above is authenticated with it

    key = scrypt(passphrase, salt, N, r = 8, p = 1), 32 bytes       RFC 7914
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from archive.canonical_zip import read_canonical, write_canonical
from schemas.errors import InputError, Invalid

COST = 17
"""Binary logarithm of scrypt's N: 128 MiB of memory and some tenths of a second for each guess."""

COST_MAX = 20
"""More is refused unread, so that a hostile file does not fill the memory."""

PASSPHRASE_LENGTH_MIN = 12

_HEADER = struct.Struct("<16sBB16s12s")
_MAGIC, _VERSION = b"convenio-backup\n", 1


def write_backup(
    members: Mapping[str, bytes], passphrase: str, random_bytes: Callable[[int], bytes], *, cost: int = COST
) -> bytes:
    """Return ``members`` (name to content) encrypted under ``passphrase``.

    Raises :class:`InputError` for a passphrase of less than 12 characters: whoever finds the file can guess at leisure.
    """
    if len(passphrase) < PASSPHRASE_LENGTH_MIN:
        raise InputError(
            "the passphrase of a backup is too short",
            got=f"{len(passphrase)} characters",
            expected=f"at least {PASSPHRASE_LENGTH_MIN}, such as five random words",
        )
    header = _HEADER.pack(_MAGIC, _VERSION, cost, random_bytes(16), random_bytes(12))
    return header + _cipher(header, passphrase).encrypt(header[-12:], write_canonical(members), header)


def read_backup(content: bytes, passphrase: str) -> dict[str, bytes]:
    """Return the members of a backup.

    Raises :class:`InputError` for what is none, :class:`Invalid` for a wrong passphrase or a single altered bit.
    """
    if not content.startswith(_MAGIC) or len(content) < _HEADER.size:
        raise InputError("this is not a backup", expected="a file from: convenio backup -o FILE")
    header = content[: _HEADER.size]
    _, version, cost, _, nonce = _HEADER.unpack(header)
    if version != _VERSION or not 1 <= cost <= COST_MAX:
        raise Invalid(
            "this backup was written by another version, or altered",
            got=f"version {version}, cost {cost}",
            expected=f"version {_VERSION}, cost at most {COST_MAX}",
        )
    try:
        plain = _cipher(header, passphrase).decrypt(nonce, content[_HEADER.size :], header)
    except InvalidTag as cause:
        raise Invalid(
            "the backup does not open",
            expected="its passphrase, and every bit of the file as it was written",
            remedy="check the passphrase; if it is right, the file was altered: take another copy",
        ) from cause
    return read_canonical(plain)


def _cipher(header: bytes, passphrase: str) -> AESGCM:
    _, _, cost, salt, _ = _HEADER.unpack(header)
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << cost, r=8, p=1).derive(passphrase.encode()))
