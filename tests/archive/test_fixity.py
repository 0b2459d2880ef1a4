"""Which objects are read when, and what is said of a lock that is less than it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from archive.directory import DirectoryStore
from archive.fixity import Damage, Deposit, due_on, sweep
from archive.store import Behaviour, Holding, LockMode, ProbedFact, StoreCapabilities
from schemas.evidence import digest_of

CONTENT = b"%PDF-1.7 a memorandum"
KEY = f"agreements/v1/MOU-2026-0001/{digest_of(CONTENT)}.pdf"
DAY = date(2026, 3, 2)
UNTIL = datetime(2031, 3, 3, tzinfo=UTC)
PROVEN = StoreCapabilities(
    mode=LockMode.COMPLIANCE,
    facts=tuple(ProbedFact(behaviour=behaviour, holds=True, seen="assumed for this test") for behaviour in Behaviour),
)

KEYS = st.text("abcdef0123456789", min_size=1, max_size=12)


@given(KEYS, st.integers(1, 60), st.lists(st.integers(1, 100), min_size=1, max_size=40))
def test_no_key_goes_unread_for_longer_than_the_days_that_are_set(key, days, gaps):
    day, read = DAY, DAY
    assert due_on(day, None, days)(key)
    for gap in gaps:
        day, last = day + timedelta(days=gap), day
        if due_on(day, last, days)(key):
            read = day
        assert (day - read).days < days


@given(KEYS)
def test_a_key_is_read_once_in_that_time_where_no_day_is_missed(key):
    turns = [due_on(DAY + timedelta(days=n), DAY + timedelta(days=n - 1), 30)(key) for n in range(60)]
    assert sum(turns) == 2


class SaysOfLocks(DirectoryStore):
    """A directory that claims to be WORM, and says of every object what it is told to."""

    capabilities = PROVEN
    says = Holding(size_bytes=len(CONTENT))

    def inspect(self, key, version):
        return self.says


@pytest.mark.parametrize(
    ("mode", "until", "held", "expected"),
    [
        ("COMPLIANCE", UNTIL, True, set()),
        ("COMPLIANCE", UNTIL + timedelta(days=1), True, set()),
        ("COMPLIANCE", UNTIL - timedelta(seconds=1), True, {Damage.LOCK_SHORTENED}),
        ("GOVERNANCE", UNTIL, True, {Damage.LOCK_SHORTENED}),
        (None, None, True, {Damage.LOCK_MISSING}),
        ("COMPLIANCE", None, True, {Damage.LOCK_MISSING}),
        ("COMPLIANCE", UNTIL, False, {Damage.HOLD_MISSING}),
    ],
)
def test_less_than_the_ledger_says_is_named(tmp_path, mode, until, held, expected):
    store = SaysOfLocks(tmp_path)
    receipt = DirectoryStore(tmp_path).put(KEY, CONTENT)
    receipt = receipt.model_copy(update={"lock_mode": "COMPLIANCE", "retain_until": UNTIL - timedelta(days=9)})
    store.says = Holding(size_bytes=len(CONTENT), lock_mode=mode, retain_until=until, held=held)
    report = sweep(store, deposits=[Deposit(receipt, UNTIL, held=True)], named=(), due=lambda _: True, day=DAY)
    assert {fault.damage for fault in report.faults} == expected
    assert {fault.key for fault in report.faults} <= {KEY}


def test_a_lock_shorter_than_the_receipt_says_is_named_even_where_less_would_do(tmp_path):
    store = SaysOfLocks(tmp_path)
    receipt = DirectoryStore(tmp_path).put(KEY, CONTENT)
    receipt = receipt.model_copy(update={"lock_mode": "COMPLIANCE", "retain_until": UNTIL})
    store.says = Holding(size_bytes=len(CONTENT), lock_mode="COMPLIANCE", retain_until=UNTIL - timedelta(days=1))
    deposit = Deposit(receipt, UNTIL - timedelta(days=9), held=False)
    [fault] = sweep(store, deposits=[deposit], named=(), due=lambda _: False, day=DAY).faults
    assert (fault.damage, fault.expected) == (Damage.LOCK_SHORTENED, f"COMPLIANCE until {UNTIL}")
