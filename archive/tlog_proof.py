"""Proof of one leaf in one file that needs nothing beside the public keys: C2SP ``tlog-proof``.

::

    c2sp.org/tlog-proof@v1
    index 73894                                     the leaf's index, decimal
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=    inclusion proof, from the leaf's sibling upwards
    ...
                                                    (empty line)
    convenio.example/ledger                         the checkpoint, as it was signed and co-signed
    ...
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from archive.checkpoint import open_checkpoint, parse_checkpoint
from archive.merkle import Inclusion, leaf_hash, verify_inclusion
from archive.signed_note import decode_base64
from schemas.errors import Invalid
from schemas.evidence import Checkpoint, InclusionProof

HEADER = "c2sp.org/tlog-proof@v1"

HASHES_MAX = 63
"""More hashes than any tree has levels (as C2SP tlog-witness counts them)."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof as read: where the leaf stands, and the checkpoint as stated, whoever signed it."""

    proof: InclusionProof
    checkpoint: Checkpoint


def write_proof(proof: InclusionProof, checkpoint: Checkpoint) -> bytes:
    """Return the proof as a file; raises :class:`Invalid` where it belongs to a tree of another size."""
    if proof.tree_size != checkpoint.tree_size:
        raise Invalid(
            "the proof belongs to another checkpoint",
            where=f"leaf {proof.leaf_index}",
            got=f"{proof.tree_size} leaves",
            expected=f"{checkpoint.tree_size} leaves",
        )
    hashes = "".join(base64.b64encode(bytes.fromhex(one)).decode() + "\n" for one in proof.path)
    return f"{HEADER}\nindex {proof.leaf_index}\n{hashes}\n{checkpoint.note}".encode()


def read_proof(content: bytes, *, where: str = "proof") -> TlogProof:
    """Return the proof in ``content``; raises :class:`Invalid` where it is malformed.

    Extra data is passed over: nothing vouches for it.
    """
    try:
        head, separator, note = content.decode().partition("\n\n")
    except UnicodeDecodeError as cause:
        raise Invalid("not a log proof", where=where, got="no UTF-8", expected=HEADER) from cause
    header, *lines = head.split("\n")
    if header != HEADER or not separator:
        raise Invalid("not a log proof", where=where, got=header[:80], expected=HEADER)
    if lines and lines[0].startswith("extra "):
        decode_base64(lines.pop(0).removeprefix("extra "), where=f"{where}, extra data")
    index = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines[0]) if lines else None
    if index is None:
        raise Invalid("a log proof names its leaf", where=where, got=lines[0][:80] if lines else "nothing",
                      expected="index and a decimal number")  # fmt: skip
    hashes = [decode_base64(line, where=f"{where}, hash {number}") for number, line in enumerate(lines[1:])]
    if len(hashes) > HASHES_MAX or any(len(one) != 32 for one in hashes):
        raise Invalid("not an inclusion proof", where=where, expected=f"at most {HASHES_MAX} hashes of 32 bytes")
    checkpoint = parse_checkpoint(note)
    if checkpoint.tree_size == 0:
        raise Invalid("the leaf lies outside the tree", where=where, got="a tree without leaves")
    proof = InclusionProof(
        leaf_index=int(index[1]), tree_size=checkpoint.tree_size, path=tuple(one.hex() for one in hashes)
    )
    return TlogProof(proof, checkpoint)


def verify_proof(content: bytes, *, leaf: bytes, verifier_key: str, where: str = "proof") -> Inclusion:
    """Verify that ``leaf`` stands in the log of ``verifier_key``, by the proof in ``content`` alone.

    Raises :class:`Invalid` where the proof is malformed, the checkpoint is not signed by that key, or the proof leads
    to another root.
    """
    stated = read_proof(content, where=where)
    signed = open_checkpoint(stated.checkpoint.note, verifier_key)
    return verify_inclusion(stated.proof, leaf_hash=leaf_hash(leaf), root=bytes.fromhex(signed.root))
