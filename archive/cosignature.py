"""What a witness adds to a checkpoint: C2SP ``tlog-cosignature``, Ed25519 ``cosignature/v1``.

::

    cosignature/v1                                  the signed message: this line,
    time 1679315147                                 when it was signed, POSIX seconds,
    <the checkpoint's text>                         and the text of the note

    signature line = — name base64(key hash || time as 8 bytes, big-endian || signature)

It says: at that time this was the largest tree the witness had seen of this log, and it began with every earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from archive.signed_note import (
    COSIGNATURE,
    NoteKey,
    SignatureLine,
    VerifierKey,
    parse_verifier_key,
    split_note,
)
from schemas.errors import Invalid

_LATEST = 253402300799
"""The last second of the year 9999, the last that a date here can say."""


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified co-signature: which witness vouches, since when (UTC, to the second)."""

    name: str
    at: datetime


class CosignerKey(NoteKey):
    """The private key of a witness."""

    kind = COSIGNATURE

    def cosign(self, text: str, now: datetime) -> str:
        """Return the signature line (with its newline) over a checkpoint's ``text`` as seen at ``now``."""
        at = int(now.timestamp())
        signature = self._private.sign(_message(text, at))
        return str(SignatureLine(self.name, self._public.hash, at.to_bytes(8, "big") + signature))


def open_cosignatures(note: str, verifier_keys: Iterable[str]) -> tuple[Cosignature, ...]:
    """Return the co-signatures on ``note`` of the witnesses given, in their order; a missing one is left out.

    Other lines are left alone. Raises :class:`Invalid` where the note is malformed, or a witness's line does not
    verify.
    """
    text, lines = split_note(note, where="checkpoint")
    keys = [parse_verifier_key(key, kind=COSIGNATURE) for key in verifier_keys]
    return tuple(_opened(text, line, key) for key in keys for line in lines if line.is_of(key))


def with_cosignatures(note: str, lines: Iterable[SignatureLine]) -> str:
    """Return ``note`` with more signature lines below it; a line that is there already is not repeated."""
    _, there = split_note(note, where="checkpoint")
    return note + "".join(str(line) for line in lines if line not in there)


def _opened(text: str, line: SignatureLine, key: VerifierKey) -> Cosignature:
    if len(line.signature) != 72 or (at := int.from_bytes(line.signature[:8], "big")) > _LATEST:
        raise Invalid(
            "not a co-signature", where=key.name, got=f"{len(line.signature)} bytes", expected="a time and 64 bytes"
        )
    key.verify(line.signature[8:], _message(text, at))
    return Cosignature(key.name, datetime.fromtimestamp(at, UTC))


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
