"""Text, dates and numbers as people write them, held strictly."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

BIDI_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder the text around them (Unicode Annex 9): they can make a name read as another."""


class Model(BaseModel):
    """Base of everything a manager writes: frozen, no unknown fields, attribute docstrings as descriptions."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def model_json_schema(cls, *arguments: Any, **keywords: Any) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12), its definitions named by their titles."""
        schema = super().model_json_schema(*arguments, **keywords)
        names = {key: part.get("title", key) for key, part in schema.get("$defs", {}).items()}
        return _renamed(schema, names)


def _renamed(schema: Any, names: dict[str, str]) -> Any:
    if isinstance(schema, list):
        return [_renamed(part, names) for part in schema]
    if not isinstance(schema, dict):
        return schema
    renamed = {key: _renamed(part, names) for key, part in schema.items()}
    if "$defs" in schema:
        renamed["$defs"] = {names[key]: part for key, part in renamed["$defs"].items()}
    if "$ref" in schema:
        prefix, _, key = schema["$ref"].rpartition("/")
        renamed["$ref"] = f"{prefix}/{names[key]}"
    return renamed


def fault(message: str, *, expected: str | None = None, proposal: str | None = None) -> PydanticCustomError:
    """Return the exception a field validator raises so that the loader can tell expectation and proposal apart."""
    context: dict[str, Any] = {"expected": expected, "proposal": proposal}
    return PydanticCustomError("convenio", "{message}", {"message": message, **context})


INVISIBLE = frozenset("\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff")
"""Characters nobody sees: two names that differ in them look the same."""


def printable(text: str) -> str:
    """Return ``text`` in Unicode NFC without outer spaces; refuse what a page cannot show or would show reordered."""
    text = unicodedata.normalize("NFC", text.strip())
    for position, character in enumerate(text, start=1):
        if problem := _unprintable(character):
            message, expected = problem
            raise fault(f"U+{ord(character):04X} at character {position} {message}", expected=expected)
    return text


def _unprintable(character: str) -> tuple[str, str] | None:
    if character in "\n\r\u2028\u2029":
        return "is a line break", "one paragraph on one line; in YAML, >- folds lines into one"
    if character in BIDI_CONTROLS:
        return "reorders the text around it", "text without directional control characters"
    if character in INVISIBLE or "\U000e0000" <= character <= "\U000e007f":
        return "cannot be seen", "text without invisible characters"
    if character == "\ufffd":
        return "stands where a letter was lost", "the letter itself"
    if unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"}:
        return "cannot be printed", "printable text"
    return None


