"""What a document asks for, field by field: the shape of its model, as a form shows it and a table names it.

::

    Part = Leaf | Words | Known | Group | Rows
    parties  Rows of a Group: id Leaf, legal_name Known of a Leaf, acts_for Group or nothing, ...

A *content* is plain data as a file has it (dict, list, str, int, bool), valid or not.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.document import Document
from schemas.fact import Fact, Status, as_fact
from schemas.prose import LANGUAGES, Heading, Prose

Content = Any
Steps = tuple[str | int, ...]
PATH = re.compile(r"[a-z_0-9]+(\[[0-9]{1,3}\]|\.[a-z_0-9]+)*")


class Kind(StrEnum):
    """How a single value is written."""

    LINE = "line"
    DAY = "day"
    MONTH = "month"
    NUMBER = "number"
    AMOUNT = "amount"
    COUNTRY = "country"
    MARKET = "market"
    EMAIL = "email"
    CHOICE = "choice"
    FLAG = "flag"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A field: its name, what it means, an example of it, and whether a document needs it."""

    name: str
    meaning: str = ""
    example: str | None = None
    required: bool = True
    default: object = None


@dataclass(frozen=True, kw_only=True)
class Leaf(Part):
    """A single value. ``refers`` are the kinds of ids it names, ``stem`` is how its own ids are numbered (``O``)."""

    kind: Kind = Kind.LINE
    choices: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    stem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Words(Part):
    """Running text in the document's language or languages; a ``heading`` stands on one line."""

    heading: bool = False


@dataclass(frozen=True, kw_only=True)
class Known(Part):
    """A fact: a value with its status, source and owner."""

    value: Part


@dataclass(frozen=True, kw_only=True)
class Group(Part):
    """Several fields that belong together."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Rows(Part):
    """A list, from ``least`` to ``most`` entries."""

    item: Part
    least: int = 0
    most: int | None = None


@dataclass(frozen=True)
class _Traits:
    """What annotations say of a value beside its type."""

    labels: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None

    def read(self, metadata: Sequence[Any]) -> _Traits:
        traits = self
        for one in metadata:
            if isinstance(one, str):
                traits = replace(traits, labels=traits.labels | {one})
            elif isinstance(one, FieldInfo):
                traits = traits.read(one.metadata)
                traits = replace(traits, examples=traits.examples or tuple(map(str, one.examples or ())))
            else:
                pattern = getattr(one, "pattern", None)
                traits = replace(
                    traits,
                    patterns=(*traits.patterns, pattern) if isinstance(pattern, str) else traits.patterns,
                    least=getattr(one, "min_length", None) or traits.least,
                    most=getattr(one, "max_length", None) or traits.most,
                )
        return traits


LABELLED = {"Country": Kind.COUNTRY, "Market": Kind.MARKET, "MonthOrDay": Kind.MONTH, "Email": Kind.EMAIL}
TYPED: dict[Any, Kind] = {bool: Kind.FLAG, int: Kind.NUMBER, Decimal: Kind.AMOUNT, date: Kind.DAY}
NUMBERED = re.compile(r"\^([A-Z]+)\[1-9\]")
"""The pattern of ids that count up: ``^O[1-9][0-9]{0,2}$``."""

IDENTIFIER = "^[a-z][a-z0-9-]{0,39}$"
NAMES_PARTIES = frozenset(
    {"party", "cluster", "lead", "chair", "coordinator", "remainder_to", "partners", "borne_by", "ip_owner", "sender"}
)
REFERENCES = {
    **dict.fromkeys(NAMES_PARTIES, "parties"),
    "jointly_with": "signatories",
    "rounds": "signatories",
    "member_class": "classes",
}
"""Which list holds the ids that a field names."""

LISTS = {
    "parties": ("parties", "short_name"),
    "signatories": ("signatories", "name"),
    "classes": ("classes", "name"),
    "O": ("project.objectives", "text"),
    "SO": ("specific_objectives", "text"),
    "A": ("activities", "title"),
    "P": ("phases", "title"),
}
"""Where a kind of id is given, and which field beside it says what it is of."""


@cache
def parts_of(model: type[BaseModel]) -> tuple[Part, ...]:
    """Return the fields of a document or of a part of it in their order, its ``type`` excepted."""
    return tuple(
        _part(
            name,
            info.annotation,
            _Traits(examples=tuple(map(str, info.examples or ()))).read(info.metadata),
            meaning=info.description or "",
            required=info.is_required(),
            default=None if info.is_required() else _plain(info.get_default(call_default_factory=True)),
        )
        for name, info in model.model_fields.items()
        if not (name == "type" and issubclass(model, Document))
    )


def _plain(default: object) -> object:
    return default.value if isinstance(default, Enum) else None if default == () else default


def _part(name: str, annotation: Any, traits: _Traits, **beside: Any) -> Part:
    while get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
        traits = traits.read(metadata)
    if get_origin(annotation) in {Union, types.UnionType}:
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return _part(name, members[0], traits, **beside)
        return _united([_part(name, member, traits, **beside) for member in members])
    if get_origin(annotation) is tuple:
        item = _part(name, get_args(annotation)[0], _Traits(), meaning="")
        least = traits.least
        required = beside.pop("required", True) and least > 0
        return Rows(name=name, item=item, least=least, most=traits.most, required=required, **beside)
    if get_origin(annotation) is Literal:
        return Leaf(name=name, kind=Kind.CHOICE, choices=tuple(map(str, get_args(annotation))), **beside)
    if isinstance(annotation, type):
        if issubclass(annotation, Prose):
            return Words(name=name, heading=issubclass(annotation, Heading), **beside)
        if issubclass(annotation, Fact):
            value = annotation.model_fields["value"]
            return Known(name=name, value=_part(name, value.annotation, _Traits().read(value.metadata)), **beside)
        if issubclass(annotation, BaseModel):
            return Group(name=name, parts=parts_of(annotation), **beside)
        if issubclass(annotation, Enum):
            return Leaf(name=name, kind=Kind.CHOICE, choices=tuple(str(one.value) for one in annotation), **beside)
    return _leaf(name, annotation, traits, **beside)


def _leaf(name: str, annotation: Any, traits: _Traits, **beside: Any) -> Leaf:
    kind = TYPED.get(annotation) or next((LABELLED[label] for label in traits.labels if label in LABELLED), Kind.LINE)
    stems = tuple(found[1] for pattern in traits.patterns if (found := NUMBERED.match(pattern)))
    refers: tuple[str, ...] = ()
    if name != "id":
        refers = stems
        if IDENTIFIER in traits.patterns and name in REFERENCES:
            refers = (REFERENCES[name],)
    example = None if refers else next(iter(traits.examples), None)
    stem = stems[0] if stems and name == "id" else None
    return Leaf(name=name, kind=kind, refers=refers, example=example, stem=stem, **beside)


def _united(parts: list[Part]) -> Part:
    """Return the one field that takes what any of ``parts`` takes: choices, or ids of several kinds."""
    leaves = [part for part in parts if isinstance(part, Leaf)]
    return replace(
        leaves[0],
        choices=tuple(dict.fromkeys(choice for leaf in leaves for choice in leaf.choices)),
        refers=tuple(dict.fromkeys(kind for leaf in leaves for kind in leaf.refers)),
    )


def is_blank(part: Part, content: Content) -> bool:
    """Whether nothing was given, or nothing but what stands there by default."""
    if content is None or content == "":
        return True
    if isinstance(part, Known) and isinstance(content, dict):
        given = {name for name, value in content.items() if value not in (None, "", [], ())}
        stated = content.get("status", Status.STATED) == Status.STATED
        return stated and given <= {"value", "status"} and is_blank(part.value, content.get("value"))
    if isinstance(part, Group) and isinstance(content, dict):
        return all(is_blank(one, content.get(one.name)) for one in part.parts)
    if isinstance(part, Rows) and isinstance(content, list):
        return all(is_blank(part.item, one) for one in content)
    if isinstance(part, Words) and isinstance(content, dict):
        return not any(content.values())
    return part.default is not None and content == part.default


def explicit(part: Part, content: Content) -> Content:
    """Return content with every bare value of a fact as the stated fact that it means."""
    if isinstance(part, Known) and content is not None:
        fact = as_fact(content)
        return {**fact, "value": explicit(part.value, fact["value"])} if "value" in fact else fact
    if isinstance(part, Group) and isinstance(content, dict):
        below = {one.name: explicit(one, content[one.name]) for one in part.parts if one.name in content}
        return {**content, **below}
    if isinstance(part, Rows) and isinstance(content, list):
        return [explicit(part.item, row) for row in content]
    return content


def is_path(text: str) -> bool:
    """Whether a text is a path as :func:`steps_of` reads it, of names and places below 1,000."""
    return PATH.fullmatch(text) is not None


def steps_of(path: str) -> Steps:
    """Return the steps of a path as a person writes it: ``parties[1].country``."""
    return tuple(
        int(step[1:-1]) if step.startswith("[") else step
        for step in path.replace("[", ".[").split(".")
        if step
    )  # fmt: skip


def at(content: Content, path: str) -> Content:
    """Return what stands at ``path``; ``None`` where nothing does."""
    for step in steps_of(path):
        if isinstance(step, int):
            content = content[step] if isinstance(content, list) and step < len(content) else None
        else:
            content = content.get(step) if isinstance(content, dict) else None
    return content


def ids_in(content: Content, kinds: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the ids of some kinds that a content gives, each with what it is of."""
    for kind in kinds:
        path, beside = LISTS.get(kind, ("", ""))
        rows = at(content, path) if path else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"]:
                yield row["id"], text_of(row.get(beside))


