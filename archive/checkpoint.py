"""Signed tree heads: C2SP ``tlog-checkpoint`` inside a C2SP ``signed-note``.

::

    convenio.example/ledger                         origin, also the name of the key
    42                                              number of leaves, decimal
    7NNlvQ...=                                      root hash, base64
                                                    (empty line)
    — convenio.example/ledger K9vX...=              em dash, key name, base64(key hash || signature)

    key hash     = SHA-256(name || 0x0A || 0x01 || public key)[:4]       0x01 is Ed25519
    verifier key = name+hex(key hash)+base64(0x01 || public key)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import Invalid, Refused
from schemas.evidence import Checkpoint

ED25519 = b"\x01"
"""Signature type byte of Ed25519 (C2SP signed-note)."""

SIGNATURE_LINES_MAX = 100
"""A note with more signature lines is refused before any is checked."""

_SIGNATURE_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<blob>[A-Za-z0-9+/]+={0,2})")


class CheckpointKey:
    """The private Ed25519 key that signs checkpoints under the log's name ``origin``.

    Kept apart from database and store credentials. ``origin`` is not empty and has neither spaces nor ``+``.
    """

    def __init__(self, origin: str, private: Ed25519PrivateKey) -> None:
        if not re.fullmatch(r"[^\s+]+", origin):
            raise Refused("a log's name has neither spaces nor plus signs", got=repr(origin))
        self.origin = origin
        self._private = private
        self._public = private.public_key().public_bytes_raw()

    @classmethod
    def create(cls, origin: str) -> CheckpointKey:
        """Return a new key from the operating system's random source."""
        return cls(origin, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, pem: bytes, *, origin: str, passphrase: bytes) -> CheckpointKey:
        """Return the key kept in ``pem`` (encrypted PKCS#8, RFC 5958).

        Raises :class:`Refused` for a wrong passphrase or a key of another kind.
        """
        try:
            private = serialization.load_pem_private_key(pem, passphrase)
        except (ValueError, TypeError) as cause:
            raise Refused(
                "the checkpoint key cannot be opened",
                where=origin,
                expected="an encrypted PKCS#8 PEM and its passphrase",
                remedy="check the passphrase, or restore the key file from its backup",
            ) from cause
        if not isinstance(private, Ed25519PrivateKey):
            raise Refused("a checkpoint key is an Ed25519 key", where=origin, got=type(private).__name__)
        return cls(origin, private)

    def pem(self, passphrase: bytes) -> bytes:
        """Return the key as PKCS#8 PEM, encrypted under ``passphrase`` (RFC 5958)."""
        if not passphrase:
            raise Refused("a checkpoint key is never kept without a passphrase", where=self.origin)
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        )

    @property
    def verifier_key(self) -> str:
        """The public key as ``name+hash+base64``, for auditors to pin."""
        encoded = base64.b64encode(ED25519 + self._public).decode()
        return f"{self.origin}+{key_hash(self.origin, self._public).hex()}+{encoded}"

    def sign(self, text: str) -> str:
        """Return ``text`` (ending in a newline) as a signed note; the same text gives the same note (RFC 8032)."""
        signature = key_hash(self.origin, self._public) + self._private.sign(text.encode())
        return f"{text}\n— {self.origin} {base64.b64encode(signature).decode()}\n"


