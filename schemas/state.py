"""Where an agreement stands: what the entries of one agreement amount to."""

from __future__ import annotations

from enum import StrEnum

from schemas import events as ev
from schemas.evidence import DepositReceipt, Digest, Evidence, Instant, SignatoryId


class Stage(StrEnum):
    """Where an agreement stands."""

    REQUESTED = "requested"
    """Data is there; the draft is being rendered."""
    IN_REVIEW = "in review"
    """Reviewers decide."""
    RETURNED = "returned"
    """The manager has a comment to answer."""
    APPROVED = "approved"
    """Every office approved; the PDF is being prepared for signature."""
    SIGNING = "signing"
    """Signatories sign in the agreed order."""
    SIGNED = "signed"
    """Everybody signed; closing seal and timestamp are due."""
    CONCLUDED = "concluded"
    """The gate is passed; the deposit is due."""
    ARCHIVED = "archived"
    """The signed PDF is in the archive."""
    ENDED = "ended"
    """Rejected, withdrawn or declined; nothing more can happen."""


class Approval(Evidence):
    """A reviewer's approval that still holds."""

    office: ev.Office
    person: Digest
    covers: ev.Covered


class AgreementState(Evidence):
    """What the entries of one agreement amount to. ``pdf`` is the newest revision's digest."""

    agreement: str
    document_type: str
    template_version: int
    template: Digest
    title: str
    stage: Stage
    counter: int
    since: Instant
    draft: int
    data: Digest
    signatories: tuple[SignatoryId, ...]
    offices: tuple[ev.Office, ...]
    open_facts: tuple[str, ...]
    authors: frozenset[Digest]
    content: ev.Covered | None = None
    approvals: tuple[Approval, ...] = ()
    edited: Digest | None = None
    """The Word file a reviewer put in place of the rendered text, until a revision renders anew."""
    changes: tuple[str, ...] = ()
    pdf: Digest | None = None
    invited: tuple[SignatoryId, ...] = ()
    signed: tuple[SignatoryId, ...] = ()
    report: Digest | None = None
    level: str | None = None
    receipt: DepositReceipt | None = None

    @property
    def next_signatory(self) -> SignatoryId | None:
        """Whose turn it is, while signing."""
        if self.stage is not Stage.SIGNING:
            return None
        return self.signatories[len(self.signed)]

    @property
    def missing_offices(self) -> tuple[ev.Office, ...]:
        """Offices whose approval is still needed."""
        given = {approval.office for approval in self.approvals}
        return tuple(office for office in self.offices if office not in given)
