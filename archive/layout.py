"""Where objects lie in the store. Every key ends in the SHA-256 of its bytes; only deposits are locked."""

from __future__ import annotations

from schemas.evidence import Digest


def data_key(digest: Digest) -> str:
    """Return the key of an agreement's data: stored before the agreement has a number."""
    return f"work/v1/data/{digest}.json"


def working_key(agreement: str, digest: Digest, extension: str) -> str:
    """Return the key of drafts, templates, revisions and reports on the way to a deposit."""
    return f"work/v1/{agreement}/{digest}.{extension}"


def deposit_key(agreement: str, digest: Digest) -> str:
    """Return the key of a signed, archived PDF."""
    return f"agreements/v1/{agreement}/{digest}.pdf"


def checkpoint_key(note_digest: Digest, tree_size: int) -> str:
    """Return the key of a signed checkpoint; its size is in the path so that a listing is in order."""
    return f"checkpoints/v1/{tree_size:012d}/{note_digest}.txt"
