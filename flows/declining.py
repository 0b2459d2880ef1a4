"""Declining to sign."""

from __future__ import annotations

from archive.transaction import op_id_of
from flows.act import Done, acting, as_actor, data_of, keep_remark
from flows.delegation import signer
from flows.notices import tell
from flows.wiring import Installation
from schemas import events as ev
from schemas.evidence import AgreementId, SignatoryId
from schemas.people import Role


def decline(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """Refuse to sign, with a reason; the agreement ends, and everybody concerned is told."""
    person, state = acting(house, by, Role.SIGNATORY), house.ledger.state(agreement)
    signatory = SignatoryId(signer(state, data_of(house, state.data), person).signatory.id)
    op_id = op_id_of("declined", agreement, str(state.draft), signatory)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return Done(tx.state(agreement), changed=False)
        event = ev.Declined(signatory=signatory, remark=keep_remark(tx, reason))
        tell(tx, tx.append(agreement, op_id, house.clock(), as_actor(Role.SIGNATORY, person), event))
        return Done(tx.state(agreement), changed=True)
