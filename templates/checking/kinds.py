"""What a name of a template stands for: the pydantic types of the data, as a template sees them.

A template sees a fact as its value, a tuple as a list, a prose as the text in the document's language; of a model it
sees the fields and the properties.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

from jinja2 import nodes
from pydantic import BaseModel

from schemas.fact import Fact
from schemas.prose import Prose
from templates.view import usable_names


@dataclass(frozen=True, slots=True)
class Value:
    """What can be printed: ``words`` says what it is; ``choices`` are all it can be, where they are few."""

    words: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class YesNo:
    """True or false: for conditions, never printed."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, to be looped over."""

    item: Shape


@dataclass(frozen=True, slots=True)
class Thing:
    """A record of the data."""

    model: type[BaseModel]


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """A record that is no model: a clause, a loop, what is known of the draft."""

    what: str
    members: Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class Keyed:
    """A table of items by key, such as ``wording``."""

    item: Shape


@dataclass(frozen=True, slots=True, eq=False)
class Macro:
    """A macro; ``marker`` says what it makes (paragraphs, rows, text), ``level`` how many scopes it sees."""

    node: nodes.Macro
    marker: str
    level: int


@dataclass(frozen=True, slots=True)
class ClauseCall:
    """``clause(id)``, or ``clause_pair(id)`` in two languages."""

    pair: bool


Kind = Value | YesNo | Listing | Thing | Names | Keyed | Macro | ClauseCall


@dataclass(frozen=True, slots=True)
class Shape:
    """What an expression may be; without kinds nothing is known of it.

    ``path`` is that of the field (``parties[].vat``), ``key`` the same expression wherever it stands, ``constant`` a
    text written in the template itself. ``printable`` is a record that can be printed as it is, as a fact's can.
    """

    kinds: tuple[Kind, ...] = ()
    optional: bool = False
    path: str | None = None
    key: Hashable = None
    constant: str | None = None
    printable: bool = False
    reads: tuple[str, ...] = field(default=(), compare=False)
    """Paths that are used wherever this is."""

    def at(self, path: str | None, key: Hashable) -> Shape:
        """Return this as the value of a field."""
        return replace(self, path=path, key=key)


ANYTHING = Shape()
TEXT = Shape((Value("text"),))
NUMBER = Shape((Value("whole number"),))
TRUTH = Shape((YesNo(),))
NOTHING = Shape((Value("nothing"),), optional=True)


def shape_of(annotation: Any) -> Shape:
    """Return what a value of a type is to a template."""
    if isinstance(annotation, NewType):
        return shape_of(annotation.__supertype__)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0])
    if origin in {Union, types.UnionType}:
        return union(*(shape_of(argument) for argument in arguments))
    if annotation is None or annotation is types.NoneType:
        return Shape(optional=True)
    if origin is Literal:
        return Shape((Value("one of", tuple(str(argument) for argument in arguments)),))
    if origin in {tuple, list, frozenset, set} or annotation in {tuple, list}:
        items = [argument for argument in arguments if argument is not Ellipsis]
        return Shape((Listing(union(*(shape_of(item) for item in items)) if len(items) == 1 else ANYTHING),))
    if origin in {dict, Mapping} and len(arguments) == 2:
        return Shape((Keyed(shape_of(arguments[1])),))
    return _shape_of_class(annotation) if isinstance(annotation, type) else ANYTHING


def _shape_of_class(kind: type) -> Shape:
    if issubclass(kind, Prose):
        return TEXT
    if issubclass(kind, Fact):
        return replace(shape_of(kind.model_fields["value"].annotation), optional=False, printable=True)
    if issubclass(kind, BaseModel):
        return Shape((Thing(kind),))
    if issubclass(kind, bool):
        return TRUTH
    if issubclass(kind, Enum):
        return Shape((Value("one of", tuple(str(member.value) for member in kind)),))
    named = ((str, "text"), (int, "whole number"), (Decimal, "amount"), (date, "date"), (timedelta, "number of days"))
    for known, words in named:
        if issubclass(kind, known):
            return Shape((Value(words),))
    return _shape_of_plain_class(kind)


def _shape_of_plain_class(kind: type) -> Shape:
    """Return the shape of a dataclass, such as the bar of a schedule."""
    hints = _hints(kind) if hasattr(kind, "__dataclass_fields__") else {}
    members = {name: shape_of(hint) for name, hint in hints.items() if not name.startswith("_")}
    return Shape((Names(kind.__name__, members),)) if members else ANYTHING


def union(*shapes: Shape) -> Shape:
    """Return what may be any of ``shapes``."""
    known = [shape for shape in shapes if shape.kinds or not shape.optional]
    kinds = tuple(dict.fromkeys(kind for shape in known for kind in shape.kinds))
    if any(not shape.kinds for shape in known):
        kinds = ()
    return Shape(
        kinds,
        optional=any(shape.optional for shape in shapes),
        printable=any(shape.printable for shape in shapes),
        reads=tuple(dict.fromkeys(read for shape in shapes for read in shape.reads)),
    )


def members(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """Yield name and type of each field of a model, then of each property that says its type."""
    for name in usable_names(model):
        info = model.model_fields.get(name)
        if info is not None:
            yield name, info.annotation
        elif (getter := getattr(model, name).fget) is not None:
            yield name, _hints(getter).get("return", Any)


def names_of(kind: Kind) -> frozenset[str]:
    """Return the names a template can put behind the point."""
    match kind:
        case Thing(model):
            return frozenset(name for name, _ in members(model))
        case Names(members=known):
            return frozenset(known)
        case _:
            return frozenset()


def member_of(kind: Kind, name: str) -> Shape | None:
    """Return what ``name`` is of a record; ``None`` where there is no such name."""
    match kind:
        case Thing(model):
            return next((shape_of(annotation) for known, annotation in members(model) if known == name), None)
        case Names(members=known):
            return known.get(name)
        case _:
            return None


def in_words(shape: Shape) -> str:
    """Return what something is, for a person: ``list of records``, ``one of binding, non-binding``."""
    return " or ".join(dict.fromkeys(_kind_in_words(kind) for kind in shape.kinds)) or "a value"


def _kind_in_words(kind: Kind) -> str:
    match kind:
        case Value(words, choices):
            return f"{words} {', '.join(choices)}" if choices else words
        case YesNo():
            return "yes or no"
        case Listing(item):
            plural = "records" if any(isinstance(of, Thing | Names) for of in item.kinds) else "values"
            return f"list of {plural}"
        case Macro():
            return "macro"
        case ClauseCall():
            return "clause of the library"
        case _:
            return "record"


def _hints(thing: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(thing, include_extras=True)
    except (NameError, TypeError):
        # A type named only for the checker's eyes: nothing is known of it here.
        return {}
