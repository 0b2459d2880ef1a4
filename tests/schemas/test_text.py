from __future__ import annotations

import datetime
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.text import Amount, Count, Flag, LegalDate, MonthOrDay, Name, printable, read_european_amount

AMOUNT, DATE, MONTH, NAME = (TypeAdapter(kind) for kind in (Amount, LegalDate, MonthOrDay, Name))
CENTS = st.integers(0, 10**13 - 1).map(lambda cents: Decimal(cents) / 100)


def refusal(adapter: TypeAdapter, value: object) -> dict:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    (error,) = caught.value.errors()
    return {"message": error["msg"], **(error.get("ctx") or {})}


@given(CENTS)
def test_an_amount_survives_the_way_to_text_and_back(amount) -> None:
    written = AMOUNT.dump_python(AMOUNT.validate_python(f"{amount:.2f}"))
    assert written == f"{amount:.2f}"
    assert AMOUNT.validate_python(written) == amount


@given(CENTS)
def test_an_amount_written_in_another_way_is_the_same_text(amount) -> None:
    spellings = {f"{amount:.2f}", str(amount), f" {amount:.2f} "}
    assert {AMOUNT.dump_python(AMOUNT.validate_python(text)) for text in spellings} == {f"{amount:.2f}"}


@given(CENTS.filter(lambda amount: amount >= 1000), st.sampled_from(["€", " €", " EUR", ""]))
def test_a_european_amount_is_read_exactly_and_never_used_unasked(amount, currency) -> None:
    european = f"{amount:,.2f}".translate(str.maketrans(",.", ".,")) + currency
    assert read_european_amount(european) == amount
    assert refusal(AMOUNT, european)["proposal"] == f"{amount:.2f}"


@given(CENTS.filter(lambda amount: amount >= 1000))
def test_an_english_amount_is_read_exactly_too(amount) -> None:
    assert read_european_amount(f"{amount:,.2f}") == amount
    assert read_european_amount(f"{amount:,.2f}".replace(",", " ")) == amount


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("222.202, 62€", "222202.62"),
        ("1.234", "1234"),
        ("1,5", "1.5"),
        ("12.345.678", "12345678"),
        ("60000 EUR", "60000"),
        ("1.234,567", None),
        ("1,23,45", None),
        ("12.34.567", None),
        ("1.234.567.89", None),
        ("$500", None),
        ("five", None),
        ("", None),
        ("٣٤٥", None),
        ("9" * 40, None),
    ],
)
def test_one_sensible_reading_or_none(text, reading) -> None:
    assert read_european_amount(text) == (None if reading is None else Decimal(reading))


@pytest.mark.parametrize(
    "value", [1.5, True, None, [1], "1e5", "NaN", "-0.01", "0x10", "٣", "1.005", Decimal("0.001"), Decimal("NaN")]
)
def test_what_is_no_exact_amount_is_refused(value) -> None:
    assert refusal(AMOUNT, value)["message"]


def test_minus_zero_is_zero() -> None:
    assert AMOUNT.dump_python(AMOUNT.validate_python("-0")) == "0.00"


@given(st.dates())
def test_a_day_survives_the_way_to_text_and_back(day) -> None:
    assert DATE.validate_python(day.isoformat()) == day
    assert DATE.validate_python(DATE.dump_python(day, mode="json")) == day


@given(st.dates())
def test_a_dotted_date_is_proposed_day_first(day) -> None:
    assert refusal(DATE, f"{day.day}.{day.month}.{day.year:04d}")["proposal"] == day.isoformat()


@given(st.dates())
def test_a_date_with_slashes_is_asked_about_where_it_has_two_readings(day) -> None:
    fault = refusal(DATE, f"{day.day}/{day.month}/{day.year:04d}")
    if day.day <= 12 and day.day != day.month:
        assert fault["message"] == "day or month first?"
        assert fault["proposal"] is None
    else:
        assert fault["proposal"] == day.isoformat()


@pytest.mark.parametrize(
    ("text", "message", "proposal"),
    [
        ("October 21", "21 October, or October 2021?", None),
        ("21 October", "21 October of which year?", None),
        ("27 April 2021", "not an ISO date", "2021-04-27"),
        ("April 27, 2021", "not an ISO date", "2021-04-27"),
        ("31 April 2021", "not an ISO date", None),
        ("04/27/2021", "not an ISO date", "2021-04-27"),
        ("31.02.2021", "not an ISO date", None),
        ("2021-02-30", "no calendar has this day", None),
        ("2021-4-27", "not a date", None),
        ("\uff12\uff10\uff12\uff11-04-27", "not a date", None),
        ("tomorrow", "not a date", None),
        ("", "not a date", None),
        (datetime.datetime(2021, 4, 27, tzinfo=datetime.UTC), "not a date", None),
        (0, "not a date", None),
    ],
)  # fmt: skip
def test_what_is_no_day_is_explained(text, message, proposal) -> None:
    fault = refusal(DATE, text)
    assert (fault["message"], fault["proposal"]) == (message, proposal)
    assert fault["expected"] == "a date as YYYY-MM-DD"


@given(st.dates())
def test_a_month_or_a_day_stays_as_it_is_written(day) -> None:
    assert MONTH.validate_python(day.isoformat()) == day.isoformat()
    assert MONTH.validate_python(day.isoformat()[:7]) == day.isoformat()[:7]


@pytest.mark.parametrize(
    ("text", "message", "proposal"),
    [
        ("September 2020", "not an ISO month", "2020-09"),
        ("October 21", "21 October, or October 2021?", None),
        ("2020-13", "not a month or a day", None),
        ("2020", "not a month or a day", None),
        ("2021-02-30", "no calendar has this day", None),
        ("Septembre 2020", "not a month or a day", None),
    ],
)
def test_what_is_no_month_is_explained(text, message, proposal) -> None:
    fault = refusal(MONTH, text)
    assert (fault["message"], fault["proposal"]) == (message, proposal)


@given(st.text(max_size=30))
def test_printable_text_is_normal_trimmed_and_stays_so(text) -> None:
    try:
        kept = printable(text)
    except ValueError:
        return
    assert kept == kept.strip()
    assert unicodedata.is_normalized("NFC", kept)
    assert printable(kept) == kept
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} for character in kept)


@given(st.text(min_size=1, max_size=210))
def test_a_name_that_was_accepted_is_accepted_again_unchanged(text) -> None:
    try:
        name = NAME.validate_python(text)
    except ValidationError:
        return
    assert 1 <= len(name) <= 200
    assert NAME.validate_python(name) == name


def test_the_length_of_a_name_is_that_of_its_normal_form() -> None:
    grows = "\u0958" * 101
    assert len(unicodedata.normalize("NFC", grows)) == 202
    with pytest.raises(ValidationError, match="at most 200"):
        NAME.validate_python(grows)
    assert len(NAME.validate_python("c\u030c" * 200)) == 200


@pytest.mark.parametrize("value", ["1", 1.0, True, Decimal(1), None])
def test_a_count_is_a_whole_number_and_nothing_else(value) -> None:
    assert TypeAdapter(Count).validate_python(1) == 1
    with pytest.raises(ValidationError):
        TypeAdapter(Count).validate_python(value)


@pytest.mark.parametrize("value", ["true", "yes", 1, 0, None])
def test_a_flag_is_true_or_false_and_nothing_else(value) -> None:
    assert TypeAdapter(Flag).validate_python(True)  # noqa: FBT003 - the value under test
    with pytest.raises(ValidationError):
        TypeAdapter(Flag).validate_python(value)
