"""Evidence records: what was done where no key of the signatory's own is in the PDF (RFC 8785 JSON, by digest).

Persons, addresses and IP addresses stand in them as salted commitments only.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.evidence import Digest, Evidence, Instant, SignatoryId, canonical_json


class EvidenceRecord(Evidence):
    """What both records say.

    ``base`` is the revision whose field the seal filled, ``person`` the one who acted (commitment).
    """

    v: Literal[1] = 1
    agreement: str
    draft: int = Field(ge=1)
    signatory: SignatoryId
    base: Digest
    person: Digest

    @property
    def canonical(self) -> bytes:
        """The record as it is stored."""
        return canonical_json(self.model_dump(mode="json"))


class ClickRecord(EvidenceRecord):
    """A signatory agreed by a single-use link and a one-time code, both sent to one mail address.

    ``link_bound_to`` is the prepared file the link was made for, ``shown`` what the person agreed to. ``address`` and
    ``network`` commit to the mail address and the IP address (none on the command line).
    """

    type: Literal["click"] = "click"
    link_bound_to: Digest
    shown: str
    address: Digest
    network: Digest | None
    channel: Literal["command line", "portal"]
    link_valid_until: Instant
    code_valid_until: Instant
    agreed_at: Instant


class PaperRecord(EvidenceRecord):
    """A reviewer compared a scan of the signed paper with the file that was printed.

    ``person`` is that reviewer. ``scan`` lies as received beside ``seal``, a detached CMS over it (CAdES B-T).
    """

    type: Literal["paper"] = "paper"
    scan: Digest
    extension: Literal["pdf", "png", "jpg", "tif"]
    size_bytes: int = Field(ge=1)
    seal: Digest
    compared_with: Digest
    compared_at: Instant


Record = Annotated[ClickRecord | PaperRecord, Field(discriminator="type")]

_RECORDS: TypeAdapter[ClickRecord | PaperRecord] = TypeAdapter(Record)


def read_record(content: bytes) -> ClickRecord | PaperRecord:
    """Return the record that ``content`` holds; raises pydantic's :class:`ValidationError` for anything else."""
    return _RECORDS.validate_json(content)
