"""The standalone verifier: one Python file that judges the evidence in a dossier without Convenio."""

from __future__ import annotations

from pathlib import Path

from schemas.evidence import Digest, digest_of

VERIFIER = Path(__file__).parent.parent / "verifier" / "convenio_verify.py"

OF_OLDER_RELEASES: tuple[Digest, ...] = ()
"""SHA-256 of the verifier of every release before this one: a dossier's README may name any of them."""


def standalone_verifier() -> bytes:
    """Return the file as it is released."""
    return VERIFIER.read_bytes()


def released_verifiers() -> tuple[Digest, ...]:
    """Return the SHA-256 of every standalone verifier that was ever released, the newest first."""
    return (digest_of(standalone_verifier()), *OF_OLDER_RELEASES)
