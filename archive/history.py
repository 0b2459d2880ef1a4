"""What the entries of one archived agreement say, and which files they bind by digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from schemas.errors import Refused
from schemas.events import (
    Concluded,
    Declined,
    Deposited,
    Drafted,
    Edited,
    Entry,
    Prepared,
    Rejected,
    Requested,
    Returned,
    Revised,
    Signed,
    Withdrawn,
)
from schemas.evidence import Digest
from schemas.lifecycle import fold
from schemas.state import AgreementState, Stage

Kind = TypeVar("Kind")

AGREEMENT_PDF = "agreement.pdf"
SEAL_REPORT = "seal-report.json"


@dataclass(frozen=True, slots=True)
class History:
    """The entries of one archived agreement in the order of their counters, and what they amount to."""

    entries: tuple[Entry, ...]
    state: AgreementState
    prepared: Prepared
    signed: tuple[Signed, ...]
    concluded: Concluded
    deposited: Deposited
    concluded_at: datetime

    @property
    def agreement(self) -> str:
        """The agreement's id."""
        return self.state.agreement

    @property
    def revisions(self) -> tuple[tuple[str, Digest], ...]:
        """Every recorded revision of the final PDF with what made it, oldest first; each extends the one before."""
        signed = ((f"signed by {event.signatory}", event.pdf) for event in self.signed)
        return (
            ("approved", self.prepared.base),
            ("prepared", self.prepared.pdf),
            *signed,
            ("concluded", self.concluded.pdf),
        )

    @property
    def proposals(self) -> tuple[Requested | Revised, ...]:
        """The request and every revision of the data, by draft."""
        return tuple(entry.event for entry in self.entries if isinstance(entry.event, Requested | Revised))

    @property
    def files(self) -> dict[str, Digest]:
        """Every file the entries name, by its member name in a dossier; a draft never rendered has its data only."""
        files: dict[str, Digest] = {}
        for entry in self.entries:
            match entry.event:
                case Requested() | Revised() as event:
                    files[f"drafts/{event.draft}/data.json"] = event.data
                case Edited() as event:
                    files[f"drafts/{event.draft}/data.json"] = event.data
                    files[f"drafts/{event.draft}/edited.docx"] = event.docx
                case Drafted() as event:
                    files[f"drafts/{event.draft}/manifest.json"] = event.content.manifest
                    files[f"drafts/{event.draft}/draft.docx"] = event.content.docx
                    files[f"drafts/{event.draft}/draft.pdf"] = event.content.pdf
                    files[f"templates/{event.content.template}.docx"] = event.content.template
                case _:
                    pass
        return {**files, AGREEMENT_PDF: self.deposited.receipt.sha256, SEAL_REPORT: self.concluded.report}

    @property
    def people(self) -> tuple[Digest, ...]:
        """Commitments to everybody who acted, in the order of their first act."""
        return tuple(dict.fromkeys(entry.actor.person for entry in self.entries if entry.actor.person))

    @property
    def remarks(self) -> tuple[Digest, ...]:
        """Commitments to every comment, in order."""
        bearing = (Edited, Returned, Rejected, Withdrawn, Declined)
        return tuple(dict.fromkeys(entry.event.remark for entry in self.entries if isinstance(entry.event, bearing)))


def history_of(entries: Sequence[Entry]) -> History:
    """Return the history that ``entries`` (one agreement, counters from 0 without gap) tell.

    Raises what :func:`schemas.lifecycle.transition` raises, and :class:`Refused` where the agreement is not archived.
    """
    state = fold(entries)
    if state.stage is not Stage.ARCHIVED:
        raise Refused(
            "the agreement is not archived",
            where=state.agreement,
            got=state.stage,
            expected=Stage.ARCHIVED,
            remedy="a dossier is written when the signed document is in the archive",
        )
    # An archived state implies these: no other way through the lifecycle ends there.
    return History(
        entries=tuple(entries),
        state=state,
        prepared=_last(entries, Prepared),
        signed=tuple(entry.event for entry in entries if isinstance(entry.event, Signed)),
        concluded=_last(entries, Concluded),
        deposited=_last(entries, Deposited),
        concluded_at=next(entry.occurred_at for entry in entries if isinstance(entry.event, Concluded)),
    )


def _last(entries: Sequence[Entry], kind: type[Kind]) -> Kind:
    return next(entry.event for entry in reversed(entries) if isinstance(entry.event, kind))
