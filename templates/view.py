"""What a template sees of the data: read-only values, written as the template's language writes them.

A model becomes a :class:`Record` with its fields and properties, a fact a :class:`Datum` that knows whether anybody
has confirmed it, a tuple a list. Nothing else of the data can be reached from a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from pydantic import BaseModel

from schemas.errors import TemplateFault
from schemas.fact import Fact, open_facts
from schemas.place import country_name

OPEN, BETWEEN, CLOSE = "\ue000", "\ue001", "\ue002"
"""Around an open fact and its status while XML is made; private use (Unicode 23.5), so never part of data."""
UNKNOWN = "not yet known"
"""What stands where a fact is blank."""


class Record:
    """A model, by field and property names only."""

    __slots__ = ("_model", "_style")

    def __init__(self, model: BaseModel, style: Style) -> None:
        self._model = model
        self._style = style

    def __getattr__(self, name: str) -> object:
        model = type(self._model)
        if name in model.model_fields or (
            not name.startswith("_") and isinstance(getattr(model, name, None), property)
        ):
            return self._style.view(getattr(self._model, name))
        raise AttributeError(name)


@dataclass(frozen=True, slots=True)
class Datum:
    """A value as it is printed; an open fact carries its status with it."""

    value: object
    text: str
    style: Style
    status: str | None = None

    def __str__(self) -> str:
        return self.text if self.status is None else f"{OPEN}{self.text}{BETWEEN}{self.status}{CLOSE}"

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> object:
        if isinstance(self.value, BaseModel) and not name.startswith("_"):
            return self.carry(getattr(Record(self.value, self.style), name))
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Datum) else other)

    def __hash__(self) -> int:
        return hash((self.text, self.status))

    def carry(self, part: object) -> object:
        """Return a value made of this one; it is as open as this one."""
        if self.status is None or part is None or isinstance(part, list | Record):
            return part
        text = part.text if isinstance(part, Datum) else self.style.written(part)
        value = part.value if isinstance(part, Datum) else part
        return Datum(value, text, self.style, self.status)


@dataclass(frozen=True, slots=True)
class OpenFact:
    """A row of the list of open facts: where it stands, what is assumed, why, and who can confirm it."""

    path: str
    text: str
    status: str
    source: str | None
    owner: str | None
    claims: str | None


@dataclass(frozen=True, slots=True)
class Style:
    """How values are written: Babel's conventions of one locale."""

    locale: Locale

    def view(self, value: object) -> object:
        """Return what a template sees of ``value``."""
        if isinstance(value, Fact):
            status = str(value.status) if value.is_open else None
            if value.value is None:
                return Datum(None, UNKNOWN, self, status)
            return Datum(value.value, self.written(value.value), self, status)
        if isinstance(value, BaseModel):
            return Record(value, self)
        if isinstance(value, list | tuple):
            return [self.view(item) for item in value]
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, str) and not isinstance(value, Enum):
            return self.written(value)
        return Datum(value, self.written(value), self)

    def written(self, value: object) -> str:
        """Return ``value`` as text: ``27 April 2021``, ``1,234.50``; a model as its values, by commas."""
        if isinstance(value, str | Enum):
            text = str(value)
            for mark in (OPEN, BETWEEN, CLOSE):
                if mark in text:
                    raise TemplateFault("the data holds a private character", got=f"U+{ord(mark):04X} in {text!r}")
            return text
        if isinstance(value, date):
            return format_date(value, "d MMMM yyyy", self.locale)
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return format_decimal(value, locale=self.locale)
        if isinstance(value, BaseModel):
            parts = (getattr(value, name) for name in type(value).model_fields)
            return ", ".join(self.written(part) for part in parts if part is not None)
        return str(value)

    def money(self, budget: object) -> object:
        """Return a budget as ``EUR 222,202.62``: exact, with its ISO 4217 code, unbroken at the end of a line."""
        model = budget.value if isinstance(budget, Datum) else budget
        amount, currency = getattr(model, "amount", None), getattr(model, "currency", None)
        if isinstance(amount, Decimal) and isinstance(currency, str):
            text = format_currency(amount, currency, "\u00a4\u00a4\u00a0#,##0.00", locale=self.locale)
            return _carried(budget, text, self)
        return budget

    def day(self, value: object) -> object:
        """Return ``2020-09`` as ``September 2020`` and ``2020-09-01`` as ``1 September 2020``."""
        text = str(value.value) if isinstance(value, Datum) else str(value)
        if len(text) == len("2020-09"):
            return _carried(value, format_date(date.fromisoformat(f"{text}-01"), "MMMM yyyy", self.locale), self)
        if len(text) == len("2020-09-01"):
            return _carried(value, format_date(date.fromisoformat(text), "d MMMM yyyy", self.locale), self)
        return value

    def country(self, code: object) -> object:
        """Return the English name of an ISO 3166 code: ``Czechia``, ``California``."""
        value = code.value if isinstance(code, Datum) else code
        return code if value is None else _carried(code, country_name(str(value)), self)

    def language(self, code: object) -> str:
        """Return the name of an ISO 639-1 language in the document's own: ``English``."""
        return Locale.parse(str(code)).get_display_name(self.locale) or str(code)

    def open_facts(self, document: BaseModel) -> list[OpenFact]:
        """Return every open fact of ``document`` in the order of its fields."""
        return [
            OpenFact(
                path=path,
                text=UNKNOWN if fact.value is None else self.written(fact.value),
                status=str(fact.status),
                source=fact.source,
                owner=fact.owner,
                claims="; ".join(f"{claim.source}: {claim.value}" for claim in fact.claims) or None,
            )
            for path, fact in open_facts(document)
        ]


def _carried(source: object, text: str, style: Style) -> Datum:
    status = source.status if isinstance(source, Datum) else None
    return Datum(source.value if isinstance(source, Datum) else source, text, style, status)
