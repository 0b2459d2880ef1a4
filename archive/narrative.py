"""Ledger events told in plain sentences for the dossier's summary."""

from __future__ import annotations

from archive.record import StatedDocument
from schemas import events as ev
from schemas.evidence import Digest
from schemas.signature import LegalEffect, SigningWay

WAYS = {
    SigningWay.PKCS12: "with a certificate and key in a file",
    SigningWay.PKCS11: "with a key in a token",
    SigningWay.CSC: "with a key kept by a trust service",
    SigningWay.UPLOAD: "with software of their own",
    SigningWay.CLICK: "by click, recorded under the organisation's seal",
    SigningWay.PAPER: "on paper; the scan was compared and recorded under the organisation's seal",
}
"""How a signatory signs, as the end of a sentence."""


def sentence(event: ev.Event, document: StatedDocument, *, by_delegate: bool = False) -> str:
    """Return what happened as one sentence without a full stop; signatories by the name the approved data gives.

    ``by_delegate`` says that a confirmed delegate made this signature.
    """
    match event:
        case ev.Requested() | ev.Revised() | ev.Edited() | ev.Drafted() | ev.Approved() | ev.Returned():
            return _drafting(event)
        case ev.Invited() | ev.Signed() | ev.Extended() | ev.Prepared():
            return _signing(event, document, by_delegate=by_delegate)
        case ev.Delegated() | ev.DelegationConfirmed() | ev.DelegationRevoked():
            return _signing(event, document, by_delegate=by_delegate)
        case _:
            return _keeping(event)


def _drafting(event: ev.Event) -> str:
    match event:
        case ev.Requested():
            return f"Requested: {event.title}"
        case ev.Revised(reason=ev.RevisionReason.CONFIRMED):
            return f"Confirmed assumed facts, which makes draft {event.draft}; no other value changed"
        case ev.Revised() | ev.Edited():
            done = "Changed the data" if isinstance(event, ev.Revised) else "Edited the text by hand"
            voided = len(event.voids) if isinstance(event, ev.Revised) else 0
            signatures = f", and so are {voided} signatures" if voided else ""
            return f"{done} for draft {event.draft}; earlier approvals are void{signatures}"
        case ev.Drafted():
            return f"Draft {event.draft} was written and stored"
        case ev.Approved():
            return f"Approved draft {event.draft} for the {event.office} office"
        case ev.Returned():
            return f"Returned draft {event.draft} with a comment"
        case _:
            return event.type.capitalize()


def _signing(event: ev.Event, document: StatedDocument, *, by_delegate: bool) -> str:
    match event:
        case ev.Prepared():
            return (
                "The approved PDF got its attachments, its signature fields and the opening seal; "
                f"the policy asks for level {event.policy.level}"
            )
        case ev.Invited():
            return f"{_name(event.signatory, document)} was asked to sign"
        case ev.Signed(way=SigningWay.PAPER):
            return f"{_name(event.signatory, document)} signed {WAYS[event.way]} ({event.effect})"
        case ev.Signed():
            whom = f"{'for' if by_delegate else 'as'} {_name(event.signatory, document)}"
            effect = f"recorded as {event.effect}" if event.effect is LegalEffect.QES else event.effect
            return f"Signed {whom}, {WAYS[event.way]} ({effect})"
        case ev.Delegated():
            return f"Named a person to sign for {_name(event.signatory, document)}, with evidence of authority"
        case ev.DelegationConfirmed():
            return f"Confirmed the evidence of authority to sign for {_name(event.signatory, document)}"
        case ev.DelegationRevoked():
            return f"Revoked the delegation: {_name(event.signatory, document)} signs in person"
        case ev.Extended():
            return f"Gave the signatories until {event.sign_by.isoformat()}"
        case _:
            return event.type.capitalize()


def _keeping(event: ev.Event) -> str:
    match event:
        case ev.Concluded():
            return f"The document was closed; validated as {event.level}"
        case ev.Deposited():
            return "The signed PDF was stored in the archive, read back and found equal"
        case ev.Renewed():
            return f"A later document timestamp was added and the file stored again; validated as {event.level}"
        case ev.BalancePaid():
            return (
                f"The balance was paid on {event.paid_on.isoformat()}; retention runs until {event.until.isoformat()}"
            )
        case ev.RetentionExtended():
            return f"Retention was extended until {event.until.isoformat()}"
        case ev.HoldPlaced():
            return "A legal hold was placed: nothing is destroyed until it is released"
        case ev.HoldReleased():
            return "The legal hold was released"
        case ev.DisposalProposed():
            return "Proposed to destroy what is stored, retention being over"
        case _:
            return event.type.capitalize()


def revision(event: ev.Event, draft: int, document: StatedDocument) -> tuple[str, Digest] | None:
    """Return what made a revision of the final PDF, and its digest; ``draft`` is the approved one."""
    match event:
        case ev.Approved() if event.draft == draft:
            return f"Approved by the {event.office} office", event.covers.pdf
        case ev.Prepared() if event.draft == draft:
            return "Prepared for signature", event.pdf
        case ev.Signed():
            return f"Signed by {_name(event.signatory, document)}", event.pdf
        case ev.Concluded():
            return "Concluded", event.pdf
        case ev.Deposited():
            return "Archived", event.receipt.sha256
        case ev.Renewed():
            return "Renewed", event.pdf
        case _:
            return None


def _name(signatory: str, document: StatedDocument) -> str:
    # A signatory of an earlier draft only is known by id.
    names = {person.id: person.name.value for person in document.signatories}
    return names.get(signatory, signatory)
