"""Publish: deposit the signed PDF, append where it lies, sign a checkpoint over both."""

from __future__ import annotations

from datetime import datetime

from archive.layout import checkpoint_key, deposit_key
from archive.transaction import op_id_of
from flows.stage import Outcome, load, not_due, record
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import RefusedTransition
from schemas.evidence import AgreementId, Checkpoint, digest_of
from schemas.state import Stage


def publish(house: Installation, agreement: AgreementId, signed: int) -> Outcome:
    """Deposit what conclude admitted: bytes first, read back; then the ledger; then the checkpoint.

    Raises :class:`StoreUnavailable` where the store does not answer; repeating finds what is there.
    """
    state = house.ledger.state(agreement)
    if state.stage is Stage.ARCHIVED:
        return _published(house, agreement, acted=False)
    if state.stage is not Stage.CONCLUDED or len(state.signed) != signed:
        return not_due(state, "publish")
    if state.pdf is None:
        raise RefusedTransition("a concluded agreement has its PDF", where=agreement)
    content = load(house, agreement, state.pdf, "pdf")
    receipt = house.store.put(
        deposit_key(agreement, state.pdf),
        content,
        retain_until=years_after(state.since, house.settings.retention_years),
    )
    op_id, event = op_id_of("deposited", agreement, state.pdf), ev.Deposited(receipt=receipt)
    acted = record(house, agreement, op_id, house.clock(), event, waits=lambda after: after.stage is Stage.CONCLUDED)
    return _published(house, agreement, acted=acted)


def publish_checkpoint(house: Installation) -> Checkpoint:
    """Sign the ledger's head and keep the note in the store."""
    checkpoint = house.ledger.publish_checkpoint(house.checkpoint_key, house.clock())
    note = checkpoint.note.encode()
    house.store.put(checkpoint_key(digest_of(note), checkpoint.tree_size), note)
    return checkpoint


def years_after(instant: datetime, years: int) -> datetime:
    """Return the same day ``years`` later; 29 February becomes 1 March."""
    try:
        return instant.replace(year=instant.year + years)
    except ValueError:
        return instant.replace(year=instant.year + years, month=3, day=1)


def _published(house: Installation, agreement: AgreementId, *, acted: bool) -> Outcome:
    checkpoint, receipt = publish_checkpoint(house), house.ledger.state(agreement).receipt
    held = "tamper-evident" if receipt is None or receipt.lock_mode is None else f"locked, {receipt.lock_mode}"
    return Outcome(
        agreement,
        "publish",
        acted=acted,
        summary=f"{agreement} is archived ({held}), covered by checkpoint {checkpoint.tree_size}.",
        particulars={
            "key": receipt.key if receipt else "",
            "sha256": receipt.sha256 if receipt else "",
            "held": held,
            "checkpoint size": str(checkpoint.tree_size),
            "checkpoint root": checkpoint.root,
        },
    )
