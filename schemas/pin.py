"""A reference to exactly one version of another document, by its digest."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

from schemas.fact import Fact
from schemas.text import LegalDate, Model, Name

Sha256 = Annotated[str, "Digest", Field(pattern=r"^[0-9a-f]{64}$", examples=["0" * 63 + "1"])]
"""SHA-256 (FIPS 180-4) as 64 lower-case hex digits."""


class Pin(Model):
    """Another document, pinned to the bytes that were signed or approved."""

    agreement: Fact[Name]
    """Its id here, such as PAR-2026-0001, or the reference it bears elsewhere."""
    title: Name
    """What it is called."""
    draft: Annotated[int, Strict(), Field(ge=1)] | None = None
    """The draft that was approved, where it is known here."""
    dated: Fact[LegalDate] | None = None
    """Its date."""
    sha256: Fact[Sha256]
    """Digest of the signed PDF, or of the approved one where the document is not signed."""
