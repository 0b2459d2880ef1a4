"""Rules across fields, checked also on documents of which some fields are faulty.

A rule is a generator from a document to its faults. So that a file with a misspelt country still hears of
its missing signatory, rules run on a *partial view*: every field that is valid by itself has its value, and
touching any other ends the rule without a word. What the rule found before that counts.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.errors import Fault
from schemas.fact import Fact, as_fact

M = TypeVar("M")
Item = TypeVar("Item")
Rule = Callable[[M], Iterator[Fault]]


class UnknownField(Exception):  # never shown: it only ends a rule
    """A rule touched a field whose value is faulty."""


class Partial:
    """The valid fields of a faulty mapping, with the attributes of its model."""

    def __init__(self, model: type[BaseModel], known: dict[str, object]) -> None:
        self._model, self._known = model, known

    def __getattr__(self, name: str) -> object:
        known = self.__dict__.get("_known", {})
        if name in known:
            return known[name]
        raise UnknownField(name)


def each(items: Sequence[Item]) -> Iterator[tuple[int, Item]]:
    """Enumerate ``items``, leaving out those that are faulty as a whole."""
    return ((index, item) for index, item in enumerate(items) if item is not UNREADABLE)


def fields_of(value: object) -> Iterator[tuple[str, object]]:
    """Yield the known fields of a model or of a partial view; of anything else none."""
    if isinstance(value, Partial):
        yield from value.__dict__["_known"].items()
    elif isinstance(value, BaseModel):
        yield from ((name, getattr(value, name)) for name in type(value).model_fields)


def unknown_id(path: str, read: str, known: Sequence[str], what: str) -> Iterator[Fault]:
    """Yield the fault that ``read`` is none of the ``known`` ids, where it is none."""
    if read not in known:
        proposal = next(iter(difflib.get_close_matches(read, known, n=1)), None)
        yield Fault(
            path, f"is no {what} of this document", read=read, expected=in_words(known, "or"), proposal=proposal
        )


def in_words(items: Sequence[str], joint: str = "and") -> str:
    """Return ``CV, RS and VN``; ``none`` where there is none."""
    return f" {joint} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items) or "none"


def those(ids: Sequence[str]) -> str:
    """Return ``O1 to O5 are``, or the ids one by one where they do not count up from the first."""
    stem = ids[0].rstrip("0123456789") if ids else ""
    if len(ids) > 2 and list(ids) == [f"{stem}{number}" for number in range(1, len(ids) + 1)]:
        return f"{ids[0]} to {ids[-1]} are"
    return f"{in_words(ids)} {'are' if len(ids) > 1 else 'is'}"


UNREADABLE: Any = object()
"""Stands in a sequence for an item nothing is known of."""


def broken_rules(rules: Sequence[Rule[M]], document: M) -> list[Fault]:
    """Return the faults of every rule that can be decided on ``document`` or its partial view."""
    faults: list[Fault] = []
    for rule in rules:
        found = rule(document)
        while True:
            try:
                faults.append(next(found))
            except (StopIteration, UnknownField):
                break
    return faults


def partial(model: type[BaseModel], content: object) -> Any:
    """Return the partial view of ``content`` as ``model``; ``UNREADABLE`` where it is no mapping."""
    if not isinstance(content, dict):
        return UNREADABLE
    if issubclass(model, Fact):
        content = as_fact(content)
    known: dict[str, object] = {}
    for name, field in model.model_fields.items():
        if name not in content:
            if not field.is_required():
                known[name] = field.get_default(call_default_factory=True)
            continue
        value = _partial_value(field.rebuild_annotation(), content[name])
        if value is not UNREADABLE:
            known[name] = value
    return Partial(model, known)


def _partial_value(annotation: Any, content: object) -> object:
    try:
        return TypeAdapter(annotation).validate_python(content)
    except ValidationError:
        pass
    for candidate in _alternatives(annotation):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return partial(candidate, content)
        if get_origin(candidate) is tuple and isinstance(content, list):
            item = get_args(candidate)[0]
            return tuple(_partial_value(item, entry) for entry in content)
    return UNREADABLE


def _alternatives(annotation: Any) -> list[Any]:
    if hasattr(annotation, "__metadata__"):
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) is not None and get_origin(annotation) is not tuple:
        return [found for part in get_args(annotation) for found in _alternatives(part)] or [annotation]
    return [annotation]
