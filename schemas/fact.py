"""A fact: a value together with where it comes from and how far it can be relied on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.errors import Fault, InputError
from schemas.evidence import Instant
from schemas.text import Model, Name, Paragraph, fault

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Status(StrEnum):
    """How far a value can be relied on."""

    STATED = "stated"
    """The source says so, or the manager does."""
    DERIVED = "derived"
    """Follows from stated facts."""
    ASSUMED = "assumed"
    """No source says so; a person has to confirm or replace it."""
    CONFLICTING = "conflicting"
    """Sources contradict each other; a person has to decide."""
    BLANK = "blank"
    """Nobody knows yet; a person has to fill it in."""
    CONFIRMED = "confirmed"
    """A person confirmed it; the basis stands beside it."""


OPEN = frozenset({Status.ASSUMED, Status.CONFLICTING, Status.BLANK})
"""The statuses that block approval."""


class Claim(Model):
    """What one source says, where sources contradict each other."""

    value: Name
    """What the source says."""
    source: Name
    """Which source."""


class Confirmation(Model):
    """That a person confirmed a value; who it was stands in the ledger."""

    at: Instant
    """When, in UTC."""
    basis: Paragraph
    """On what grounds."""


class Fact(Model, Generic[T]):
    """A value with its status and source. A bare value is read as *stated*."""

    value: T | None = None
    """The value; none only where the status is blank."""
    status: Status = Status.STATED
    """How far the value can be relied on."""
    source: Name | None = Field(default=None, examples=["GSSC partnership profile"])
    """Where the value comes from; required unless the manager states it."""
    owner: Name | None = Field(default=None, examples=["Manager of the GSSC partnership"])
    """Who has to confirm or replace it, by role."""
    claims: tuple[Claim, ...] = ()
    """What each source says, where they conflict."""
    confirmation: Confirmation | None = None
    """Filled in by ``convenio facts confirm``."""

    @model_validator(mode="before")
    @classmethod
    def _wrap_bare_value(cls, content: Any) -> Any:
        return as_fact(content)

    @model_validator(mode="after")
    def _status_fits(self) -> Fact[T]:
        if (self.value is None) != (self.status is Status.BLANK):
            raise fault(
                "a blank fact has no value, and every other fact has one",
                expected="a value, or status blank without one",
            )
        if self.source is None and self.status in {Status.DERIVED, Status.ASSUMED, Status.CONFLICTING}:
            raise fault(f"a fact that is {self.status} says where it comes from", expected="a source")
        if (self.status is Status.CONFLICTING) != (len(self.claims) >= 2) and not self.confirmation:
            raise fault("a conflict names what each source says", expected="status conflicting with two claims or more")
        if (self.status is Status.CONFIRMED) != (self.confirmation is not None):
            raise fault("a confirmed fact carries its confirmation", expected="status confirmed with a confirmation")
        return self

    @classmethod
    def model_parametrized_name(cls, params: tuple[type[Any], ...]) -> str:
        """Name a kind of fact in the JSON Schema by the label of its type: ``FactName``, ``FactBudget``."""
        kind = params[0]
        labels = (part for part in getattr(kind, "__metadata__", ()) if isinstance(part, str))
        return f"Fact{next(labels, None) or kind.__name__}"

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say in the JSON Schema, too, that a bare value is a stated fact."""
        fact = handler(core_schema)
        fields = handler.resolve_ref_schema(fact)
        said = "A value with its status and source; a bare value is read as stated."
        return {
            "title": cls.__name__,
            "description": said,
            "anyOf": [fields["properties"]["value"]["anyOf"][0], {**fact, "description": said}],
        }

    @property
    def is_open(self) -> bool:
        """Whether a person still has to confirm, decide or fill in."""
        return self.status in OPEN

    def __str__(self) -> str:
        return "" if self.value is None else str(self.value)


def as_fact(content: Any) -> Any:
    """Return ``content`` with a bare value wrapped: what has none of a fact's own fields is the value itself."""
    if isinstance(content, Fact) or (isinstance(content, dict) and not Fact.model_fields.keys().isdisjoint(content)):
        return content
    return {"value": content}


def facts(document: BaseModel, prefix: str = "") -> Iterator[tuple[str, Fact[Any]]]:
    """Yield every fact of ``document`` with its path (``parties[0].legal_name``), in the order of its fields."""
    for name in type(document).model_fields:
        yield from _facts_of(getattr(document, name), f"{prefix}.{name}" if prefix else name)


def _facts_of(value: object, path: str) -> Iterator[tuple[str, Fact[Any]]]:
    if isinstance(value, Fact):
        yield path, value
    elif isinstance(value, BaseModel):
        yield from facts(value, path)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _facts_of(item, f"{path}[{index}]")


def open_facts(document: BaseModel) -> tuple[tuple[str, Fact[Any]], ...]:
    """Return the facts that block approval, with their paths."""
    return tuple((path, fact) for path, fact in facts(document) if fact.is_open)


def confirm(document: M, paths: Iterable[str], confirmation: Confirmation) -> M:
    """Return ``document`` with the open facts at ``paths`` confirmed as they stand.

    Raises :class:`InputError` naming every path that is no open fact, and every blank one: a blank has no
    value to confirm and must be replaced.
    """
    wanted, known = list(dict.fromkeys(paths)), dict(facts(document))
    faults = [problem for path in wanted if (problem := _unconfirmable(path, known))]
    if faults or not wanted:
        raise InputError("these facts cannot be confirmed" if faults else "no fact was named", faults)
    content = document.model_dump(mode="python")
    for path in wanted:
        place = content
        for step in path.replace("[", ".[").split("."):
            place = place[int(step[1:-1])] if step.startswith("[") else place[step]
        place.update(status=Status.CONFIRMED, confirmation=confirmation.model_dump(mode="python"))
    return type(document).model_validate(content)


def _unconfirmable(path: str, known: dict[str, Fact[Any]]) -> Fault | None:
    fact = known.get(path)
    if fact is None:
        near = difflib.get_close_matches(path, known, n=1)
        return Fault(path=path, message="there is no such fact", proposal=near[0] if near else None)
    if not fact.is_open:
        return Fault(path=path, message=f"is {fact.status} already")
    if fact.status is Status.BLANK:
        return Fault(path=path, message="is blank: fill it in with a revised file (convenio revise)")
    return None
