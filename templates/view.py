"""What a template sees of the data: read-only values, written as the text's language writes them.

A model becomes a :class:`Record` with its fields and properties, a fact a :class:`Datum` that knows whether anybody
has confirmed it, a tuple a list. Nothing else of the data can be reached from a template. Where a document has two
languages, each value carries the style of its own side.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, get_args

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from pydantic import BaseModel

from schemas.errors import TemplateFault
from schemas.fact import Fact
from schemas.prose import Prose
from templates.words import word

OPEN, BETWEEN, CLOSE = "\ue000", "\ue001", "\ue002"
"""Around an open fact and its status while XML is made; private use (Unicode 23.5), so never part of data."""
PARAGRAPH, LEAD, TEXT = "\ue003", "\ue004", "\ue005"
"""Before a paragraph of a clause, its lead and its text while the clause is written."""
PRIVATE = re.compile(f"[{OPEN}-{TEXT}]")
UNKNOWN = "not yet known"
"""What stands where a fact is blank."""


class View:
    """What a template may look into: each public attribute is one it may use."""

    __slots__ = ()


class Record(View):
    """A model, by field and property names only."""

    def __init__(self, model: BaseModel, style: Style) -> None:
        self._model = model
        self._style = style

    def __getattr__(self, name: str) -> object:
        # Asked only for what is not in the instance yet.
        if name.startswith("_") or not is_usable(type(self._model), name):
            raise AttributeError(name)
        self.__dict__[name] = value = self._style.view(getattr(self._model, name))
        return value


class Text(str):
    """A text of the data, and the style it is written in."""

    __slots__ = ("style",)
    style: Style


class Datum(View):
    """A value as it is printed; an open fact carries its status with it."""

    __slots__ = ("status", "style", "text", "value")

    def __init__(self, value: object, text: str, style: Style, status: str | None = None) -> None:
        self.value = value
        self.text = text
        self.style = style
        self.status = status

    def __str__(self) -> str:
        if self.status is None:
            return self.text
        return f"{OPEN}{self.text}{BETWEEN}{word(self.status, self.style.locale.language)}{CLOSE}"

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


class OpenFact(NamedTuple):
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
    beside_another: bool = False
    """Whether the text stands beside one in another language, so that each value has to know its own style."""

    @classmethod
    def of(cls, name: str, *, beside_another: bool = False) -> Style:
        """Return the style of a locale named as BCP 47 does: ``en-GB``."""
        return cls(Locale.parse(name, sep="-"), beside_another)

    @property
    def language(self) -> str:
        """ISO 639-1."""
        return self.locale.language

    def view(self, value: object) -> object:
        """Return what a template sees of ``value``."""
        kind = type(value)
        return self.text(value) if kind is str else _seen_as(kind)(self, value)

    def fact(self, fact: Fact[Any]) -> Datum:
        """Return a fact as it is printed; an open one with its status."""
        status = str(fact.status) if fact.is_open else None
        if fact.value is None:
            return Datum(None, word(UNKNOWN, self.language), self, status)
        return Datum(fact.value, self.written(fact.value), self, status)

    def text(self, value: str) -> str:
        """Return a text as it is printed; where there are two styles, one that knows this one."""
        if not value.isascii():
            _check_marks(value)
        if not self.beside_another:
            return value
        text = Text(value)
        text.style = self
        return text

    def written(self, value: object) -> str:
        """Return ``value`` as text: ``27 April 2021``, ``1,234.50``; a model as its values, by commas."""
        return _written_as(type(value))(self, value)

    def open_facts(self, document: BaseModel) -> list[OpenFact]:
        """Return every open fact of ``document`` in the order of its fields."""
        return [
            OpenFact(
                path=path,
                text=word(UNKNOWN, self.language) if fact.value is None else self.written(fact.value),
                status=word(str(fact.status), self.language),
                source=fact.source,
                owner=fact.owner,
                claims="; ".join(f"{claim.source}: {claim.value}" for claim in fact.claims) or None,
            )
            for path, fact in _open_facts(document, "", [])
        ]


def _open_facts(value: Any, path: str, found: list[tuple[str, Fact[Any]]]) -> list[tuple[str, Fact[Any]]]:
    """Return what ``schemas.fact.open_facts`` does, in a fraction of its time: types are looked at once."""
    kind = type(value)
    if (names := _parts_of(kind)) is not None:
        for name in names:
            if (part := getattr(value, name)) is not None and part != ():
                _open_facts(part, f"{path}.{name}" if path else name, found)
    elif kind is tuple:
        for index, item in enumerate(value):
            _open_facts(item, f"{path}[{index}]", found)
    elif issubclass(kind, Fact) and value.is_open:
        found.append((path, value))
    return found


@functools.cache
def _parts_of(kind: type) -> tuple[str, ...] | None:
    """Return the fields of a model that may hold facts; ``None`` for what is no model, and for a fact."""
    if not issubclass(kind, BaseModel) or issubclass(kind, Fact):
        return None
    return tuple(name for name, field in kind.model_fields.items() if _may_hold_facts(field.annotation))


def _may_hold_facts(annotation: Any) -> bool:
    if isinstance(annotation, type) and not get_args(annotation):
        return issubclass(annotation, BaseModel) and not issubclass(annotation, Prose)
    return any(map(_may_hold_facts, get_args(annotation)))


@functools.cache
def _seen_as(kind: type) -> Callable[[Style, Any], object]:
    """Return how values of a type are seen; asked once for each type, as a class check of pydantic's is slow."""
    if kind is type(None) or issubclass(kind, int):
        return lambda _, value: value
    if issubclass(kind, Fact):
        return Style.fact
    if issubclass(kind, Prose):
        return lambda style, value: style.text(value.in_language(style.language))
    if issubclass(kind, BaseModel):
        return lambda style, value: Record(value, style)
    if issubclass(kind, list | tuple):
        return lambda style, value: [style.view(item) for item in value]
    if issubclass(kind, set | frozenset):
        return lambda style, value: [style.view(item) for item in sorted(value, key=str)]
    if issubclass(kind, str) and not issubclass(kind, Enum):
        return Style.text
    return lambda style, value: Datum(value, style.written(value), style)


