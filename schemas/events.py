"""What can happen to an agreement: one frozen model for each type of ledger entry.

Events carry digests and commitments, never personal data. Signatories appear by their ``id`` within the
agreement's data.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.evidence import DepositReceipt, Digest, Evidence, Instant, SignatoryId
from schemas.people import Actor, Office


class Covered(Evidence):
    """The exact bytes a decision is about, by digest: data and manifest (RFC 8785 JSON), template, DOCX and PDF."""

    data: Digest
    template: Digest
    manifest: Digest
    docx: Digest
    pdf: Digest


class RevisionReason(StrEnum):
    """Why there is a next draft."""

    AMENDED = "amended"
    """The manager changed the data, on return or on their own."""
    CONFIRMED = "confirmed"
    """A person confirmed assumed facts; no other value changed."""


class Proposal(Evidence):
    """What requests and revisions have in common: the data of draft ``draft``."""

    draft: int = Field(ge=1)
    title: str
    data: Digest
    signatories: tuple[SignatoryId, ...] = Field(description="in signing order; none where nobody has to sign")
    offices: tuple[Office, ...] = Field(min_length=1, description="whose approval the document needs")
    open_facts: tuple[str, ...] = Field(description="paths of facts nobody has confirmed")
    template: Digest = Field(description="of the template's Word file and the clauses it pins")
    changes: tuple[str, ...] = Field(default=(), description="agreements it changes or takes the place of")


class Requested(Proposal):
    """A manager asked for an agreement."""

    type: Literal["requested"] = "requested"
    draft: Literal[1] = 1
    document_type: str
    template_version: int = Field(ge=1, description="the version of its template every draft is made from")


class Revised(Proposal):
    """New data was given for the next draft; every approval so far is void."""

    type: Literal["revised"] = "revised"
    reason: RevisionReason


class Edited(Evidence):
    """A reviewer changed the text of a draft by hand: it becomes the next draft, the data stays.

    No clause of the library vouches for the text any more: it needs the approval of every office. ``base`` is the DOCX
    that was edited, ``docx`` what came back; the comment is held as a commitment.
    """

    type: Literal["edited"] = "edited"
    draft: int = Field(ge=2)
    data: Digest
    base: Digest
    docx: Digest
    remark: Digest


class Drafted(Evidence):
    """A draft was rendered and stored."""

    type: Literal["drafted"] = "drafted"
    draft: int = Field(ge=1)
    content: Covered


class Approved(Evidence):
    """A reviewer approved exactly these bytes."""

    type: Literal["approved"] = "approved"
    draft: int = Field(ge=1)
    office: Office
    covers: Covered


class Returned(Evidence):
    """A reviewer returned the draft with a comment, held as a commitment."""

    type: Literal["returned"] = "returned"
    draft: int = Field(ge=1)
    covers: Covered
    remark: Digest


class Rejected(Evidence):
    """A reviewer ended the agreement."""

    type: Literal["rejected"] = "rejected"
    draft: int = Field(ge=1)
    covers: Covered
    remark: Digest


class Prepared(Evidence):
    """The approved PDF (``base``) got its attachments, its fields and the organisation's opening seal."""

    type: Literal["prepared"] = "prepared"
    draft: int = Field(ge=1)
    base: Digest
    pdf: Digest


class Invited(Evidence):
    """The signatory whose turn it is was asked to sign revision ``pdf``."""

    type: Literal["invited"] = "invited"
    signatory: SignatoryId
    pdf: Digest


class Signed(Evidence):
    """A signatory signed revision ``base``, which made revision ``pdf``."""

    type: Literal["signed"] = "signed"
    signatory: SignatoryId
    base: Digest
    pdf: Digest
    certificate: Digest


class Concluded(Evidence):
    """Closing seal and document timestamp were added, and the gate was passed; ``level`` is the level validated."""

    type: Literal["concluded"] = "concluded"
    base: Digest
    pdf: Digest
    report: Digest
    level: str


class Deposited(Evidence):
    """The signed PDF was stored, read back and found equal."""

    type: Literal["deposited"] = "deposited"
    receipt: DepositReceipt


class Withdrawn(Evidence):
    """The manager withdrew the agreement before it was concluded."""

    type: Literal["withdrawn"] = "withdrawn"
    remark: Digest


class Declined(Evidence):
    """A signatory declined to sign."""

    type: Literal["declined"] = "declined"
    signatory: SignatoryId
    remark: Digest


Event = Annotated[
    Requested | Revised | Edited | Drafted | Approved | Returned | Rejected | Prepared | Invited | Signed | Concluded
    | Deposited | Withdrawn | Declined,
    Field(discriminator="type"),
]  # fmt: skip


class Entry(Evidence):
    """One entry of the ledger, as its leaf says it.

    ``counter`` counts the agreement's own entries from 0 without gaps; ``occurred_at`` is fixed when the act
    is intended; ``op_id`` is a hash of business keys and unique in the ledger.
    """

    v: Literal[1] = 1
    op_id: Digest
    agreement: str
    counter: int = Field(ge=0)
    occurred_at: Instant
    actor: Actor
    event: Event