def _if_text(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


Printable = BeforeValidator(_if_text)
"""Before lengths are counted, because normalisation changes them."""

LEFTOVER = re.compile(
    r"\[\s*(?:(?:(?:insert|enter|fill|tb[acd]|to be \w+|to follow|name|date|address|amount|number"
    r"|insertar|rellenar|completar|por definir|por determinar|a definir|a determinar|nombre|fecha|importe"
    r"|inserire|compilare|completare|da \w+|nome|indirizzo|importo|inserir|preencher|por preencher)\b|x{2,})[^\]]*"
    r"|[\s._\u2026\u2022\u25cf-]*)\]|_{4,}|\.{6,}|\u2026{2,}",
    re.IGNORECASE,
)


def finished(text: str) -> str:
    """Return ``text`` unless it holds a leftover such as ``[insert]``."""
    if found := LEFTOVER.search(text):
        raise fault(
            f"{found.group()!r} at character {found.start() + 1} is a leftover",
            expected="the text itself, or a fact with status blank",
        )
    return text


Name = Annotated[str, "Name", Field(min_length=1, max_length=200), Printable, AfterValidator(finished)]
"""A name or a heading in its own script: at most 200 characters on one line."""

Paragraph = Annotated[str, "Paragraph", Field(min_length=1, max_length=4000), Printable, AfterValidator(finished)]
"""One paragraph of running text: at most 4,000 characters."""

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", examples=["gssc"])]
"""A short id used inside one document: lower-case letters, digits, hyphens."""

Email = Annotated[
    str,
    "Email",
    Field(pattern=r"^[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+$", max_length=254, examples=["secretariat@example.org"]),
    Printable,
]
"""An e-mail address (shape only)."""

Count = Annotated[int, Strict(), Field(ge=0, le=1_000_000_000)]
"""A whole number of things; never read from text or from true and false."""

Flag = Annotated[bool, Strict()]
"""``true`` or ``false``, never a word that may mean one of them."""

ISO_DAY = "a date as YYYY-MM-DD"
ISO_MONTH = "YYYY-MM or YYYY-MM-DD"


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _refuse_named_month(text: str, expected: str) -> None:
    """Say which readings ``October 21``, ``21 October`` or ``27 April 2021`` have."""
    names = "|".join(MONTHS)
    if match := re.fullmatch(rf"({names})\.? ([0-9]{{1,2}})", text, re.IGNORECASE):
        month, number = match.group(1).capitalize(), int(match.group(2))
        raise fault(f"{number} {month}, or {month} {2000 + number}?", expected=expected)
    if match := re.fullmatch(rf"([0-9]{{1,2}})\.? ({names})", text, re.IGNORECASE):
        raise fault(f"{match.group(1)} {match.group(2).capitalize()} of which year?", expected=expected)
    forms = (
        rf"(?P<d>[0-9]{{1,2}})\.? (?P<m>{names}),? (?P<y>[0-9]{{4}})",
        rf"(?P<m>{names}) (?P<d>[0-9]{{1,2}}),? (?P<y>[0-9]{{4}})",
    )
    for form in forms:
        if match := re.fullmatch(form, text, re.IGNORECASE):
            month = MONTHS.index(match["m"].lower()) + 1
            raise fault("not an ISO date", expected=expected, proposal=_day(int(match["y"]), month, int(match["d"])))


def _read_date(value: object) -> object:
    """Accept ISO dates only; say which two readings an ambiguous date has."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise fault("not a date", expected=ISO_DAY)
    text = value.strip()
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise fault("no calendar has this day", expected=ISO_DAY) from None
    _refuse_named_month(text, ISO_DAY)
    if match := re.fullmatch(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})", text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if match[2] == "/" and first != second and _day(year, second, first) and _day(year, first, second):
            raise fault("day or month first?", expected=ISO_DAY)
        proposal = _day(year, second, first) or (_day(year, first, second) if match[2] == "/" else None)
        raise fault("not an ISO date", expected=ISO_DAY, proposal=proposal)
    raise fault("not a date", expected=ISO_DAY)


LegalDate = Annotated[date, "Date", BeforeValidator(_read_date), Field(examples=["2021-04-27"])]
"""A calendar day as the law knows it: ISO 8601 ``YYYY-MM-DD``, no time, no zone."""


def _read_month(value: str) -> str:
    text = value.strip()
    if re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text) and text >= "0001":
        return text
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        if _day(*(int(part) for part in text.split("-"))) is None:
            raise fault("no calendar has this day", expected=ISO_MONTH)
        return text
    _refuse_named_month(text, ISO_MONTH)
    match = re.fullmatch(r"([A-Za-z]+) ([0-9]{4})", text)
    if match and (name := match.group(1).lower()) in MONTHS:
        proposal = f"{match.group(2)}-{MONTHS.index(name) + 1:02d}"
        raise fault("not an ISO month", expected=ISO_MONTH, proposal=proposal)
    raise fault("not a month or a day", expected=ISO_MONTH)


MonthOrDay = Annotated[str, "MonthOrDay", AfterValidator(_read_month), Field(examples=["2020-09", "2020-09-01"])]
"""``YYYY-MM`` where the day is unknown, else ``YYYY-MM-DD``."""

PLAIN_AMOUNT = "a decimal number such as 222202.62"
CENT = Decimal("0.01")


def _read_amount(value: object) -> object:
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if not isinstance(value, str):
        raise fault("not an amount", expected=PLAIN_AMOUNT)
    text = value.strip()
    if re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2})?", text):
        return text
    if (reading := read_european_amount(text)) is None:
        raise fault("not an amount", expected=PLAIN_AMOUNT)
    raise fault(
        f"read as EUR {reading:,.2f}; total or contribution?"
        if "€" in text or "EUR" in text
        else f"read as {reading:,.2f}?",
        expected="a decimal number with a point, and the currency and kind in their own fields",
        proposal=f"{reading:.2f}",
    )


def read_european_amount(text: str) -> Decimal | None:
    """Return the one sensible reading of an amount like ``222.202, 62€``, or ``None``; never used without asking.

    One or two digits after the last point or comma are cents; three are thousands, and then every group has three.
    """
    digits = re.sub(r"[\s€]|EUR", "", text)
    match = re.fullmatch(r"([0-9]{1,3}(?:([.,])[0-9]{3}(?:\2[0-9]{3})*)?|[0-9]+)(?:(?!\2)[.,]([0-9]{1,2}))?", digits)
    if match is None or len(digits) > 18:
        return None
    return Decimal(re.sub(r"[.,]", "", match[1]) + "." + (match[3] or "0"))


Amount = Annotated[
    Decimal,
    Field(ge=0, max_digits=15, decimal_places=2),
    BeforeValidator(_read_amount),
    AfterValidator(lambda amount: abs(amount.quantize(CENT))),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,2})?$", "examples": ["222202.62"]}),
]
"""A sum of money: exact decimal, two places, never a binary float."""
