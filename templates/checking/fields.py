"""Every name a template may use, for the people who write templates: what it is, what it means, how it is written."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.document import Document
from schemas.fact import Fact
from schemas.text import Identifier
from templates.checking.kinds import Listing, Shape, Thing, Value, YesNo, in_words, members, shape_of
from templates.checking.vocabulary import BESIDE, FILTERS

STEERING = frozenset({"type", "language", "second_language", "choices", "signing"})
"""Fields of a document that steer how it is made, and need not stand in it."""
PAGE_EXAMPLES = {"whole number": "24", "amount": "222,202.62", "date": "27 April 2021", "number of days": "730 days"}


@dataclass(frozen=True, slots=True)
class Field:
    """One usable name.

    ``path`` is the whole way to it, ``parties[].legal_name`` in a list; ``tag`` how it stands in a template, inside
    the loop where ``repeated``. ``optional``: it may be missing, and is printed only inside a condition that asks for
    it. ``example`` is a value as the data has it.
    """

    path: str
    group: Literal["data", "beside", "filter"]
    type: str
    meaning: str
    tag: str
    example: str
    optional: bool = False
    repeated: bool = False

    def as_json(self) -> dict[str, str | bool]:
        """Return the fields by name, as JSON can hold them."""
        return dataclasses.asdict(self)


def usable_fields(
    model: type[Document], *, sample: Document | None = None, languages: tuple[str, ...] = ("en",)
) -> tuple[Field, ...]:
    """Return the names of the data in the order of the document, then those beside it, then the filters.

    Examples are taken from ``sample`` where it has a value, else from the types.
    """
    beside = (
        Field(name, "beside", in_words(known.shape), known.meaning, _beside_tag(name, known.example), known.example)
        for name, known in BESIDE.items()
        if len(languages) > 1 or not known.pair_only
    )
    filters = (
        Field(f"|{name}", "filter", f"takes {use.takes}, gives {use.gives}", use.meaning, use.example, use.example)
        for name, use in FILTERS.items()
    )
    return (*_fields_of(model, "", "", sample, ()), *beside, *filters)


def unused_fields(
    model: type[BaseModel], used: Collection[str], *, languages: tuple[str, ...] = ("en",)
) -> Iterator[str]:
    """Yield the path of each field that is not among ``used``: of a record that is not used, only its own.

    Left out are ids, which other fields refer to, and what steers how a document is made; which language prevails is
    said only where there are two.
    """
    said = set() if len(languages) > 1 else {"prevailing"}
    yield from (path for path in _unused(model, "", used, ()) if path not in said)


def _unused(
    model: type[BaseModel], prefix: str, used: Collection[str], above: tuple[type[BaseModel], ...]
) -> Iterator[str]:
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        if (not prefix and name in STEERING) or _is_identifier(info):
            continue
        if path not in used:
            yield path
            continue
        shape, step = _inside(shape_of(info.annotation))
        for kind in shape.kinds:
            whole = f"{path}{step}.*" in used or path == "clauses"
            if isinstance(kind, Thing) and not whole and kind.model not in above:
                yield from _unused(kind.model, f"{path}{step}.", used, (*above, kind.model))


def _fields_of(
    model: type[BaseModel],
    prefix: str,
    single: str,
    sample: object,
    above: tuple[type[BaseModel], ...],
    *,
    optional: bool = False,
) -> Iterator[Field]:
    for name, annotation in members(model):
        shape, path = shape_of(annotation), f"{prefix}{name}"
        inner, step = _inside(shape)
        value = _value_of(sample, name)
        written = f"{single}.{name}" if single else name
        yield Field(
            path=path,
            group="data",
            type=in_words(shape),
            meaning=_meaning(model, name),
            tag=_tag(shape, written, name),
            example=_example(value, shape, model.model_fields.get(name)) or _tag(shape, written, name),
            optional=optional or shape.optional,
            repeated="[]" in path,
        )
        for kind in inner.kinds:
            if isinstance(kind, Thing) and kind.model not in above:
                item = _value_of(value, 0) if step else value
                through = singular(name) if step else written
                missing = (optional or shape.optional) and not step
                yield from _fields_of(
                    kind.model, f"{path}{step}.", through, item, (*above, kind.model), optional=missing
                )


def _inside(shape: Shape) -> tuple[Shape, str]:
    """Return what a list holds, with the mark of a list in a path; anything else as it is."""
    listing = next((kind for kind in shape.kinds if isinstance(kind, Listing)), None)
    return (shape, "") if listing is None else (listing.item, "[]")


def singular(name: str) -> str:
    """Return how one of a list is called: ``parties`` gives ``party``."""
    if name.endswith("ies"):
        return f"{name.removesuffix('ies')}y"
    return name.removesuffix("s") if name.endswith("s") else f"one_of_{name}"


def _tag(shape: Shape, written: str, name: str) -> str:
    kind = next(iter(shape.kinds), None)
    match kind:
        case Listing():
            return f"{{% for {singular(name)} in {written} %}}"
        case YesNo():
            return f"{{% if {written} %}}"
        case Thing() if not shape.printable:
            return f"{{% if {written} %}}" if shape.optional else f"{{{{ {written}. ... }}}}"
        case _:
            return f"{{{{ {written} }}}}"


def _beside_tag(name: str, example: str) -> str:
    return example if example.startswith("{") else f"{{{{ {name} }}}}"


def _meaning(model: type[BaseModel], name: str) -> str:
    """Return what a field's or property's docstring says."""
    info = model.model_fields.get(name)
    text = info.description if info is not None else inspect.getdoc(getattr(model, name))
    return " ".join((text or "").split())


def _value_of(holder: object, step: str | int) -> Any:
    value = holder.value if isinstance(holder, Fact) else holder
    if isinstance(step, int):
        return value[step] if isinstance(value, tuple) and value else None
    return getattr(value, step, None)


def _example(value: object, shape: Shape, info: FieldInfo | None) -> str | None:
    plain = value.value if isinstance(value, Fact) else value
    if plain is not None and not isinstance(plain, bool | tuple | frozenset) and _is_single(shape):
        return str(plain)
    if info is not None and (found := next(iter(_examples(info)), None)) is not None:
        return str(found)
    for kind in shape.kinds:
        if isinstance(kind, Value):
            return kind.choices[0] if kind.choices else PAGE_EXAMPLES.get(kind.words)
        if isinstance(kind, YesNo):
            return "true"
    return None


def _is_single(shape: Shape) -> bool:
    return any(isinstance(kind, Value) for kind in shape.kinds)


def _examples(info: FieldInfo) -> Iterator[object]:
    yield from info.examples or ()
    yield from _examples_in(info.annotation)


def _examples_in(annotation: Any) -> Iterator[object]:
    """Yield the examples of a type, of what a fact holds, of what a list is of."""
    for metadata in getattr(annotation, "__metadata__", ()):
        if isinstance(metadata, FieldInfo):
            yield from metadata.examples or ()
    if isinstance(annotation, type) and issubclass(annotation, Fact):
        yield from _examples_in(annotation.model_fields["value"].annotation)
    for argument in get_args(annotation):
        yield from _examples_in(argument)


def _is_identifier(info: FieldInfo) -> bool:
    patterns = {pattern for rule in info.metadata if (pattern := getattr(rule, "pattern", None))}
    return _IDENTIFIER in patterns


_IDENTIFIER = next(
    pattern
    for metadata in Annotated[Identifier, ""].__metadata__
    for rule in getattr(metadata, "metadata", ())
    if (pattern := getattr(rule, "pattern", None))
)
"""The pattern of an id used inside one document."""
