"""The filters of a template: how a value is written in the language of the text it stands in."""

from __future__ import annotations

import functools
import gettext
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_skeleton
from babel.lists import format_list
from babel.numbers import format_currency
from jinja2 import pass_context
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context

from schemas.place import country_name
from templates.view import Datum, Record, Style, Text, day_text
from templates.words import word

QUOTES = {"en": "\u201c\u201d", "es": "\u00ab\u00bb", "it": "\u00ab\u00bb", "pt": "\u00ab\u00bb"}
"""Quotation marks by language."""
MONEY = {"en": "\u00a4\u00a4\u00a0#,##0.00"}
"""Where the currency stands before the amount; elsewhere it stands behind."""
HEADING_OF = "heading of a clause"
"""Under this name, which no tag can write, a context holds what gives the heading of a clause in a language."""


def filters_of(style: Style) -> dict[str, Callable[..., object]]:
    """Return the filters of a text in ``style`` by name; a value that carries a style of its own is written in that."""

    def styled(act: Callable[[object, Style], object]) -> Callable[[object], object]:
        return lambda value: act(value, getattr(value, "style", style))

    return {
        "money": styled(_money),
        "number": styled(_number),
        "days": styled(_days),
        "day": styled(_day),
        "country": styled(_country),
        "language": styled(_language),
        "word": styled(_word),
        "listed": lambda values: _listed(values, _style_of(values, style)),
        "headings": pass_context(lambda context, names: _headings(names, _style_of(names, style), context)),
        "capital": _capital,
        "by_id": _by_id,
        "plain": _plain,
    }


def _money(budget: object, style: Style) -> object:
    """Return a sum as ``EUR 222,202.62``: exact, with its ISO 4217 code, unbroken at the end of a line."""
    model = budget.value if isinstance(budget, Datum) else budget
    amount, currency = getattr(model, "amount", None), getattr(model, "currency", None)
    if isinstance(amount, Datum):
        amount = amount.value
    if isinstance(amount, Decimal) and isinstance(currency, str):
        pattern = MONEY.get(style.language, "#,##0.00\u00a0\u00a4\u00a4")
        return _carried(budget, format_currency(amount, str(currency), pattern, locale=style.locale), style)
    return budget


def _number(value: object, style: Style) -> object:
    """Return a number with the separators of the language: ``1,234``."""
    number = value.value if isinstance(value, Datum) else value
    return _carried(value, style.written(number), style) if isinstance(number, int | Decimal) else value


def _days(value: object, style: Style) -> object:
    """Return a period: ``30 calendar days``, ``1 calendar day``."""
    number = value.value if isinstance(value, Datum) else value
    if not isinstance(number, int):
        return value
    unit = word("calendar day" if number == 1 else "calendar days", style.language)
    return _carried(value, f"{style.written(number)} {unit}", style)


def _day(value: object, style: Style) -> object:
    """Return ``2020-09`` as ``September 2020`` and ``2020-09-01`` as ``1 September 2020``."""
    text = str(value.value) if isinstance(value, Datum) else str(value)
    if len(text) == len("2020-09"):
        return _carried(value, _month_text(text, style.locale), style)
    if len(text) == len("2020-09-01"):
        return _carried(value, day_text(date.fromisoformat(text), style.locale), style)
    return value


@functools.lru_cache(maxsize=4096)
def _month_text(month: str, locale: Locale) -> str:
    return format_skeleton("yMMMM", date.fromisoformat(f"{month}-01"), locale=locale)


def _country(code: object, style: Style) -> object:
    """Return the name of an ISO 3166 code: ``Czechia``, ``California``."""
    value = code.value if isinstance(code, Datum) else code
    return code if value is None else _carried(code, _place_name(str(value), style.locale), style)


@functools.lru_cache(maxsize=1024)
def _place_name(code: str, locale: Locale) -> str:
    english = country_name(code)
    if "-" not in code:
        return locale.territories.get(code, english)
    if locale.language == "en":
        return english
    import pycountry  # noqa: PLC0415  # reads its tables on import

    return gettext.translation("iso3166-2", pycountry.LOCALES_DIR, languages=[locale.language], fallback=True).gettext(
        english
    )


def _language(code: object, style: Style) -> str:
    """Return the name of an ISO 639-1 language in the language of the text: ``English``."""
    return Locale.parse(str(code)).get_display_name(style.locale) or str(code)


def _word(value: object, style: Style) -> object:
    """Return an enumerated value in the language of the text."""
    if isinstance(value, Datum):
        return value if value.value is None else _carried(value, word(str(value.value), style.language), style)
    return word(str(value), style.language)


def _listed(values: list[object], style: Style) -> str:
    """Join as the language does: commas and a final ``and``."""
    if any(isinstance(value, list | tuple | Record) for value in values):
        raise UndefinedError("a list of lists or records: name the field that is listed")
    return format_list([str(value) for value in values], locale=style.locale)


def _headings(names: list[object], style: Style, context: Context) -> str:
    """Name clauses by the headings they have in this document, in quotation marks."""
    first, last = QUOTES.get(style.language, QUOTES["en"])
    heading_of = context[HEADING_OF]
    return _listed([f"{first}{heading_of(str(name), style.language)}{last}" for name in names], style)


def _capital(value: object) -> object:
    """Begin with a capital letter."""
    if isinstance(value, Datum):
        return Datum(value.value, f"{value.text[:1].upper()}{value.text[1:]}", value.style, value.status)
    text = str(value)
    return text[:1].upper() + text[1:]


def _plain(value: object) -> object:
    """Leave out the mark of an open fact: for places that hold text only, such as the description of a picture."""
    return value.text if isinstance(value, Datum) else value


def _by_id(records: list[Record], identifier: object) -> Record:
    """Return the record with this ``id``."""
    for record in records:
        if record.id == identifier:
            return record
    raise UndefinedError(f"nothing has the id {str(identifier)!r}")


def _style_of(values: list[object], style: Style) -> Style:
    return next((value.style for value in values if isinstance(value, Datum | Text)), style)


def _carried(source: object, text: str, style: Style) -> Datum:
    status = source.status if isinstance(source, Datum) else None
    return Datum(source.value if isinstance(source, Datum) else source, text, style, status)
