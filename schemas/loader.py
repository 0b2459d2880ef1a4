"""From a YAML or JSON file to a document, or to every fault of it at once."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.documents import Document, document_types, model_of
from schemas.errors import Fault, InputError
from schemas.rules import broken_rules, partial
from schemas.source import MAX_SIZE_BYTES, Source, Steps, read_source, spoken


def load_document(path: Path) -> Document:
    """Return the document in the file at ``path``; raise :class:`InputError` with every fault."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read", got=error.strerror, expected="a YAML or JSON file") from error
    return parse_document(content, name=path.name)


def parse_document(content: bytes, *, name: str) -> Document:
    """Return the document in ``content``: YAML, or JSON where ``name`` ends so.

    Raises :class:`InputError` with every fault: of single fields and of the rules across them, in file order.
    """
    source = read_source(content, name=name)
    if not isinstance(source.content, dict):
        raise InputError(
            f"{name} holds no fields", got=_shown(source.content), expected="fields with values, such as type: mou"
        )
    known = document_types()
    document_type = source.content.get("type")
    if document_type not in known:
        near = difflib.get_close_matches(document_type, known, n=1) if isinstance(document_type, str) else []
        if not near:
            raise InputError(f"{name} has 1 fault", [_unknown_type(document_type, source, known)])
        document_type = near[0]
    model = model_of(document_type)
    try:
        return model.model_validate(source.content)
    except ValidationError as error:
        details = [
            detail for detail in error.errors(include_url=False) if detail["loc"] and not _only_shortened(detail)
        ]
    faults = _without_echoes([_field_fault(detail, source, model) for detail in details])
    faults += [_placed(problem, source) for problem in broken_rules(model.rules, partial(model, source.content))]
    faults = sorted(dict.fromkeys(faults), key=lambda problem: (problem.line or 0, problem.column or 0, problem.path))
    raise InputError(f"{name} has {len(faults)} fault{'s' if len(faults) != 1 else ''}", faults)


def _unknown_type(read: object, source: Source, known: Sequence[str]) -> Fault:
    line, column = source.mark(("type",))
    return Fault(
        "type",
        MISSING if read is None else "is not a document type",
        line=line,
        column=column,
        read=None if read is None else _shown(read),
        expected=" or ".join(known),
    )


def _field_fault(detail: ErrorDetails, source: Source, model: type[BaseModel]) -> Fault:
    path = _written(detail, source)
    line, column = source.mark(path)
    message, expected, proposal = words_for(detail, path, model)
    read = None if detail["type"] == "missing" else _shown(detail["input"])
    if detail["type"] == "extra_forbidden":
        read = _shown(path[-1])
    return Fault(spoken(path), message, line=line, column=column, read=read, expected=expected, proposal=proposal)


def _without_echoes(faults: list[Fault]) -> list[Fault]:
    """Leave out the field that is missing only because its name is misspelt beside it."""
    misspelt = {(fault.path.rpartition(".")[0], fault.proposal) for fault in faults if fault.message == NO_FIELD}
    return [
        fault for fault in faults if fault.message != MISSING or (*fault.path.rpartition(".")[::2],) not in misspelt
    ]


def words_for(detail: ErrorDetails, path: Steps, model: type[BaseModel]) -> tuple[str, str | None, str | None]:
    """Say a fault as pydantic found it at ``path`` in our words: what is wrong, what is expected, what may be meant."""
    kind, read = detail["type"], detail["input"]
    context: dict[str, Any] = detail.get("ctx") or {}
    if kind == "convenio":
        return detail["msg"], context.get("expected"), context.get("proposal")
    if kind == "extra_forbidden":
        fields = _fields_at(model, path[:-1])
        near = _elsewhere(model, path) or difflib.get_close_matches(str(path[-1]), fields, n=1)
        return NO_FIELD, None if near else ", ".join(fields), near[0] if near else None
    if kind == "value_error":
        return str(context["error"]), None, None
    if kind in {"literal_error", "enum"}:
        choices = re.findall(r"'([^']*)'", str(context.get("expected")))
        near = difflib.get_close_matches(str(read).lower(), choices, n=1, cutoff=0.5)
        return "is not one of the choices", " or ".join(choices), near[0] if near else None
    if kind == "string_type" and not isinstance(read, dict | list):
        return "is not text", "text; put it in quotes if it is meant", f'"{_shown(read)}"'
    message, expected = _measured(kind, read, context) or WORDS.get(kind) or (detail["msg"], None)
    return message[0].lower() + message[1:], expected or _described(model, path), None


