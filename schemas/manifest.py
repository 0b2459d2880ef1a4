"""What a draft was made from, in one file that approvals cover by digest."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.clause import Position, Subject
from schemas.evidence import Digest, Evidence


class TemplateUse(Evidence):
    """The template a draft was made from: its version, its edition (``en-es``) and the digest of that Word file."""

    id: str
    version: int = Field(ge=1)
    edition: str
    sha256: Digest


class ClauseUse(Evidence):
    """A clause of a draft; ``sha256`` is of its file in the library, or of its RFC 8785 JSON in the data."""

    id: str
    version: int = Field(ge=1)
    sha256: Digest
    position: Position
    subject: Subject
    languages: tuple[str, ...]
    instead_of: str | None = None


class PinUse(Evidence):
    """A document that is pinned, and whether this archive held those bytes when the draft was made."""

    path: str
    agreement: str
    sha256: Digest | None
    archived_here: bool


class DraftManifest(Evidence):
    """What draft ``draft`` of an agreement was made from. Kept as RFC 8785 JSON."""

    v: Literal[1] = 1
    agreement: str
    draft: int = Field(ge=1)
    document_type: str
    data: Digest
    template: TemplateUse
    clauses: tuple[ClauseUse, ...] = Field(description="of a draft edited by hand: as rendered, before the edit")
    pins: tuple[PinUse, ...] = ()
    docx: Digest
    edited_by_hand: Digest | None = Field(default=None, description="the Word file a reviewer put in its place")
