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
    Delegated,
    DelegationConfirmed,
    DelegationRevoked,
    Drafted,
    Edited,
    Entry,
    Lapsed,
    Prepared,
    Rejected,
    Renewed,
    Requested,
    Revised,
    Signed,
    Withdrawn,
)
from schemas.evidence import DepositReceipt, Digest
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
    concluded: Concluded
    renewals: tuple[Renewed, ...]
    concluded_at: datetime

    @property
    def agreement(self) -> str:
        """The agreement's id."""
        return self.state.agreement

    @property
    def signed(self) -> tuple[Signed, ...]:
        """The signatures that count, in the order in which they were made."""
        return self.state.signatures

    @property
    def receipts(self) -> tuple[DepositReceipt, ...]:
        """Of the deposit and of every renewal, oldest first; the last is of the file of record."""
        return self.state.deposits

    @property
    def reports(self) -> tuple[tuple[str, Concluded | Renewed], ...]:
        """The recorded validations by member name, oldest first, each with the event that recorded it."""
        renewed = ((f"renewals/{n}/{SEAL_REPORT}", event) for n, event in enumerate(self.renewals, start=1))
        return ((SEAL_REPORT, self.concluded), *renewed)

    @property
    def revisions(self) -> tuple[tuple[str, Digest], ...]:
        """Every recorded revision of the final PDF with what made it, oldest first; each extends the one before."""
        signed = ((f"signed by {event.signatory}", event.pdf) for event in self.signed)
        return (
            ("approved", self.prepared.base),
            ("prepared", self.prepared.pdf),
            *signed,
            ("concluded", self.concluded.pdf),
            *(("renewed", event.pdf) for event in self.renewals),
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
                case Delegated() as event:
                    files[f"authority/{event.authority}"] = event.authority
                case Signed(evidence=str() as record):
                    files[record_name(record)] = record
                case _:
                    pass
        reports = {name: event.report for name, event in self.reports}
        return {**files, AGREEMENT_PDF: self.receipts[-1].sha256, **reports}

    @property
    def people(self) -> tuple[Digest, ...]:
        """Commitments to everybody who acted or was named to act for another, in the order of their first mention."""
        found: list[Digest] = []
        for entry in self.entries:
            found += [entry.actor.person] if entry.actor.person else []
            found += [entry.event.delegate] if isinstance(entry.event, Delegated) else []
        return tuple(dict.fromkeys(found))

    @property
    def by_delegate(self) -> frozenset[int]:
        """Counters of the signatures that confirmed delegates made, also of void drafts."""
        confirmed: dict[str, Digest] = {}
        found = set[int]()
        for entry in self.entries:
            match entry.event:
                case Revised() | Edited():
                    confirmed = {}
                case DelegationConfirmed() as event:
                    confirmed[event.signatory] = event.delegate
                case DelegationRevoked() as event:
                    confirmed.pop(event.signatory, None)
                case Signed() as event if entry.actor.person == confirmed.get(event.signatory, ""):
                    found.add(entry.counter)
                case _:
                    pass
        return frozenset(found)

    @property
    def remarks(self) -> tuple[Digest, ...]:
        """Commitments to every comment and reason, in order."""
        given = (getattr(entry.event, "remark", None) for entry in self.entries)
        return tuple(dict.fromkeys(remark for remark in given if remark is not None))


def record_name(record: Digest) -> str:
    """Return the member name of an evidence record."""
    return f"evidence/{record}.json"


def history_of(entries: Sequence[Entry]) -> History:
    """Return the history that ``entries`` (one agreement, counters from 0 without gap) tell.

    Raises what :func:`schemas.lifecycle.transition` raises, and :class:`Refused` where the agreement is not archived.
    """
    state = fold(entries)
    if state.stage is not Stage.ARCHIVED:
        raise _not_archived(entries, state)
    # An archived state implies these: no other way through the lifecycle ends there.
    return History(
        entries=tuple(entries),
        state=state,
        prepared=_last(entries, Prepared),
        concluded=_last(entries, Concluded),
        renewals=tuple(entry.event for entry in entries if isinstance(entry.event, Renewed)),
        concluded_at=next(entry.occurred_at for entry in entries if isinstance(entry.event, Concluded)),
    )


def _not_archived(entries: Sequence[Entry], state: AgreementState) -> Refused:
    """Return the refusal that says whether there will be a dossier, or why there is none, of any day."""
    got, remedy = str(state.stage), "a dossier is written when the signed document is in the archive"
    ends = [entry for entry in entries if isinstance(entry.event, Rejected | Withdrawn | Declined | Lapsed)]
    if ends:
        got = f"{ends[-1].event.type} on {ends[-1].occurred_at.date().isoformat()}"
        remedy = (
            "there is no dossier of it, for no day: it was never signed by all and archived, so it binds nobody; "
            f"what happened is told by: convenio timeline {state.agreement}"
        )
    if state.stage is Stage.DISPOSED:
        got = "what was stored of it is destroyed"
        remedy = f"what was destroyed, and on what authority: convenio archive certificate {state.agreement} -o FILE"
    return Refused(
        "the agreement is not archived", where=state.agreement, got=got, expected=Stage.ARCHIVED, remedy=remedy
    )


def _last(entries: Sequence[Entry], kind: type[Kind]) -> Kind:
    return next(entry.event for entry in reversed(entries) if isinstance(entry.event, kind))
