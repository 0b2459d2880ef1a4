from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from schemas.agreement import Project
from schemas.period import Period, at, first_day, last_day, of_project

DAYS = st.dates(date(1900, 1, 1), date(2090, 1, 1))
MONTHS = st.integers(1, 120)


def project(start, months):
    return Project.model_validate(
        {
            "acronym": "A", "name": "A", "programme": "P", "start": start, "duration_months": months,
            "visibility": "none",
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2020-09", 24, "2022-08"),
        ("2020-12", 1, "2020-12"),
        ("2020-02-03", 24, "2022-02-02"),
        ("2020-09-01", 24, "2022-08-31"),
        ("2021-01-31", 1, "2021-02-28"),
        ("2020-01-31", 1, "2020-02-29"),
        ("9999-12", 2, None),
        ("2020-09", {"status": "blank"}, None),
        ({"status": "blank"}, 24, None),
    ],
)
def test_a_project_ends_when_its_months_are_over(start, months, last) -> None:
    assert of_project(project(start, months)).last == last


@given(DAYS, MONTHS)
def test_the_day_after_the_end_is_the_same_day_of_the_month_or_the_first(start, months) -> None:
    inside = of_project(project(start.isoformat(), months))
    assert inside.first == start.isoformat()
    assert inside.last is not None
    after = date.fromisoformat(inside.last) + timedelta(days=1)
    assert after.day in {start.day, 1}
    assert (after.year - start.year) * 12 + after.month - start.month in {months, months + 1}


@given(DAYS, MONTHS)
def test_a_month_and_its_first_day_end_alike(start, months) -> None:
    month = start.isoformat()[:7]
    by_month, by_day = of_project(project(month, months)), of_project(project(f"{month}-01", months))
    assert by_month.last is not None
    assert by_day.last is not None
    assert last_day(by_month.last) == last_day(by_day.last)
    assert by_month == Period(month, by_day.last[:7])


@given(DAYS)
def test_a_month_has_its_first_and_its_last_day(day) -> None:
    month = day.isoformat()[:7]
    assert first_day(month).day == 1
    assert (last_day(month) + timedelta(days=1)).day == 1
    assert first_day(month) <= day <= last_day(month)
    assert first_day(day.isoformat()) == last_day(day.isoformat()) == day


def test_days_are_told_on_and_months_in() -> None:
    assert (at("2022-10"), at("2022-10-01")) == ("in October 2022", "on 1 October 2022")
