"""Publish: deposit the signed PDF, append where it lies, sign a checkpoint over both."""

from __future__ import annotations

from archive.layout import deposit_key
from archive.transaction import op_id_of
from flows.checkpoints import publish_checkpoint
from flows.object_store import require_worm
from flows.retention import new_lock_end
from flows.stage import Outcome, load, not_due, record
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import RefusedTransition
from schemas.evidence import AgreementId, DepositReceipt, digest_of
from schemas.state import AgreementState, Stage


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
    receipt = deposit(house, state, content)
    op_id, event = op_id_of("deposited", agreement, state.pdf), ev.Deposited(receipt=receipt)
    acted = record(house, agreement, op_id, house.clock(), event, waits=lambda after: after.stage is Stage.CONCLUDED)
    return _published(house, agreement, acted=acted)


def deposit(house: Installation, state: AgreementState, content: bytes) -> DepositReceipt:
    """Store a finished PDF for good, locked in the write itself where the store was seen to enforce locks.

    Raises :class:`NotWorm` where this installation archives on WORM only and the store is not seen to be that: nothing
    is stored then.
    """
    require_worm(house.settings, house.store)
    return house.store.put(
        deposit_key(state.agreement, digest_of(content)),
        content,
        retain_until=new_lock_end(house, state),
    )


def held(receipt: DepositReceipt | None) -> str:
    """Return how a deposit is held, as may be said to a person."""
    if receipt is None or receipt.lock_mode is None or receipt.retain_until is None:
        return "tamper-evident"
    return f"WORM, locked {receipt.lock_mode} until {receipt.retain_until:%Y-%m-%d %H:%M} UTC"


def _published(house: Installation, agreement: AgreementId, *, acted: bool) -> Outcome:
    checkpoint, receipt = publish_checkpoint(house), house.ledger.state(agreement).receipt
    return Outcome(
        agreement,
        "publish",
        acted=acted,
        summary=f"{agreement} is archived ({held(receipt)}), covered by checkpoint {checkpoint.tree_size}.",
        particulars={
            "key": receipt.key if receipt else "",
            "sha256": receipt.sha256 if receipt else "",
            "held": held(receipt),
            "checkpoint size": str(checkpoint.tree_size),
            "checkpoint root": checkpoint.root,
        },
    )
