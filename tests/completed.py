"""Documents without blanks: what an example leaves open is filled in, as its manager would do before a real use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from schemas.documents import Document
from schemas.fact import Fact, Status, facts

CANDIDATES: tuple[object, ...] = (
    "Filled in by the manager", "2021-01-04", "2021-01", "CZ", "0" * 63 + "1", "office@example.org", 12, "100.00",
    {"amount": "100.00", "currency": "EUR"}, {"member_count": 40, "sme_count": 30, "as_of": "2020-09-01"},
)  # fmt: skip


def completed(document: Document, answers: Mapping[str, object] | None = None) -> Document:
    """Return ``document`` with every fact stated: as ``answers`` say by path, as assumed, or as fits a blank."""
    given = dict(answers or {})
    content = document.model_dump(mode="json")
    for path, fact in facts(document):
        if path in given or fact.status is Status.BLANK:
            value = given.pop(path) if path in given else fitting(fact, document.parties[0].id)
            put(content, path, {"value": value, "status": "stated"})
        elif fact.is_open:
            put(content, path, {"value": fact.model_dump(mode="json")["value"], "status": "stated"})
    for path, value in given.items():
        put(content, path, value)
    return type(document).model_validate(content)


def fitting(fact: Fact[Any], *others: object) -> object:
    """Return the first of the candidates, of the choices of its type, or of ``others`` that the fact may hold."""
    kind = TypeAdapter(type(fact).model_fields["value"].annotation)
    for value in (*CANDIDATES, *choices(type(fact).model_fields["value"].annotation), *others):
        try:
            kind.validate_python(value)
        except ValidationError:
            continue
        return value
    raise AssertionError(f"no candidate fits {kind}")


def choices(annotation: Any) -> list[object]:
    """Return the words a literal type allows, wherever it stands in an annotation."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for part in get_args(annotation) for word in choices(part)]


def put(content: Any, path: str, value: object) -> None:
    """Set what stands at ``path`` (``parties[0].seat``) of plain JSON."""
    *steps, last = [int(s[1:-1]) if s.startswith("[") else s for s in path.replace("[", ".[").split(".")]
    for step in steps:
        content = content[step]
    content[last] = value
