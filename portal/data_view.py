"""A document's data, field by field, as a person reads it: what is known, how far, and who has to confirm it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from portal.language import Language
from portal.values import said
from schemas.document import Document
from schemas.fact import OPEN, Fact, Status
from schemas.fields import Part as Shape, parts_of as shapes_of

NOT_SHOWN = frozenset({"type"})


@dataclass(frozen=True)
class Field:
    """One value: its path in the data, and for a fact how far it can be relied on and who has to confirm it.

    ``claims`` is what each source says, where they contradict each other.
    """

    path: str
    value: str
    status: Status | None = None
    owner: str | None = None
    source: str | None = None
    claims: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to confirm it or fill it in."""
        return self.status in OPEN


@dataclass(frozen=True)
class Part:
    """One part of the data, such as all parties: its name in the data, and one group of fields for each of them."""

    name: str
    groups: tuple[tuple[str, tuple[Field, ...]], ...]


def parts_of(document: Document, language: Language) -> tuple[Part, ...]:
    """Return the parts of a document in the order of its model; those without a value are left out."""
    general: list[Field] = []
    parts: list[Part] = []
    for name, value, shape in _fields_of(document):
        if name in NOT_SHOWN or value in (None, (), ""):
            continue
        if isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
            groups = tuple(
                (_title(one, number), tuple(_fields(language, "", one, shape)))
                for number, one in enumerate(value, start=1)
            )
            parts.append(Part(name, groups))
        elif not isinstance(value, Fact) and _inner(value):
            parts.append(Part(name, (("", tuple(_fields(language, "", value, shape))),)))
        else:
            general += _fields(language, name, value, shape)
    return (Part("", (("", tuple(general)),)), *parts) if general else tuple(parts)


def _title(item: object, number: int) -> str:
    for name in ("short_name", "name", "heading", "title", "id"):
        found = getattr(item, name, None)
        if found is not None and not isinstance(found, BaseModel):
            return str(found)
        if isinstance(found, Fact) and found.value is not None:
            return str(found.value)
    return str(number)


def _fields(language: Language, path: str, value: object, shape: Shape | None) -> Iterator[Field]:
    if value is None or value in ((), ""):
        return
    if isinstance(value, Fact):
        claims = tuple(f"{claim.value} ({claim.source})" for claim in value.claims)
        yield Field(
            path,
            "" if _inner(value.value) else said(language, shape, value.value),
            value.status,
            value.owner,
            value.source,
            claims,
        )
        for name, inner, part in _inner(value.value):
            yield from _fields(language, f"{path}.{name}", inner, part)
    elif isinstance(value, BaseModel) and _inner(value):
        for name, inner, part in _inner(value):
            yield from _fields(language, f"{path}.{name}" if path else name, inner, part)
    elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
        for number, one in enumerate(value, start=1):
            yield from _fields(language, f"{path} {number}", one, shape)
    else:
        yield Field(path, said(language, shape, value))


def _inner(value: object) -> list[tuple[str, object, Shape | None]]:
    """Return the fields of a model that has no text of its own."""
    if not isinstance(value, BaseModel) or type(value).__str__ is not BaseModel.__str__:
        return []
    return _fields_of(value)


def _fields_of(model: BaseModel) -> list[tuple[str, object, Shape | None]]:
    """Return name, value and shape of each field."""
    shapes = {part.name: part for part in shapes_of(type(model))}
    return [(name, getattr(model, name), shapes.get(name)) for name in type(model).model_fields]
