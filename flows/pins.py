"""Documents that pin others: they must hold the bytes that are in force, and say when those were overtaken."""

from __future__ import annotations

from collections.abc import Iterator

from archive.register import RegisterRow
from flows.wiring import Installation
from schemas.documents import Document, model_of
from schemas.errors import Fault, InputError, Refused
from schemas.evidence import AgreementId
from schemas.manifest import PinUse
from schemas.pin import Pin
from schemas.rules import in_words
from schemas.state import AgreementState, Stage


def pins_held(house: Installation, document: Document) -> tuple[PinUse, ...]:
    """Return the documents that ``document`` pins, and whether this archive holds those very bytes.

    A pin whose digest is still open is not looked at. Raises :class:`InputError` naming each that is an agreement of
    this installation and is not in force, or has another digest.
    """
    uses, faults = [], []
    for path, pin in document.pins:
        state = _state(house, pin)
        if state is not None and pin.sha256.value is not None:
            faults += _faults(house, path, pin, state)
        uses.append(
            PinUse(
                path=path,
                agreement=str(pin.agreement),
                sha256=pin.sha256.value,
                archived_here=state is not None
                and state.receipt is not None
                and state.receipt.sha256 == pin.sha256.value,
            )
        )
    if faults:
        raise InputError("a pinned document is not the one in force", faults)
    return tuple(uses)


def overtaken(house: Installation, document: Document) -> tuple[str, ...]:
    """Return a sentence for each pinned document that a newer archived one changes or takes the place of."""
    own = {path for path, _ in document.changes}
    sentences = []
    for path, pin in document.pins:
        agreement = pin.agreement.value
        if agreement is None or path in own:
            continue
        if newer := [str(row.id) for row in house.register.changed_by(agreement)]:
            sentences.append(f"{pin.title} ({agreement}) was changed or replaced by {in_words(newer)}.")
    return tuple(sentences)


def require_current(house: Installation, document: Document, agreement: AgreementId) -> None:
    """Raise :class:`Refused` where ``document`` pins something that was overtaken."""
    if stale := overtaken(house, document):
        raise Refused(
            "the document is stale: it rests on documents that were overtaken",
            where=agreement,
            got=" ".join(stale),
            expected="the versions in force",
            remedy="pin the newer ones in a revised file (convenio revise)",
        )


def _state(house: Installation, pin: Pin) -> AgreementState | None:
    if pin.agreement.value is None:
        return None
    try:
        return house.ledger.state(AgreementId(pin.agreement.value))
    except Refused:
        return None


def _ends(row: RegisterRow) -> bool:
    return model_of(row.document_type).ends_what_it_changes


def _faults(house: Installation, path: str, pin: Pin, state: AgreementState) -> Iterator[Fault]:
    if state.stage is not Stage.ARCHIVED or state.receipt is None:
        yield Fault(
            f"{path}.agreement", "is not in force", read=f"{state.agreement}, {state.stage}",
            expected="an archived agreement",
        )  # fmt: skip
    elif state.receipt.sha256 != pin.sha256.value:
        yield Fault(
            f"{path}.sha256", f"is not the digest of {state.agreement} as archived", read=pin.sha256.value,
            expected=state.receipt.sha256, proposal=state.receipt.sha256,
        )  # fmt: skip
    elif ended := [row for row in house.register.changed_by(state.agreement) if _ends(row)]:
        yield Fault(
            f"{path}.agreement", "was terminated", read=state.agreement,
            expected=f"an agreement in force; {ended[0].id} ended this one",
        )  # fmt: skip
