"""Withdrawing: the manager ends an agreement that is not yet concluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.transaction import op_id_of
from flows.act import Done, acting, as_actor, keep_remark, require_seen
from flows.notices import tell
from schemas import events as ev
from schemas.people import Role

if TYPE_CHECKING:
    from flows.wiring import Installation
    from schemas.evidence import AgreementId


def withdraw(house: Installation, agreement: AgreementId, *, by: str, reason: str, seen: int | None = None) -> Done:
    """End an agreement that is not yet concluded, with a reason; ``seen`` is as for :func:`flows.act.require_seen`."""
    manager, now = acting(house, by, Role.MANAGER), house.clock()
    op_id = op_id_of("withdrawn", agreement, manager.commitment)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        require_seen(tx.state(agreement), seen)
        event = ev.Withdrawn(remark=keep_remark(tx, reason))
        tell(tx, tx.append(agreement, op_id, now, as_actor(Role.MANAGER, manager), event))
        return Done(tx.state(agreement), changed=True)
