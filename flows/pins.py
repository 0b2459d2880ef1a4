"""Documents that pin others: they must hold the bytes that are in force, and say when those were overtaken."""

from __future__ import annotations

from collections.abc import Iterator

from flows.act import data_of
from flows.bases import Base, base_of, broken_ties
from flows.deadline import local_day
from flows.wiring import Installation
from schemas.documents import Document
from schemas.errors import Fault, InputError, Refused
from schemas.evidence import AgreementId
from schemas.manifest import PinUse
from schemas.pin import Pin
from schemas.rules import in_words
from schemas.state import AgreementState, Stage

ON_THE_WAY = (Stage.APPROVED, Stage.SIGNING, Stage.SIGNED, Stage.CONCLUDED)
"""From approval until a change is in force."""


def pins_held(house: Installation, document: Document) -> tuple[PinUse, ...]:
    """Return the documents that ``document`` pins, and whether this archive holds those very bytes.

    A pin whose digest is still open is not looked at. Raises :class:`InputError` naming each that is an agreement of
    this installation and is not in force or has another digest; and where the document alters it, each change before
    that is not pinned, each party that is not the same, and each word quoted that does not stand there.
    """
    uses, faults = [], []
    for path, pin in document.pins:
        state = _state(house, pin)
        if state is not None and pin.sha256.value is not None:
            faults += _faults(house, document, path, pin, state)
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
    """Return a sentence for each pinned document that a newer archived one changes or takes the place of.

    What ``document`` itself changes is not looked at, nor a change that it pins, too.
    """
    own, pinned = {path for path, _ in document.changes}, _pinned(document)
    sentences = []
    for path, pin in document.pins:
        state = None if path in own else _state(house, pin)
        if state is None or state.stage is not Stage.ARCHIVED:
            continue
        changes = base_of(house, state, local_day(house, house.clock())).changes
        if newer := [change.state.agreement for change in changes if change.state.agreement not in pinned]:
            sentences.append(f"{pin.title} ({state.agreement}) was changed or replaced by {in_words(newer)}.")
    return tuple(sentences)


def require_current(house: Installation, document: Document, agreement: AgreementId) -> None:
    """Raise :class:`InputError` as :func:`pins_held`, :class:`Refused` where ``document`` pins what was overtaken.

    Refused, too, is a second change of a document while the first one is approved and not yet archived.
    """
    pins_held(house, document)
    if stale := overtaken(house, document):
        raise Refused(
            "the document is stale: it rests on documents that were overtaken",
            where=agreement,
            got=" ".join(stale),
            expected="the versions in force",
            remedy="pin the newer ones in a revised file (convenio revise)",
        )
    require_no_rivals(house, document, agreement)


def require_no_rivals(house: Installation, document: Document, agreement: AgreementId) -> None:
    """Raise :class:`Refused` for a second change of a document while the first one is approved and not yet archived.

    Inside a write transaction no rival can be approved between this and the end of it.
    """
    if rivals := _rivals(house, document, agreement):
        raise Refused(
            "another change of the same document is on its way",
            where=agreement,
            got=f"{in_words(rivals)}, approved and not yet in force",
            expected="one change at a time",
            remedy="wait until it is archived and pin it under earlier, or have it withdrawn",
        )


def _rivals(house: Installation, document: Document, agreement: AgreementId) -> list[str]:
    """Return the approved agreements that change what ``document`` changes; notices are for one party to give."""
    changed = {pin.agreement.value for _, pin in document.changes}
    if document.leaving:
        return []
    return [
        row.id
        for row in house.register.rows()
        if row.id != agreement
        and row.stage in ON_THE_WAY
        and changed & {*row.changes}
        and not data_of(house, house.ledger.state(row.id).data).leaving
    ]


def _pinned(document: Document) -> set[str | None]:
    return {pin.agreement.value for _, pin in document.pins}


def _state(house: Installation, pin: Pin) -> AgreementState | None:
    if pin.agreement.value is None:
        return None
    try:
        return house.ledger.state(AgreementId(pin.agreement.value))
    except Refused:
        return None


def _faults(house: Installation, document: Document, path: str, pin: Pin, state: AgreementState) -> Iterator[Fault]:
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
    else:
        yield from _not_in_force(house, document, path, base_of(house, state, local_day(house, house.clock())))


def _not_in_force(house: Installation, document: Document, path: str, base: Base) -> Iterator[Fault]:
    here, alters = f"{path}.agreement", path in {altered for altered, _ in document.alters}
    changed_before = [agreement for agreement in base.changed_by if agreement not in _pinned(document)]
    if base.ended_by:
        yield Fault(
            here, "was terminated", read=base.state.agreement,
            expected=f"an agreement in force; {base.ended_by} ended this one",
        )  # fmt: skip
    elif base.superseded_by and path in {changed for changed, _ in document.changes}:
        yield Fault(
            here, f"was superseded by {base.superseded_by}", read=base.state.agreement,
            expected="an agreement in force", proposal=base.superseded_by,
        )  # fmt: skip
    elif alters and changed_before and not document.leaving:
        yield Fault(
            here, f"was changed by {in_words(changed_before)}, which this document does not pin",
            read=base.state.agreement, expected="every change in force, pinned under earlier",
        )  # fmt: skip
    elif alters:
        yield from broken_ties(house, document, base)
