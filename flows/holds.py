"""Legal hold: the legal office keeps an agreement from being disposed of, whatever retention says."""

from __future__ import annotations

from archive.transaction import op_id_of
from flows.act import Done, acting, as_actor, keep_remark, require_office
from flows.retention import secure
from flows.wiring import Installation
from schemas import events as ev
from schemas.evidence import AgreementId
from schemas.people import Office, Person, Role


def place_hold(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """Place a legal hold: in the ledger, and in the store where it was seen to have holds of its own.

    Placing it again changes nothing. Raises :class:`NotAuthorised` for who is not of the legal office,
    :class:`RefusedTransition` where the agreement is not archived, and :class:`StoreUnavailable` where only the ledger
    could be told: repeat then, or the daily round does.
    """
    return _set(house, agreement, by=by, reason=reason, on=True)


def release_hold(house: Installation, agreement: AgreementId, *, by: str, reason: str) -> Done:
    """Release the legal hold; where there is none nothing changes. Raises as :func:`place_hold`."""
    return _set(house, agreement, by=by, reason=reason, on=False)


def _set(house: Installation, agreement: AgreementId, *, by: str, reason: str, on: bool) -> Done:
    counsel = _of_the_legal_office(house, by)
    kind = ev.HoldPlaced if on else ev.HoldReleased
    with house.ledger.transaction() as tx:
        changed = tx.state(agreement).held is not on
        if changed:
            # a hold may be placed again after it was released: the entry before makes it another act
            op_id = op_id_of(kind.__name__, agreement, str(tx.state(agreement).counter))
            event = kind(remark=keep_remark(tx, reason))
            tx.append(agreement, op_id, house.clock(), as_actor(Role.REVIEWER, counsel), event)
    state = house.ledger.state(agreement)
    secure(house, state)
    return Done(state, changed=changed)


def _of_the_legal_office(house: Installation, email: str) -> Person:
    person = acting(house, email, Role.REVIEWER)
    require_office(person, Office.LEGAL, f"{email} is not of the legal office")
    return person
