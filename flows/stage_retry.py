"""Trying a stage again that was refused: an administrator mended what it says and does not wait for a restart."""

from __future__ import annotations

from flows.act import acting
from flows.failures import standing_failures
from flows.wiring import Installation
from schemas.evidence import AgreementId
from schemas.people import Role


def try_again(house: Installation, stage: str, agreement: AgreementId, version: int, *, by: str) -> bool:
    """Put a failed stage into the outbox again, and return whether it still stood there as failed.

    A second click, or a runner that tried meanwhile, finds nothing to do. Raises :class:`NotAuthorised` for who is no
    administrator.
    """
    acting(house, by, Role.ADMINISTRATOR)
    asked = (stage, agreement, version)
    if all((row.stage, row.agreement, row.version) != asked for row in standing_failures(house)):
        return False
    with house.ledger.transaction() as tx:
        tx.enqueue_anew(stage, agreement, version, now=house.clock())
    return True
