from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.agreement import Budget
from schemas.fact import Fact
from schemas.text import Model, MonthOrDay, Name
from templates.filters import filters_of
from templates.view import Style

LOCALES = {"en": "en-GB", "es": "es-ES", "it": "it-IT", "pt": "pt-PT"}


def shown(language, name, value, *rest):
    style = Style.of(LOCALES[language])
    return str(filters_of(style)[name](style.view(value), *rest))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "money",
            Budget(amount=Decimal("1222202.62"), kind="total"),
            (
                "EUR\u00a01,222,202.62",
                "1.222.202,62\u00a0EUR",
                "1.222.202,62\u00a0EUR",
                "1\u00a0222\u00a0202,62\u00a0EUR",
            ),
        ),
        ("day", "2021-04-27", ("27 April 2021", "27 de abril de 2021", "27 aprile 2021", "27 de abril de 2021")),
        ("day", "2020-09", ("September 2020", "septiembre de 2020", "settembre 2020", "setembro de 2020")),
        ("country", "CZ", ("Czechia", "Chequia", "Cechia", "Chéquia")),
        ("country", "CV", ("Cape Verde", "Cabo Verde", "Capo Verde", "Cabo Verde")),
        ("country", "US-CA", ("California", "California", "California", "California")),
        ("language", "en", ("English", "inglés", "inglese", "inglês")),
        ("listed", ["a", "b", "c"], ("a, b and c", "a, b y c", "a, b e c", "a, b e c")),
        ("listed", ["a"], ("a", "a", "a", "a")),
        ("listed", [], ("", "", "", "")),
        (
            "days",
            30,
            ("30 calendar days", "30 días naturales", "30 giorni di calendario", "30 dias de calendário"),
        ),
        ("days", 1, ("1 calendar day", "1 día natural", "1 giorno di calendario", "1 dia de calendário")),
        ("word", "power of attorney", ("power of attorney", "poder", "procura", "procuração")),
        ("number", 12345, ("12,345", "12.345", "12.345", "12\u00a0345")),
    ],
)
def test_value_is_written_as_the_language_writes_it(name, value, expected):
    assert tuple(shown(language, name, value) for language in LOCALES) == expected


class Sample(Model):
    start: Fact[MonthOrDay]
    name: Fact[Name] = Fact(value="own behalf")


ASSUMED = {"status": "assumed", "source": "page"}


def test_open_fact_stays_open_through_filters_and_in_its_language():
    style = Style.of("es-ES")
    document = Sample.model_validate(
        {"start": {"value": "2020-09", **ASSUMED}, "name": {"value": "own behalf", **ASSUMED}}
    )
    record = style.view(document)
    day = filters_of(style)["day"](record.start)
    assert (day.text, day.status, str(day)) == (
        "septiembre de 2020", "assumed", "\ue000septiembre de 2020\ue001supuesto\ue002",
    )  # fmt: skip
    assert filters_of(style)["capital"](filters_of(style)["word"](record.name)).text == "En nombre propio"


def test_open_period_stays_open():
    style = Style.of("pt-PT")
    days = Fact[int].model_validate({"value": 45, **ASSUMED})
    assert str(filters_of(style)["days"](style.view(days))) == "\ue00045 dias de calendário\ue001presumido\ue002"
    blank = style.view(Fact[int].model_validate({"status": "blank"}))
    assert filters_of(style)["days"](blank) is blank


def test_blank_fact_says_so_in_its_language():
    record = Style.of("it-IT").view(Sample.model_validate({"start": {"status": "blank"}}))
    assert record.start.text == "non ancora noto"
    assert str(filters_of(Style.of("it-IT"))["day"](record.start)).startswith("\ue000non ancora noto")


def test_value_of_the_other_side_is_written_in_its_own_style():
    left, right = (Style.of(name, beside_another=True) for name in ("en-GB", "es-ES"))
    filters = filters_of(left)
    assert str(filters["country"](right.view("CZ"))) == "Chequia"
    assert filters["listed"](right.view(["a", "b"])) == "a y b"
    assert str(filters["country"](left.view("CZ"))) == "Czechia"
