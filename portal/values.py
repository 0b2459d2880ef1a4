"""Values of a document's data as the visitor's language writes them: countries by name, days and amounts in its way."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from babel.dates import format_date
from babel.numbers import format_decimal
from pydantic import BaseModel

from portal.form_view import Shown, country_names
from portal.language import Language
from schemas.fact import Fact
from schemas.fields import Kind, Known, Leaf, Part, Rows, parts_of
from schemas.place import country_name

PLACES = (Kind.COUNTRY, Kind.MARKET)
WIDGETS = {"country": Kind.COUNTRY, "market": Kind.MARKET, "date": Kind.DAY, "decimal": Kind.AMOUNT}
"""What a field holds, by how the form shows it."""


def said(language: Language, part: Part | None, value: object) -> str:
    """Return a value of a model, whose field is ``part``, in words; empty for none."""
    part = part.value if isinstance(part, Known) else part
    match value:
        case None:
            return ""
        case Fact():
            return said(language, part, value.value)
        case bool():
            return language.say("Yes") if value else language.say("No")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case date():
            return format_date(value, format="long", locale=language.locale)
        case Decimal():
            return _number(language, value)
        case tuple() | frozenset():
            item = part.item if isinstance(part, Rows) else None
            return ", ".join(said(language, item, one) for one in value)
        case BaseModel() if type(value).__str__ is BaseModel.__str__:
            below = (said(language, one, getattr(value, one.name)) for one in parts_of(type(value)))
            return ", ".join(text for text in below if text)
    return written(language, part.kind, str(value)) if isinstance(part, Leaf) else str(value)


def written(language: Language, kind: Kind, text: str) -> str:
    """Return what a form holds of a value of this kind; what is none of it stays as it was typed."""
    try:
        if kind in PLACES:
            return dict(country_names(language.code)).get(text) or _region(text)
        if kind is Kind.DAY:
            return format_date(date.fromisoformat(text), format="long", locale=language.locale)
        if kind is Kind.AMOUNT:
            return _number(language, Decimal(text))
    except (ValueError, InvalidOperation):
        pass
    return text


def told_value(language: Language, field: Shown) -> str:
    """Return what a form holds in a field, to be read."""
    kind = WIDGETS.get(field.widget) or WIDGETS.get(field.type)
    return written(language, kind, field.value) if kind else field.value


def _region(code: str) -> str:
    country, _, region = code.partition("-")
    try:
        return country_name(code) if country and region else code
    except (AttributeError, LookupError):
        return code


def _number(language: Language, number: Decimal) -> str:
    """Return a number with as many places as it was given with."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        return str(number)
    places = max(-exponent, 0)
    return format_decimal(number, format="#,##0" + (f".{'0' * places}" if places else ""), locale=language.locale)
