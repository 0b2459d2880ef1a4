"""The daily inventory: what lies in the store, as a listing there and its Merkle root in the ledger."""

from __future__ import annotations

from archive.inventory import take_inventory as list_store
from archive.layout import working_key
from archive.transaction import op_id_of
from flows.deadline import local_day
from flows.wiring import Installation
from schemas import events as ev
from schemas.evidence import digest_of
from schemas.installation import INSTALLATION
from schemas.people import SYSTEM


def take_inventory(house: Installation) -> bool:
    """Take the inventory of this day unless it was taken, and return whether this call did.

    An installation without agreements has nothing to list. Raises :class:`StoreUnavailable` where the store does not
    answer; the next sweep tries again.
    """
    now = house.clock()
    day = local_day(house, now)
    op_id = op_id_of("inventory taken", day.isoformat())
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return False
    if not house.ledger.size:
        return False
    taken = list_store(house.store)
    listing = digest_of(taken.listing)
    house.store.put(working_key(INSTALLATION, listing, "jsonl"), taken.listing)
    event = ev.InventoryTaken(day=day, objects=taken.objects, root=taken.root, listing=listing)
    with house.ledger.transaction() as tx:
        if tx.find(op_id) is not None:
            return False
        tx.append_installation(op_id, now, SYSTEM, event)
    return True
