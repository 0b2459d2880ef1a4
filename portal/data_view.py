"""A document's data, field by field, as a person reads it: what is known, how far, and who has to confirm it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel

from schemas.document import Document
from schemas.fact import OPEN, Fact, Status

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


def parts_of(document: Document) -> tuple[Part, ...]:
    """Return the parts of a document in the order of its model; those without a value are left out."""
    general: list[Field] = []
    parts: list[Part] = []
    for name in type(document).model_fields:
        value = getattr(document, name)
        if name in NOT_SHOWN or value in (None, (), ""):
            continue
        if isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
            groups = tuple((_title(one, number), tuple(_fields("", one))) for number, one in enumerate(value, start=1))
            parts.append(Part(name, groups))
        elif not isinstance(value, Fact) and _inner(value):
            parts.append(Part(name, (("", tuple(_fields("", value))),)))
        else:
            general += _fields(name, value)
    return (Part("", (("", tuple(general)),)), *parts) if general else tuple(parts)


def _title(item: object, number: int) -> str:
    for name in ("short_name", "name", "heading", "title", "id"):
        found = getattr(item, name, None)
        if found is not None and not isinstance(found, BaseModel):
            return str(found)
        if isinstance(found, Fact) and found.value is not None:
            return str(found.value)
    return str(number)


def _fields(path: str, value: object) -> Iterator[Field]:
    if value is None or value in ((), ""):
        return
    if isinstance(value, Fact):
        claims = tuple(f"{claim.value} ({claim.source})" for claim in value.claims)
        yield Field(path, _said(value.value), value.status, value.owner, value.source, claims)
        for name, inner in _inner(value.value):
            yield from _fields(f"{path}.{name}", inner)
    elif isinstance(value, BaseModel) and _inner(value):
        for name, inner in _inner(value):
            yield from _fields(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
        for number, one in enumerate(value, start=1):
            yield from _fields(f"{path} {number}", one)
    else:
        yield Field(path, _said(value))


def _inner(value: object) -> list[tuple[str, object]]:
    """Return the fields of a model that has no text of its own."""
    if not isinstance(value, BaseModel) or type(value).__str__ is not BaseModel.__str__:
        return []
    return [(name, getattr(value, name)) for name in type(value).model_fields]


def _said(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case date():
            return value.isoformat()
        case tuple() | frozenset():
            return ", ".join(map(_said, value))
        case BaseModel() if type(value).__str__ is BaseModel.__str__:
            return ""
    return str(value)
