from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from schemas.retention import YEARS, YEARS_OF_SMALL_GRANTS, end_of_day, last_day, locked_through

DAYS = st.dates(date(2000, 1, 1), date(2190, 12, 31))


@pytest.mark.parametrize(
    ("paid_on", "small_grant", "until"),
    [
        (date(2026, 3, 2), False, date(2031, 3, 2)),
        (date(2026, 3, 2), True, date(2029, 3, 2)),
        (date(2028, 2, 29), False, date(2033, 2, 28)),
        (date(2026, 12, 31), False, date(2031, 12, 31)),
    ],
)
def test_retention_ends_on_the_day_of_the_same_date(paid_on, small_grant, until):
    assert last_day(paid_on, small_grant=small_grant) == until


@given(DAYS, st.booleans())
def test_retention_is_never_shorter_than_its_years(paid_on, small_grant):
    years = YEARS_OF_SMALL_GRANTS if small_grant else YEARS
    days = (last_day(paid_on, small_grant=small_grant) - paid_on).days
    assert 365 * years <= days <= 365 * years + 2


@given(DAYS)
def test_a_lock_without_a_known_end_always_has_a_year_left_and_only_moves_on(today):
    through = locked_through(None, today)
    assert 365 <= (through - today).days <= 731
    assert through >= locked_through(None, date.fromordinal(today.toordinal() - 1))


@given(DAYS, DAYS)
def test_a_lock_reaches_exactly_the_end_that_is_known(until, today):
    assert locked_through(until, today) == until


def test_a_day_ends_at_midnight_where_the_house_is():
    assert end_of_day(date(2031, 7, 1), ZoneInfo("Europe/Prague")) == datetime(2031, 7, 1, 22, tzinfo=UTC)
