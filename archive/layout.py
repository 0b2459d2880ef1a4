"""Where objects lie in the store. Every key ends in the SHA-256 of its bytes; only deposits are locked."""

from __future__ import annotations

from schemas.evidence import Digest


def data_key(digest: Digest) -> str:
    """Return the key of an agreement's data: stored before the agreement has a number."""
    return f"work/v1/data/{digest}.json"


def working_folder(agreement: str) -> str:
    """Return the folder of an agreement's working copies."""
    return f"work/v1/{agreement}/"


def working_key(agreement: str, digest: Digest, extension: str) -> str:
    """Return the key of drafts, templates, revisions and reports on the way to a deposit."""
    return f"{working_folder(agreement)}{digest}.{extension}"


def deposit_folder(agreement: str) -> str:
    """Return the folder of an agreement's deposits."""
    return f"agreements/v1/{agreement}/"


def deposit_key(agreement: str, digest: Digest) -> str:
    """Return the key of a signed, archived PDF."""
    return f"{deposit_folder(agreement)}{digest}.pdf"
