"""What can happen to an agreement: one frozen model for each type of ledger entry.

Events carry digests and commitments, never personal data. Signatories appear by their ``id`` within the
agreement's data.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.evidence import DepositReceipt, Digest, Evidence, Instant, SignatoryId
from schemas.installation_events import (
    AccountChanged,
    BackedUp,
    FixityChecked,
    InventoryTaken,
    PersonErased,
    PoliciesChanged,
    RestoreDrilled,
    RolesGiven,
    TemplateAdopted,
    TemplateRetired,
    WebhookChanged,
)
from schemas.people import Actor, Office
from schemas.policy import SignaturePolicy
from schemas.signature import LegalEffect, SigningWay

Rounds = tuple[tuple[SignatoryId, ...], ...]
"""Who signs when: one round after the other, all of a round at the same time."""


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
    rounds: Rounds = Field(default=(), description="who signs at the same time; empty: one after the other")
    sign_by: date | None = Field(default=None, description="last day on which it can be signed")
    offices: tuple[Office, ...] = Field(min_length=1, description="whose approval the document needs")
    open_facts: tuple[str, ...] = Field(description="paths of facts nobody has confirmed")
    template: Digest = Field(description="of the template's Word file and the clauses it pins")
    changes: tuple[str, ...] = Field(default=(), description="agreements it changes or takes the place of")

    @model_validator(mode="after")
    def _rounds_are_the_signatories(self) -> Proposal:
        if self.rounds and tuple(one for group in self.rounds for one in group) != self.signatories:
            raise ValueError("the rounds name every signatory once, in signing order")
        if not all(self.rounds):
            raise ValueError("a round without signatories")
        return self

    @property
    def signing_rounds(self) -> Rounds:
        """The rounds of signature, also where signatories sign one after the other."""
        return self.rounds or tuple((one,) for one in self.signatories)


class Requested(Proposal):
    """A manager asked for an agreement."""

    type: Literal["requested"] = "requested"
    draft: Literal[1] = 1
    document_type: str
    template_version: int = Field(ge=1, description="the version of its template every draft is made from")


class VoidedSignature(Evidence):
    """A signature that a new draft voids: whose, and the revision it made."""

    signatory: SignatoryId
    pdf: Digest


class Revised(Proposal):
    """New data was given for the next draft; every approval and every signature so far is void."""

    type: Literal["revised"] = "revised"
    reason: RevisionReason
    voids: tuple[VoidedSignature, ...] = ()


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
    policy: SignaturePolicy = SignaturePolicy()


class Invited(Evidence):
    """The signatory whose turn it is was asked to sign revision ``pdf``."""

    type: Literal["invited"] = "invited"
    signatory: SignatoryId
    pdf: Digest


class Signed(Evidence):
    """A signatory, or their confirmed delegate, signed revision ``base``, which made revision ``pdf``.

    ``certificate`` is that of the mark in the field: the person's own, or the organisation's seal where it records a
    click or a paper original; ``evidence`` is then the record's digest.
    """

    type: Literal["signed"] = "signed"
    signatory: SignatoryId
    base: Digest
    pdf: Digest
    certificate: Digest
    way: SigningWay = SigningWay.PKCS12
    effect: LegalEffect = LegalEffect.ADES
    evidence: Digest | None = None


class Delegated(Evidence):
    """A signatory named a person to sign for them, with evidence of authority (a stored file)."""

    type: Literal["delegated"] = "delegated"
    signatory: SignatoryId
    delegate: Digest = Field(description="commitment to the person")
    authority: Digest
    remark: Digest


class DelegationConfirmed(Evidence):
    """A reviewer saw the evidence of authority: from now on the delegate signs, and the signatory does not."""

    type: Literal["delegation confirmed"] = "delegation confirmed"
    signatory: SignatoryId
    delegate: Digest
    authority: Digest


class DelegationRevoked(Evidence):
    """The signatory who had named a delegate took it back before the delegate signed, with a reason."""

    type: Literal["delegation revoked"] = "delegation revoked"
    signatory: SignatoryId
    remark: Digest


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


class Renewed(Evidence):
    """A later document timestamp was added before the newest one could no longer be verified, and the file deposited.

    ``level`` is the level validated then.
    """

    type: Literal["renewed"] = "renewed"
    base: Digest
    pdf: Digest
    report: Digest
    level: str
    receipt: DepositReceipt


class BalancePaid(Evidence):
    """The funding's balance was paid, so that retention began; ``until`` is its last day."""

    type: Literal["balance paid"] = "balance paid"
    paid_on: date
    small_grant: bool
    until: date
    remark: Digest


class RetentionExtended(Evidence):
    """Retention was extended, with a reason; ``until`` is its last day."""

    type: Literal["retention extended"] = "retention extended"
    until: date
    remark: Digest


class HoldPlaced(Evidence):
    """A legal hold was placed: until it is released nothing is disposed of, whatever retention says."""

    type: Literal["hold placed"] = "hold placed"
    remark: Digest


class HoldReleased(Evidence):
    """The legal hold was released."""

    type: Literal["hold released"] = "hold released"
    remark: Digest


class DisposalProposed(Evidence):
    """An administrator proposed to destroy what ``listing`` names (a stored file); another one carries it out."""

    type: Literal["disposal proposed"] = "disposal proposed"
    listing: Digest
    remark: Digest


class Disposed(Evidence):
    """Everything stored of an agreement whose time is over was destroyed; ``certificate`` says what."""

    type: Literal["disposed"] = "disposed"
    receipts: tuple[DepositReceipt, ...]
    certificate: Digest
    remark: Digest


class Lapsed(Evidence):
    """The last day to sign passed before everybody had signed."""

    type: Literal["lapsed"] = "lapsed"
    sign_by: date


class Extended(Evidence):
    """The manager gave the signatories more time, with a reason."""

    type: Literal["extended"] = "extended"
    sign_by: date
    remark: Digest


class Withdrawn(Evidence):
    """The manager withdrew the agreement before it was concluded."""

    type: Literal["withdrawn"] = "withdrawn"
    remark: Digest


class Declined(Evidence):
    """A signatory declined to sign."""

    type: Literal["declined"] = "declined"
    signatory: SignatoryId
    remark: Digest


Remarked = (
    Edited | Returned | Rejected | Delegated | DelegationRevoked | BalancePaid | RetentionExtended | HoldPlaced
    | HoldReleased | DisposalProposed | Disposed | Extended | Withdrawn | Declined
)  # fmt: skip
"""Events of an agreement in which a person says something, held as a commitment (``remark``)."""

Event = Annotated[
    Requested | Revised | Edited | Drafted | Approved | Returned | Rejected | Prepared | Invited | Signed | Delegated
    | DelegationConfirmed | DelegationRevoked | Concluded | Deposited | Renewed | BalancePaid | RetentionExtended
    | HoldPlaced | HoldReleased | DisposalProposed | Disposed | Lapsed | Extended | Withdrawn | Declined
    | InventoryTaken | FixityChecked | PersonErased | RestoreDrilled | RolesGiven | AccountChanged | TemplateAdopted
    | TemplateRetired | PoliciesChanged | BackedUp | WebhookChanged,
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
