from __future__ import annotations

from datetime import timedelta

import pytest

from archive.inventory import read_inventory
from archive.layout import working_key
from flows.inventory import take_inventory
from flows.ledger_check import check_ledger
from flows.sweep import sweep
from schemas import events as ev
from schemas.errors import Invalid, StoreUnavailable
from schemas.installation import INSTALLATION
from tests.worlds import attacks_in

pytestmark = pytest.mark.office


def inventories(house) -> list[ev.InventoryTaken]:
    events = [recorded.entry.event for recorded in house.ledger.installation_entries()]
    return [event for event in events if isinstance(event, ev.InventoryTaken)]


def test_the_sweep_takes_one_inventory_a_day(at):
    house = at("in review")
    for _ in range(3):
        sweep(house, patience=timedelta(minutes=1))
    assert len(inventories(house)) == 1
    house.clock.now += timedelta(days=1)
    sweep(house, patience=timedelta(minutes=1))
    first, second = inventories(house)
    assert second.day == first.day + timedelta(days=1)


def test_an_installation_without_agreements_takes_none(house):
    assert not take_inventory(house)
    assert house.ledger.size == 0


def test_the_listing_holds_every_object_and_leads_to_the_root(at):
    house = at("in review")
    stored = set(house.store.keys())
    assert take_inventory(house)
    (taken,) = inventories(house)
    listing = house.store.get(working_key(INSTALLATION, taken.listing, "jsonl"))
    lines = list(read_inventory(listing, root=taken.root, objects=taken.objects))
    assert {line.key for line in lines} == stored
    assert all(house.store.stat(line.key).sha256 == line.sha256 for line in lines)
    with pytest.raises(Invalid, match="not the one the ledger holds"):
        list(read_inventory(listing[:-1], root=taken.root, objects=taken.objects))


def test_a_store_that_does_not_answer_leaves_the_inventory_to_the_next_sweep(at, monkeypatch):
    house = at("in review")

    def silent(prefix: str = ""):
        raise StoreUnavailable("the store did not answer")

    with monkeypatch.context() as patched:
        patched.setattr(house.store, "versions", silent)
        with pytest.raises(StoreUnavailable):
            take_inventory(house)
    assert inventories(house) == []
    assert take_inventory(house)
    assert attacks_in(check_ledger(house)) == set()