def _measured(kind: str, read: Any, context: dict[str, Any]) -> tuple[str, str] | None:
    if kind in LENGTHS:
        message, bound, ending = LENGTHS[kind]
        return message.format(len(read)), f"{context[bound]:,} {ending}"
    if kind in BOUNDS:
        bound, message, ending = BOUNDS[kind]
        return message, ending.format(context[bound])
    return None


MISSING = "is missing"
NO_FIELD = "is not a field here"

LENGTHS = {
    "string_too_long": ("has {:,} characters", "max_length", "or fewer"),
    "string_too_short": ("is empty", "min_length", "character or more"),
    "too_short": ("has {:,} entries", "min_length", "or more"),
    "too_long": ("has {:,} entries", "max_length", "or fewer"),
}

BOUNDS = {
    "greater_than": ("gt", "is too small", "more than {}"),
    "greater_than_equal": ("ge", "is too small", "{} or more"),
    "less_than_equal": ("le", "is too large", "{} or less"),
}

WORDS: dict[str, tuple[str, str | None]] = {
    "missing": (MISSING, None),
    "string_pattern_mismatch": ("does not have the form needed", None),
    "string_type": ("is not text", None),
    "int_type": ("is not a whole number", None),
    "int_parsing": ("is not a whole number", None),
    "float_parsing": ("is not a number", None),
    "bool_parsing": ("is neither true nor false", "true or false"),
    "bool_type": ("is neither true nor false", "true or false, without quotes"),
    "tuple_type": ("is not a list", None),
    "model_type": ("holds no fields", None),
    "decimal_max_places": ("has more than two decimal places", "a decimal number such as 222202.62"),
}


def _only_shortened(detail: ErrorDetails) -> bool:
    """Whether a list is too short only because pydantic left out its faulty items, which are reported themselves."""
    context = detail.get("ctx") or {}
    return detail["type"] == "too_short" and len(detail["input"]) >= context.get("min_length", 0)


def _written(detail: ErrorDetails, source: Source) -> Steps:
    """Drop the steps pydantic adds for wrapped facts: a bare value has no ``value`` field of its own in the file."""
    path: list[str | int] = []
    for number, step in enumerate(detail["loc"], start=1):
        around = source.at(tuple(path))
        given = isinstance(around, dict) and step in around
        if step == "value" and not given and not (detail["type"] == "missing" and number == len(detail["loc"])):
            continue
        path.append(step)
    return tuple(path)


def _placed(problem: Fault, source: Source) -> Fault:
    path: Steps = tuple(
        int(step[1:-1]) if step.startswith("[") else step for step in problem.path.replace("[", ".[").split(".")
    )
    line, column = source.mark(path)
    return replace(problem, line=line, column=column)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for part in get_args(annotation):
        yield from _models_in(part)


def _field_at(model: type[BaseModel], path: Steps) -> Any:
    field: Any = None
    models = [model]
    for step in path:
        if isinstance(step, int):
            continue
        found = [m.model_fields[step] for m in _unwrapped(models) if step in m.model_fields]
        if not found:
            return None
        field = found[0]
        models = list(_models_in(field.annotation))
    return field


def _unwrapped(models: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """Look through facts: a fact's own fields, and those of the model it wraps."""
    inner = [
        wrapped
        for m in models
        if "claims" in m.model_fields
        for wrapped in _models_in(m.model_fields["value"].annotation)
    ]
    return [*models, *inner]


def _described(model: type[BaseModel], path: Steps) -> str | None:
    field = _field_at(model, path)
    description = field.description if field is not None else None
    if not description:
        return None
    first = description.split("\n")[0].rstrip(".")
    return first[0].lower() + first[1:] if not first[:2].isupper() else first


def _elsewhere(model: type[BaseModel], path: Steps) -> list[str]:
    """Return the one other place of this name in the group of fields beside it, such as ``signing.sign_by``."""
    beside = [
        spoken((*path[:-1], group, str(path[-1])))
        for group in _fields_at(model, path[:-1])
        if str(path[-1]) in _fields_at(model, (*path[:-1], group))
    ]
    return beside if len(beside) == 1 else []


def _fields_at(model: type[BaseModel], path: Steps) -> list[str]:
    if not path:
        return list(model.model_fields)
    field = _field_at(model, path)
    models = _unwrapped(list(_models_in(field.annotation))) if field is not None else []
    return list(dict.fromkeys(name for m in models for name in m.model_fields))


def _shown(value: object) -> str:
    """Return what was read on one short line, quoted, with nothing in it that a terminal would obey."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    text = "".join("\ufffd" if unicodedata.category(character) in HIDDEN else character for character in text)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f"'{text}'" if isinstance(value, str) else text


HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories whose characters a terminal would not show, or obey."""
