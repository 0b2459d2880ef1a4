"""Texts signed by lines below them: C2SP ``signed-note`` with Ed25519 keys.

::

    text, each line ending in a newline
                                                    (empty line)
    — convenio.example/ledger K9vX...=              em dash, key name, base64(key hash || signature)

    key hash     = SHA-256(name || 0x0A || type || public key)[:4]
    verifier key = name+hex(key hash)+base64(type || public key)

Type 0x01 signs the text itself; type 0x04 is a witness's co-signature (C2SP ``tlog-cosignature``).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import Invalid, Refused

ED25519 = b"\x01"
"""Type byte of an Ed25519 signature over the text (C2SP signed-note)."""

COSIGNATURE = b"\x04"
"""Type byte of an Ed25519 co-signature with its time (C2SP tlog-cosignature)."""

SIGNATURE_LINES_MAX = 100
"""A note with more signature lines is refused before any is checked."""

_SIGNATURE_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<blob>[A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under its name, as it is pinned; ``kind`` is its type byte and ``public`` 32 raw bytes."""

    name: str
    kind: bytes
    public: bytes

    @property
    def hash(self) -> bytes:
        """The four bytes by which a signature line names the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise :class:`Invalid` unless ``signature`` (64 bytes) is the key's over ``message``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature as cause:
            raise Invalid(
                "the signature does not belong to this text",
                where=self.name,
                expected="the text as it was signed",
                remedy="treat the note as altered; get it again from its source",
            ) from cause

    def __str__(self) -> str:
        return f"{self.name}+{self.hash.hex()}+{base64.b64encode(self.kind + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line below a note: whose key it names, and what it carries after the key's hash."""

    name: str
    key_hash: bytes
    signature: bytes

    def is_of(self, key: VerifierKey) -> bool:
        """Return whether the line names ``key``."""
        return (self.name, self.key_hash) == (key.name, key.hash)

    def __str__(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_hash + self.signature).decode()}\n"


class NoteKey:
    """A private Ed25519 key that signs notes under ``name``, which is not empty and has neither spaces nor ``+``."""

    kind: ClassVar[bytes]

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        if not re.fullmatch(r"[^\s+]+", name):
            raise Refused("a note key's name has neither spaces nor plus signs", got=repr(name))
        self._private = private
        self._public = VerifierKey(name, self.kind, private.public_key().public_bytes_raw())

    @classmethod
    def create(cls, name: str) -> Self:
        """Return a new key from the operating system's random source."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, pem: bytes, name: str, *, passphrase: bytes) -> Self:
        """Return the key kept in ``pem`` (encrypted PKCS#8, RFC 5958).

        Raises :class:`Refused` for a wrong passphrase or a key of another kind.
        """
        try:
            private = serialization.load_pem_private_key(pem, passphrase)
        except (ValueError, TypeError) as cause:
            raise Refused(
                "the note key cannot be opened",
                where=name,
                expected="an encrypted PKCS#8 PEM and its passphrase",
                remedy="check the passphrase, or restore the key file from its backup",
            ) from cause
        if not isinstance(private, Ed25519PrivateKey):
            raise Refused("a note key is an Ed25519 key", where=name, got=type(private).__name__)
        return cls(name, private)

    def pem(self, passphrase: bytes) -> bytes:
        """Return the key as PKCS#8 PEM, encrypted under ``passphrase`` (RFC 5958)."""
        if not passphrase:
            raise Refused("a note key is never kept without a passphrase", where=self._public.name)
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        )

    @property
    def name(self) -> str:
        """The name the key signs under."""
        return self._public.name

    @property
    def verifier_key(self) -> str:
        """The public key as ``name+hash+base64``, for others to pin."""
        return str(self._public)


def open_note(note: str, verifier_key: str) -> str:
    """Return the text of a signed note after every signature of ``verifier_key`` on it was verified.

    Signatures of other keys (witnesses) are left alone, as the specification asks. Raises :class:`Invalid` where
    the note is malformed, carries no signature of this key, or one that does not verify.
    """
    key = parse_verifier_key(verifier_key)
    text, lines = split_note(note, where=key.name)
    ours = [line.signature for line in lines if line.is_of(key)]
    if not ours:
        raise Invalid(
            "the note is not signed by this key",
            where=key.name,
            got=", ".join(line.name for line in lines),
            expected=f"{key.name}+{key.hash.hex()}",
        )
    for signature in ours:
        key.verify(signature, text.encode())
    return text


def parse_verifier_key(verifier_key: str, *, kind: bytes = ED25519) -> VerifierKey:
    """Return the public key of ``name+hash+base64``; raises :class:`Invalid` where it is not one of ``kind``."""
    match verifier_key.split("+", 2):
        case [name, hashed, encoded] if re.fullmatch(r"[^\s+]+", name) and re.fullmatch(r"[0-9a-f]{8}", hashed):
            raw = decode_base64(encoded, where="verifier key")
        case _:
            raise Invalid("not a verifier key", got=verifier_key, expected="name+hash+base64")
    if len(raw) != 33 or raw[:1] != kind:
        raise Invalid("not an Ed25519 verifier key", where=name, got=f"{len(raw)} bytes, type {raw[:1].hex()}",
                      expected=f"33 bytes, type {kind.hex()}")  # fmt: skip
    key = VerifierKey(name, kind, raw[1:])
    if key.hash.hex() != hashed:
        raise Invalid("the verifier key's hash is another key's", where=name, got=hashed, expected=key.hash.hex())
    return key


def split_note(note: str, *, where: str) -> tuple[str, list[SignatureLine]]:
    """Return the text of a signed note, with its last newline, and its signature lines.

    Raises :class:`Invalid` where the note or one of its lines is malformed.
    """
    text, separator, block = note.rpartition("\n\n")
    if not separator or not text or not block.endswith("\n"):
        raise Invalid("not a signed note", where=where, expected="text, an empty line, and signature lines")
    if any((character < " " and character != "\n") or "\ud800" <= character <= "\udfff" for character in note):
        raise Invalid("not a signed note", where=where, got="a control character", expected="UTF-8 text and newlines")
    lines = block[:-1].split("\n")
    if len(lines) > SIGNATURE_LINES_MAX:
        raise Invalid("too many signature lines", where=where, got=len(lines), expected=f"1 to {SIGNATURE_LINES_MAX}")
    return text + "\n", [parse_signature_line(line, where=where) for line in lines]


def parse_signature_line(line: str, *, where: str) -> SignatureLine:
    """Return what a signature line (without its newline) carries; raises :class:`Invalid` for any other line."""
    if not (match := _SIGNATURE_LINE.fullmatch(line)):
        raise Invalid("not a signature line", where=where, got=repr(line), expected="— name base64")
    blob = decode_base64(match["blob"], where=f"signature of {match['name']}")
    if len(blob) < 5:
        raise Invalid("a signature line without signature", where=where, got=repr(line))
    return SignatureLine(match["name"], blob[:4], blob[4:])


def decode_base64(encoded: str, *, where: str) -> bytes:
    """Return the bytes of canonical base64: one text for each value, so that no bit of it may change unnoticed."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise Invalid("not base64", where=where, got=encoded) from cause
    if base64.b64encode(decoded).decode() != encoded:
        raise Invalid("not canonical base64", where=where, got=encoded, expected=base64.b64encode(decoded).decode())
    return decoded