def key_hash(name: str, public: bytes) -> bytes:
    """Return the four bytes by which a signature line names its Ed25519 key (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def sign_checkpoint(key: CheckpointKey, *, tree_size: int, root: bytes) -> Checkpoint:
    """Return the signed checkpoint of the tree of ``tree_size`` leaves under ``root`` (32 bytes)."""
    text = f"{key.origin}\n{tree_size}\n{base64.b64encode(root).decode()}\n"
    return Checkpoint(origin=key.origin, tree_size=tree_size, root=root.hex(), note=key.sign(text))


def open_checkpoint(note: str, verifier_key: str) -> Checkpoint:
    """Return the checkpoint that ``note`` carries, verified with ``verifier_key``.

    Raises :class:`Invalid` where the note is malformed, not signed by that key, altered, or of another log.
    """
    open_note(note, verifier_key)
    checkpoint, name = parse_checkpoint(note), verifier_key.split("+", 1)[0]
    if checkpoint.origin != name:
        raise Invalid("a checkpoint of another log", where="line 1", got=checkpoint.origin, expected=name)
    return checkpoint


def parse_checkpoint(note: str) -> Checkpoint:
    """Return the checkpoint that ``note`` states, whoever signed it; raises :class:`Invalid` where it is malformed."""
    text, _ = _split(note, where="checkpoint")
    lines = text.split("\n")
    if len(lines) != 4:
        raise Invalid("not a checkpoint", got=f"{len(lines) - 1} lines", expected="origin, size and root")
    origin, size, encoded, _ = lines
    if not origin:
        raise Invalid("not a checkpoint", where="line 1", got="an empty line", expected="the log's name")
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size):
        raise Invalid("not a tree size", where="line 2", got=size, expected="a decimal number without leading zeros")
    root = _decode(encoded, where="line 3")
    if len(root) != 32:
        raise Invalid("not a root hash", where="line 3", got=f"{len(root)} bytes", expected="32 bytes")
    return Checkpoint(origin=origin, tree_size=int(size), root=root.hex(), note=note)


def open_note(note: str, verifier_key: str) -> str:
    """Return the text of a C2SP signed note after every signature of ``verifier_key`` on it was verified.

    Signatures of other keys (witnesses) are left alone, as the specification asks. Raises :class:`Invalid` where
    the note is malformed, carries no signature of this key, or one that does not verify.
    """
    name, public = parse_verifier_key(verifier_key)
    text, lines = _split(note, where=name)
    ours = [signature for line in lines if (signature := _signature_by(name, public, line)) is not None]
    if not ours:
        raise Invalid(
            "the note is not signed by this key",
            where=name,
            got=", ".join(line.split(" ")[1] for line in lines),
            expected=f"{name}+{key_hash(name, public).hex()}",
        )
    key = Ed25519PublicKey.from_public_bytes(public)
    for signature in ours:
        try:
            key.verify(signature, text.encode())
        except InvalidSignature as cause:
            raise Invalid(
                "the signature does not belong to this text",
                where=name,
                expected="the text as it was signed",
                remedy="treat the note as altered; get it again from its source",
            ) from cause
    return text


def parse_verifier_key(verifier_key: str) -> tuple[str, bytes]:
    """Return name and raw Ed25519 public key (32 bytes) of ``name+hash+base64``; raises :class:`Invalid`."""
    match verifier_key.split("+", 2):
        case [name, hashed, encoded] if re.fullmatch(r"[^\s+]+", name) and re.fullmatch(r"[0-9a-f]{8}", hashed):
            key = _decode(encoded, where="verifier key")
        case _:
            raise Invalid("not a verifier key", got=verifier_key, expected="name+hash+base64")
    if len(key) != 33 or key[:1] != ED25519:
        raise Invalid("not an Ed25519 verifier key", where=name, got=f"{len(key)} bytes, type {key[:1].hex()}",
                      expected="33 bytes, type 01")  # fmt: skip
    if key_hash(name, key[1:]).hex() != hashed:
        raise Invalid("the verifier key's hash is another key's", where=name, got=hashed,
                      expected=key_hash(name, key[1:]).hex())  # fmt: skip
    return name, key[1:]


def _split(note: str, *, where: str) -> tuple[str, list[str]]:
    """Return the text of a signed note, with its last newline, and its signature lines."""
    text, separator, block = note.rpartition("\n\n")
    if not separator or not text or not block.endswith("\n"):
        raise Invalid("not a signed note", where=where, expected="text, an empty line, and signature lines")
    if any((character < " " and character != "\n") or "\ud800" <= character <= "\udfff" for character in note):
        raise Invalid("not a signed note", where=where, got="a control character", expected="UTF-8 text and newlines")
    lines = block[:-1].split("\n")
    if len(lines) > SIGNATURE_LINES_MAX:
        raise Invalid("too many signature lines", where=where, got=len(lines), expected=f"1 to {SIGNATURE_LINES_MAX}")
    return text + "\n", lines


def _signature_by(name: str, public: bytes, line: str) -> bytes | None:
    """Return the signature (64 bytes) on ``line`` if it names this key, else ``None``."""
    if not (match := _SIGNATURE_LINE.fullmatch(line)):
        raise Invalid("not a signature line", where=name, got=repr(line), expected="— name base64")
    blob = _decode(match["blob"], where=f"signature of {match['name']}")
    if len(blob) < 5:
        raise Invalid("a signature line without signature", where=name, got=repr(line))
    if match["name"] != name or blob[:4] != key_hash(name, public):
        return None
    return blob[4:]


def _decode(encoded: str, *, where: str) -> bytes:
    """Return the bytes of canonical base64: one text for each value, so that no bit of it may change unnoticed."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise Invalid("not base64", where=where, got=encoded) from cause
    if base64.b64encode(decoded).decode() != encoded:
        raise Invalid("not canonical base64", where=where, got=encoded, expected=base64.b64encode(decoded).decode())
    return decoded
