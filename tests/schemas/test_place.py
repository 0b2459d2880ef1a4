from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.place import ADEQUATE, EEA, USUAL_MISTAKES, Country, Market, country_name

COUNTRY = TypeAdapter(Country)


def refusal(code: str) -> dict:
    with pytest.raises(ValidationError) as caught:
        COUNTRY.validate_python(code)
    (error,) = caught.value.errors()
    return error["ctx"]


@pytest.mark.parametrize("code", sorted(ADEQUATE | {"CV", "CL", "VN", "RS", "MX", "CO"}))
def test_iso_codes_are_countries(code) -> None:
    assert COUNTRY.validate_python(code) == code
    assert country_name(code)


@pytest.mark.parametrize(
    ("code", "proposal"),
    [
        ("EL", "GR"),
        ("el", "GR"),
        ("UK", "GB"),
        ("cz", "CZ"),
        ("Czech Republic", "CZ"),
        ("Czechia", "CZ"),
        ("Cape Verde", "CV"),
        ("Vietnam", "VN"),
        ("Slovakai", "SK"),
        ("Atlantis", None),
        ("XX", None),
        ("", None),
        ("US-CA", None),
    ],
)
def test_what_is_no_code_proposes_one_where_it_is_obvious(code, proposal) -> None:
    fault = refusal(code)
    assert fault["proposal"] == proposal
    assert fault["expected"].startswith("ISO 3166-1 alpha-2")


def test_no_usual_mistake_is_itself_a_code() -> None:
    for wrong, right in USUAL_MISTAKES.items():
        assert COUNTRY.validate_python(right) == right
        assert refusal(wrong)["proposal"] == right


def test_adequacy_does_not_reach_the_target_countries() -> None:
    assert len(EEA) == 30
    assert not ADEQUATE & {"RS", "CV", "CL", "VN", "MX", "CO", "US"}


@pytest.mark.parametrize(
    ("code", "country", "name"), [("US-CA", "US", "California"), ("CV", "CV", "Cabo Verde"), ("VN", "VN", "Vietnam")]
)
def test_a_market_lies_in_a_country_and_has_a_name(code, country, name) -> None:
    assert Market(code=code).country == country
    assert country_name(code) == name
