"""Retention and legal hold, as the ledger says and the store follows where it can."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from flows.holds import place_hold, release_hold
from flows.retention import balance_paid, extend_retention, secure_all
from schemas import events as ev
from schemas.errors import InputError, Invalid, NotAuthorised, Refused, RefusedTransition, StoreUnavailable
from tests import ceph
from tests.archived import ADMINISTRATOR, BOOKKEEPER, COUNSEL, MANAGER, archive_one, conclude_one, installation, on_s3
from tests.installation import Clock

DAY = date(2026, 3, 2)


@pytest.fixture
def house(tmp_path):
    house = installation(tmp_path, Clock())
    yield house
    house.close()


@pytest.fixture
def agreement(house):
    return archive_one(house)


def pay(house, agreement, paid_on=DAY, *, by=MANAGER, small_grant=False):
    return balance_paid(house, agreement, by=by, paid_on=paid_on, small_grant=small_grant, reason="final payment")


def counted(house, agreement, kind):
    return sum(isinstance(recorded.entry.event, kind) for recorded in house.ledger.entries(agreement))


def test_no_end_is_known_before_the_balance_is_paid(house, agreement):
    assert house.ledger.state(agreement).retention_until is None


@pytest.mark.parametrize(("small_grant", "year"), [(False, 2031), (True, 2029)], ids=["five years", "three years"])
def test_the_payment_of_the_balance_begins_retention(house, agreement, small_grant, year):
    done = pay(house, agreement, small_grant=small_grant)
    assert (done.state.retention_until, done.changed) == (date(year, 3, 2), True)
    assert not pay(house, agreement, small_grant=small_grant).changed
    assert counted(house, agreement, ev.BalancePaid) == 1


def test_another_day_of_payment_is_refused_once_retention_began(house, agreement):
    pay(house, agreement)
    house.clock.now += timedelta(days=1)
    with pytest.raises(RefusedTransition, match="retention has begun already"):
        pay(house, agreement, DAY + timedelta(days=1))


def test_a_payment_on_a_day_to_come_is_bad_input(house, agreement):
    with pytest.raises(InputError, match="day to come"):
        pay(house, agreement, DAY + timedelta(days=1))


def test_a_payment_before_the_agreement_was_concluded_begins_no_retention(tmp_path):
    # concluded at 23:30 UTC, which in Prague is the next day already
    house = installation(tmp_path / "late", Clock(datetime(2026, 3, 1, 23, 30, tzinfo=UTC)), time_zone="Europe/Prague")
    agreement = archive_one(house)
    for paid_on in (date(1990, 1, 1), DAY - timedelta(days=1)):
        with pytest.raises(InputError, match="before the agreement was concluded"):
            pay(house, agreement, paid_on)
    assert house.ledger.state(agreement).retention_until is None
    pay(house, agreement)
    assert extend(house, agreement, date(2031, 3, 3)).state.retention_until == date(2031, 3, 3)
    house.close()


def test_only_a_manager_says_when_the_balance_was_paid(house, agreement):
    with pytest.raises(NotAuthorised, match="is no manager"):
        pay(house, agreement, by=ADMINISTRATOR)


def test_nothing_is_retained_that_is_not_archived(house):
    with pytest.raises(RefusedTransition, match="cannot be balance paid now"):
        pay(house, conclude_one(house))


def extend(house, agreement, until, by=ADMINISTRATOR):
    return extend_retention(house, agreement, by=by, until=until, reason="an audit was announced")


def test_retention_is_extended_and_never_shortened(house, agreement):
    with pytest.raises(RefusedTransition, match="only ever extended, once it has begun"):
        extend(house, agreement, date(2040, 1, 1))
    pay(house, agreement)
    assert extend(house, agreement, date(2040, 1, 1)).state.retention_until == date(2040, 1, 1)
    assert not extend(house, agreement, date(2040, 1, 1)).changed
    with pytest.raises(RefusedTransition, match="only ever extended"):
        extend(house, agreement, date(2039, 12, 31))
    with pytest.raises(NotAuthorised, match="is no administrator"):
        extend(house, agreement, date(2041, 1, 1), by=MANAGER)


def test_the_legal_office_places_and_releases_a_hold_as_often_as_needed(house, agreement):
    for times in (1, 2):
        assert place_hold(house, agreement, by=COUNSEL, reason="an investigation").state.held
        assert not place_hold(house, agreement, by=COUNSEL, reason="again").changed
        assert not release_hold(house, agreement, by=COUNSEL, reason="it is closed").state.held
        assert not release_hold(house, agreement, by=COUNSEL, reason="again").changed
        assert counted(house, agreement, ev.HoldPlaced) == counted(house, agreement, ev.HoldReleased) == times


@pytest.mark.parametrize("act", [place_hold, release_hold])
def test_a_hold_is_a_right_of_the_legal_office_alone(house, agreement, act):
    with pytest.raises(NotAuthorised, match="is not of the legal office"):
        act(house, agreement, by=BOOKKEEPER, reason="because")
    for other in (MANAGER, ADMINISTRATOR):
        with pytest.raises(NotAuthorised, match="is no reviewer"):
            act(house, agreement, by=other, reason="because")


def test_a_directory_holds_nothing_and_says_so(house, agreement):
    pay(house, agreement)
    place_hold(house, agreement, by=COUNSEL, reason="an investigation")
    receipt = house.ledger.state(agreement).receipt
    holding = house.store.inspect(receipt.key, receipt.version)
    assert (holding.lock_mode, holding.retain_until, holding.held) == (None, None, False)
    assert holding.size_bytes == receipt.size_bytes


@pytest.mark.parametrize(
    ("faults", "raised"),
    [
        ((Refused("stubborn"), StoreUnavailable("silent")), Refused),
        ((StoreUnavailable("silent"), Invalid("stubborn")), Invalid),
        ((StoreUnavailable("silent"), StoreUnavailable("silent")), StoreUnavailable),
    ],
    ids=["refused first", "invalid last", "silent"],
)
def test_what_cannot_be_secured_keeps_no_other_deposit_from_it(house, monkeypatch, faults, raised):
    keys = [house.ledger.state(archive_one(house, b"%d" % number)).receipt.key for number in range(3)]
    failing, tried = dict(zip(keys[:2], faults, strict=True)), []

    def extend_lock(receipt, _until):
        tried.append(receipt.key)
        if receipt.key in failing:
            raise failing[receipt.key]

    monkeypatch.setattr(house.store, "extend", extend_lock)
    with pytest.raises(raised, match="stubborn" if raised is not StoreUnavailable else "silent"):
        secure_all(house)
    assert sorted(tried) == sorted(keys)


class TestOnCeph:
    """The same with a store that enforces locks and holds."""

    pytestmark = ceph.MARKS

    @pytest.fixture
    def clock(self):
        return Clock(datetime.now(UTC))

    @pytest.fixture
    def house(self, tmp_path, clock, ceph_endpoint, bucket_name):
        house = installation(tmp_path, clock, **on_s3(ceph_endpoint, bucket_name, time_zone="Europe/Prague"))
        yield house
        house.close()

    def lock_of(self, house, agreement):
        receipt = house.ledger.state(agreement).receipt
        return house.store.inspect(receipt.key, receipt.version)

    def test_the_lock_rolls_until_the_end_is_known_and_then_reaches_it(self, house, agreement, clock):
        year = clock.now.year
        # midnight in Prague in winter is 23:00 UTC of the day before
        assert self.lock_of(house, agreement).retain_until == datetime(year + 1, 12, 31, 23, tzinfo=UTC)
        clock.now = datetime(year + 1, 1, 1, 12, tzinfo=UTC)
        assert secure_all(house) == 1
        assert self.lock_of(house, agreement).retain_until == datetime(year + 2, 12, 31, 23, tzinfo=UTC)
        done = pay(house, agreement, clock.now.date())
        assert self.lock_of(house, agreement).retain_until == datetime(year + 6, 1, 1, 23, tzinfo=UTC)
        extend(house, agreement, done.state.retention_until + timedelta(days=1))
        assert self.lock_of(house, agreement).retain_until == datetime(year + 6, 1, 2, 23, tzinfo=UTC)

    def test_the_store_itself_holds_what_is_under_legal_hold(self, house, agreement):
        place_hold(house, agreement, by=COUNSEL, reason="an investigation")
        assert self.lock_of(house, agreement).held
        release_hold(house, agreement, by=COUNSEL, reason="it is closed")
        assert not self.lock_of(house, agreement).held

    def test_a_hold_the_store_did_not_hear_of_is_placed_by_repeating_it_or_by_the_daily_round(self, house, agreement):
        place_hold(house, agreement, by=COUNSEL, reason="an investigation")
        receipt = house.ledger.state(agreement).receipt
        for repeat in (
            lambda: place_hold(house, agreement, by=COUNSEL, reason="an investigation"),
            lambda: secure_all(house),
        ):
            house.store.hold(receipt, on=False)
            repeat()
            assert self.lock_of(house, agreement).held
