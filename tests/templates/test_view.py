from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from schemas.agreement import Budget
from schemas.clause import Subject
from schemas.errors import TemplateFault
from schemas.fact import Fact, open_facts
from schemas.prose import Prose
from schemas.text import LegalDate, Model, Name
from templates.view import Datum, Record, Style, Text, usable_names

ENGLISH, SPANISH = Style.of("en-GB"), Style.of("es-ES", beside_another=True)
ASSUMED = {"status": "assumed", "source": "page"}


class Inner(Model):
    name: Fact[Name]
    budget: Fact[Budget] | None = None


class Sample(Model):
    title: Prose = Prose.model_validate({"en": "One", "es": "Uno"})
    day: LegalDate | None = None
    inner: tuple[Inner, ...] = ()
    count: int = 1234

    @property
    def subjects(self) -> frozenset[Subject]:
        return frozenset({Subject.PENALTY, Subject.PAYMENT})

    @property
    def _hidden(self) -> int:
        return 1


def test_names_are_fields_and_public_properties():
    assert usable_names(Sample) == ("title", "day", "inner", "count", "subjects")


def test_model_shows_fields_and_public_properties_only():
    record = Record(Sample(), ENGLISH)
    assert record.count == 1234
    assert [str(subject) for subject in record.subjects] == ["payment", "penalty"]
    for name in ("model_fields", "model_dump", "_hidden", "copy", "nothing"):
        with pytest.raises(AttributeError):
            getattr(record, name)


def test_text_stands_in_the_language_of_its_side():
    assert ENGLISH.view(Sample()).title == "One"
    right = SPANISH.view(Sample()).title
    assert (right, isinstance(right, Text), right.style) == ("Uno", True, SPANISH)


def test_dates_and_numbers_are_written_by_the_locale():
    assert str(ENGLISH.view(Sample.model_validate({"day": "2021-04-27"})).day) == "27 April 2021"
    assert str(SPANISH.view(Decimal("1234.5"))) == "1.234,5"
    assert ENGLISH.written(Budget(amount=Decimal(5), kind="total")) == "5, EUR, total"


def test_part_of_an_open_fact_is_open():
    value = {"value": {"amount": "5", "kind": "total"}, **ASSUMED}
    (inner,) = ENGLISH.view(Sample.model_validate({"inner": [{"name": "A", "budget": value}]})).inner
    assert isinstance(inner.budget.kind, Datum)
    assert inner.budget.kind.status == "assumed"
    assert inner.name.status is None


@given(st.lists(st.sampled_from([{"value": "A"}, {"value": "B", **ASSUMED}, {"status": "blank"}])))
def test_open_facts_are_those_of_the_schemas(names):
    document = Sample.model_validate({"inner": [{"name": name} for name in names]})
    seen = [(fact.path, fact.status) for fact in ENGLISH.open_facts(document)]
    assert seen == [(path, str(fact.status)) for path, fact in open_facts(document)]


@pytest.mark.parametrize("mark", ["\ue000", "\ue003", "\ue005"])
def test_mark_of_the_renderer_in_the_data_is_refused(mark):
    with pytest.raises(TemplateFault, match="private character") as refusal:
        ENGLISH.view(f"a{mark}b")
    assert f"U+{ord(mark):04X}" in refusal.value.got
