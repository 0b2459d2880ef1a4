"""The deposit: held as strongly as the store allows, and left to the sweep for as long as the store is away."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from archive.directory import DirectoryStore
from archive.store import Holding
from flows.due import Due, due_stage
from flows.failures import keep_failure, standing_failures
from flows.holds import place_hold
from flows.publish import deposit, held, publish
from flows.retention import balance_paid, secure
from flows.sweep import sweep
from schemas.errors import NotWorm, Refused, StoreUnavailable
from schemas.evidence import DepositReceipt
from schemas.state import Stage
from tests.archived import COUNSEL, MANAGER, archive_one, conclude_one, installation
from tests.installation import Clock

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def house(tmp_path, clock):
    house = installation(tmp_path, clock)
    yield house
    house.close()


class Away(DirectoryStore):
    """A store that does not answer any more."""

    def put(self, *_: object, **__: object) -> DepositReceipt:
        raise StoreUnavailable("the store did not answer")

    get = put


def attempt(house, due):
    """What a run of the stage does."""
    try:
        return publish(house, due.agreement, due.version)
    except StoreUnavailable as error:
        keep_failure(house, due, error)
        return None


def test_an_outage_of_hours_leaves_the_deposit_to_the_sweep_and_its_reason_to_be_seen(house, clock, tmp_path):
    agreement = conclude_one(house)
    due = due_stage(house.ledger.state(agreement))
    assert due == Due("publish", agreement, 0)
    assert sweep(house, patience=MINUTE) == [due]
    there = house.store
    house.__dict__["store"] = Away(tmp_path / "objects")
    assert attempt(house, due) is None
    began = clock.now
    while clock.now < began + timedelta(hours=6):
        clock.now += timedelta(minutes=10)
        for started in sweep(house, patience=MINUTE):
            assert attempt(house, started) is None
            [failure] = standing_failures(house)
            assert (failure.failure, failure.retry) == ("StoreUnavailable: the store did not answer", True)
    assert house.ledger.state(agreement).stage is Stage.CONCLUDED
    # twice as long each time, and at most an hour: not once every ten minutes
    assert 6 <= len(house.outbox.attempts(*vars(due).values())) <= 12
    house.__dict__["store"] = there
    clock.now += timedelta(hours=1, minutes=1)
    [started] = sweep(house, patience=MINUTE)
    assert attempt(house, started).acted
    assert house.ledger.state(agreement).stage is Stage.ARCHIVED
    assert standing_failures(house) == ()


def test_a_deposit_is_made_once(house):
    agreement = archive_one(house)
    before = house.ledger.state(agreement)
    assert not publish(house, agreement, 0).acted
    assert house.ledger.state(agreement) == before


class Locking(DirectoryStore):
    """A store that refuses a lock whose end is in the past, as every S3 does, and remembers what it was asked."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder)
        self.clock, self.locks = clock, []

    def put(self, key: str, content: bytes, *, retain_until: datetime | None = None) -> DepositReceipt:
        self._ask(retain_until)
        return super().put(key, content, retain_until=retain_until)

    def extend(self, receipt: DepositReceipt, until: datetime) -> Holding:
        self._ask(until)
        return super().extend(receipt, until)

    def _ask(self, until: datetime | None) -> None:
        if until is not None and until <= self.clock.now:
            raise Refused("the retain until date must be in the future")
        self.locks.append(until)


@pytest.mark.parametrize("on_hold", [False, True], ids=["free", "held"])
def test_what_is_deposited_after_retention_ended_is_locked_only_while_it_is_held(house, clock, tmp_path, on_hold):
    agreement = archive_one(house)
    balance_paid(house, agreement, by=MANAGER, paid_on=clock.now.date(), small_grant=True, reason="final payment")
    if on_hold:
        place_hold(house, agreement, by=COUNSEL, reason="an investigation")
    clock.now = datetime(2031, 6, 1, tzinfo=UTC)
    store = house.__dict__["store"] = Locking(tmp_path / "objects", clock)
    state = house.ledger.state(agreement)
    deposit(house, state, b"%PDF of a renewal")
    assert [until and until.date() for until in store.locks] == [date(2033, 1, 1) if on_hold else None]
    assert len(secure(house, state)) == len(state.deposits)
    assert len(store.locks) == 1, "no lock is moved to the past"


def test_where_worm_is_demanded_a_directory_is_no_archive(tmp_path, clock):
    house = installation(tmp_path, clock, require_worm=True)
    agreement = conclude_one(house)
    with pytest.raises(NotWorm):
        publish(house, agreement, 0)
    assert house.ledger.state(agreement).stage is Stage.CONCLUDED
    assert list(house.store.keys("agreements/")) == []
    house.close()


def test_nobody_is_told_of_worm_where_no_lock_is_on_the_receipt():
    receipt = DepositReceipt(store="s3:archive", key="k", sha256="0" * 64, size_bytes=1)
    assert held(None) == held(receipt) == "tamper-evident"
    locked = receipt.model_copy(update={"lock_mode": "COMPLIANCE", "retain_until": Clock().now})
    assert held(locked) == "WORM, locked COMPLIANCE until 2026-03-02 09:00 UTC"
