"""Where an agreement stands: what the entries of one agreement amount to."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from schemas import events as ev
from schemas.evidence import DepositReceipt, Digest, Evidence, Instant, SignatoryId
from schemas.policy import SignaturePolicy


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
    """Rejected, withdrawn, declined or lapsed; what is stored can be held, and disposed of."""
    DISPOSED = "disposed"
    """What was stored is destroyed; nothing more can happen."""


SYSTEM = "system"
"""Who is waited for where no person is."""


class Approval(Evidence):
    """A reviewer's approval that still holds."""

    office: ev.Office
    person: Digest
    covers: ev.Covered


class Delegation(Evidence):
    """Who signs for a signatory, by which evidence of authority (digest of the stored file).

    ``given_by`` and ``delegate`` are commitments to people; only a confirmed delegate signs.
    """

    signatory: SignatoryId
    given_by: Digest
    delegate: Digest
    authority: Digest
    confirmed: bool = False


class ProposedDisposal(Evidence):
    """Who proposed to destroy an agreement, and what exactly (digest of the stored listing)."""

    by: Digest
    listing: Digest


class AgreementState(Evidence):
    """What the entries of one agreement amount to. ``pdf`` is the newest revision's digest.

    ``receipt`` is the newest of ``deposits``. ``retention_until`` is the last day of retention, ``None`` while it has
    not begun.
    """

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
    rounds: ev.Rounds
    sign_by: date | None = None
    offices: tuple[ev.Office, ...]
    open_facts: tuple[str, ...]
    authors: frozenset[Digest]
    owner: Digest | None = None
    """Who requested it."""
    content: ev.Covered | None = None
    approvals: tuple[Approval, ...] = ()
    edited: Digest | None = None
    """The Word file a reviewer put in place of the rendered text, until a revision renders anew."""
    changes: tuple[str, ...] = ()
    pdf: Digest | None = None
    invited: tuple[SignatoryId, ...] = ()
    signatures: tuple[ev.Signed, ...] = ()
    """The signatures that count, in the order in which they were made."""
    report: Digest | None = None
    level: str | None = None
    policy: SignaturePolicy = SignaturePolicy()
    delegations: tuple[Delegation, ...] = ()
    deposits: tuple[DepositReceipt, ...] = ()
    retention_until: date | None = None
    held: bool = False
    disposal: ProposedDisposal | None = None

    @property
    def signed(self) -> tuple[SignatoryId, ...]:
        """Who has signed the current draft."""
        return tuple(signature.signatory for signature in self.signatures)

    @property
    def receipt(self) -> DepositReceipt | None:
        """Where the file of record lies, once it is archived."""
        return self.deposits[-1] if self.deposits else None

    @property
    def awaited(self) -> tuple[SignatoryId, ...]:
        """Whose turn it is, while signing: everybody of the first round that is not complete who has not signed."""
        if self.stage is not Stage.SIGNING:
            return ()
        for group in self.rounds:
            if waiting := tuple(one for one in group if one not in self.signed):
                return waiting
        return ()

    def delegation_of(self, signatory: SignatoryId) -> Delegation | None:
        """Return who was named to sign for ``signatory``, if somebody was."""
        return next((one for one in self.delegations if one.signatory == signatory), None)

    @property
    def waiters(self) -> tuple[str, ...]:
        """Who can move it on: ``system``, ``manager``, ``office:<office>``, ``signatory:<id>``; nobody at an end."""
        match self.stage:
            case Stage.IN_REVIEW:
                # while facts are open nothing can be approved: the manager is waited for beside the reviewers
                offices = tuple(f"office:{office}" for office in self.missing_offices)
                return (*offices, "manager") if self.open_facts else offices
            case Stage.RETURNED:
                return ("manager",)
            case Stage.SIGNING:
                unconfirmed = any(not one.confirmed for one in self.delegations)
                confirm = (f"office:{ev.Office.LEGAL}",) if unconfirmed else ()
                return (*(f"signatory:{one}" for one in self.awaited), *confirm)
            case Stage.REQUESTED | Stage.APPROVED | Stage.SIGNED | Stage.CONCLUDED:
                return (SYSTEM,)
        return ()

    @property
    def missing_offices(self) -> tuple[ev.Office, ...]:
        """Offices whose approval is still needed."""
        given = {approval.office for approval in self.approvals}
        return tuple(office for office in self.offices if office not in given)