def text_of(content: Content) -> str:
    """Return the text of a value, of a fact's value, or of the first language of a text; empty for anything else."""
    if isinstance(content, dict):
        content = content.get("value") or next((one for one in content.values() if isinstance(one, str)), None)
    return "" if content is None or isinstance(content, dict | list) else str(content)


CLAIMS = Rows(name="claims", required=False, item=Group(name="claims", parts=(Leaf(name="value"), Leaf(name="source"))))
"""What each source says of a fact on which they contradict each other."""

FACT_FIELDS: dict[str, Part] = {
    **{name: Leaf(name=name) for name in ("value", "status", "source", "owner")},
    "claims": CLAIMS,
}
"""What people say of a fact beside its value; ``value`` stands for a value of any kind."""


def part_at(whole: Part, path: str) -> Part | None:
    """Return the field at ``path``; a fact's value is there with and without its own step. ``None`` for no field."""
    part: Part | None = whole
    for step in steps_of(path):
        if isinstance(part, Known) and step in FACT_FIELDS:
            part = part.value if step == "value" else FACT_FIELDS[str(step)]
            continue
        if isinstance(part, Known):
            part = part.value
        if isinstance(step, int):
            part = part.item if isinstance(part, Rows) else None
        elif isinstance(part, Words) and step in LANGUAGES:
            part = Leaf(name=step)
        else:
            part = next((one for one in part.parts if one.name == step), None) if isinstance(part, Group) else None
    return part


def empty_of(part: Part) -> Content:
    """Return an entry of a list in which nothing stands yet."""
    return {} if isinstance(part, Group | Known) else [] if isinstance(part, Rows) else ""


def document_part(model: type[Document]) -> Group:
    """Return a whole document as one group."""
    return Group(name="", meaning=model.kind, parts=parts_of(model))
