"""Signed tree heads: C2SP ``tlog-checkpoint`` inside a signed note.

::

    convenio.example/ledger                         origin, also the name of the key
    42                                              number of leaves, decimal
    7NNlvQ...=                                      root hash, base64
                                                    (empty line)
    — convenio.example/ledger K9vX...=              signature, then the co-signatures of witnesses
"""

from __future__ import annotations

import base64
import re

from archive.signed_note import ED25519, NoteKey, SignatureLine, decode_base64, open_note, split_note
from schemas.errors import Invalid
from schemas.evidence import Checkpoint


class CheckpointKey(NoteKey):
    """The private key that signs checkpoints; its name is the log's origin.

    Kept apart from database and store credentials.
    """

    kind = ED25519

    def sign(self, text: str) -> str:
        """Return ``text`` (ending in a newline) as a signed note; the same text gives the same note (RFC 8032)."""
        line = SignatureLine(self.name, self._public.hash, self._private.sign(text.encode()))
        return f"{text}\n{line}"


def sign_checkpoint(key: CheckpointKey, *, tree_size: int, root: bytes) -> Checkpoint:
    """Return the signed checkpoint of the tree of ``tree_size`` leaves under ``root`` (32 bytes)."""
    text = f"{key.name}\n{tree_size}\n{base64.b64encode(root).decode()}\n"
    return Checkpoint(origin=key.name, tree_size=tree_size, root=root.hex(), note=key.sign(text))


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
    text, _ = split_note(note, where="checkpoint")
    lines = text.split("\n")
    if len(lines) != 4:
        raise Invalid("not a checkpoint", got=f"{len(lines) - 1} lines", expected="origin, size and root")
    origin, size, encoded, _ = lines
    if not origin:
        raise Invalid("not a checkpoint", where="line 1", got="an empty line", expected="the log's name")
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size):
        raise Invalid("not a tree size", where="line 2", got=size, expected="a decimal number without leading zeros")
    root = decode_base64(encoded, where="line 3")
    if len(root) != 32:
        raise Invalid("not a root hash", where="line 3", got=f"{len(root)} bytes", expected="32 bytes")
    return Checkpoint(origin=origin, tree_size=int(size), root=root.hex(), note=note)
