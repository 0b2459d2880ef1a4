"""Ledger events told in plain sentences for the dossier's summary."""

from __future__ import annotations

from archive.record import StatedDocument
from schemas import events as ev
from schemas.evidence import Digest


def sentence(event: ev.Event, document: StatedDocument) -> str:
    """Return what happened as one sentence without a full stop; signatories by the name the approved data gives."""
    match event:
        case ev.Requested():
            return f"Requested: {event.title}"
        case ev.Revised(reason=ev.RevisionReason.CONFIRMED):
            return f"Confirmed assumed facts, which makes draft {event.draft}; no other value changed"
        case ev.Revised() | ev.Edited():
            done = "Changed the data" if isinstance(event, ev.Revised) else "Edited the text by hand"
            return f"{done} for draft {event.draft}; earlier approvals are void"
        case ev.Drafted():
            return f"Draft {event.draft} was written and stored"
        case ev.Approved():
            return f"Approved draft {event.draft} for the {event.office} office"
        case ev.Returned():
            return f"Returned draft {event.draft} with a comment"
        case ev.Prepared():
            return "The approved PDF got its attachments, its signature fields and the opening seal"
        case ev.Invited():
            return f"{_name(event.signatory, document)} was asked to sign"
        case ev.Signed():
            return f"Signed as {_name(event.signatory, document)}"
        case ev.Concluded():
            return f"Closing seal and document timestamp were added; validated as {event.level}"
        case ev.Deposited():
            return "The signed PDF was stored in the archive, read back and found equal"
        case _:
            return event.type.capitalize()


def revision(event: ev.Event, draft: int, document: StatedDocument) -> tuple[str, Digest] | None:
    """Return what made a revision of the final PDF, and its digest; ``draft`` is the approved one."""
    match event:
        case ev.Approved() if event.draft == draft:
            return f"Approved by the {event.office} office", event.covers.pdf
        case ev.Prepared():
            return "Prepared for signature", event.pdf
        case ev.Signed():
            return f"Signed by {_name(event.signatory, document)}", event.pdf
        case ev.Concluded():
            return "Concluded", event.pdf
        case ev.Deposited():
            return "Archived", event.receipt.sha256
        case _:
            return None


def _name(signatory: str, document: StatedDocument) -> str:
    # A signatory of an earlier draft only is known by id.
    names = {person.id: person.name.value for person in document.signatories}
    return names.get(signatory, signatory)