@functools.cache
def _written_as(kind: type) -> Callable[[Style, Any], str]:
    if issubclass(kind, Prose):
        return lambda style, value: _without_marks(value.in_language(style.language))
    if issubclass(kind, str | Enum):
        return lambda _, value: _without_marks(str(value))
    if issubclass(kind, date):
        return lambda style, value: day_text(value, style.locale)
    if issubclass(kind, Decimal | int) and not issubclass(kind, bool):
        return lambda style, value: _number(value, style.locale)
    if issubclass(kind, BaseModel):
        return lambda style, value: ", ".join(
            style.written(part) for name in kind.model_fields if (part := getattr(value, name)) is not None
        )
    return lambda _, value: str(value)


@functools.lru_cache(maxsize=4096)
def day_text(day: date, locale: Locale) -> str:
    """Return ``27 April 2021`` in the language of ``locale``."""
    return format_date(day, "long", locale)


@functools.lru_cache(maxsize=4096)
def _number(value: Decimal | int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def _without_marks(text: str) -> str:
    if not text.isascii():
        _check_marks(text)
    return text


def _check_marks(text: str) -> None:
    if (mark := PRIVATE.search(text)) is not None:
        raise TemplateFault("the data holds a private character", got=f"U+{ord(mark.group()):04X} in {text!r}")


@functools.cache
def is_usable(model: type[BaseModel], name: str) -> bool:
    """Whether a template may use ``name`` of a model: a field, or a public property."""
    return name in model.model_fields or (not name.startswith("_") and isinstance(getattr(model, name, None), property))


@functools.cache
def usable_names(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the fields and public properties of a model, fields first; pydantic's own are left out."""
    properties = (
        name
        for base in reversed(model.__mro__)
        if issubclass(base, BaseModel) and base is not BaseModel
        for name, member in vars(base).items()
        if isinstance(member, property) and not name.startswith("_")
    )
    return tuple(dict.fromkeys((*model.model_fields, *properties)))
