"""Evidence as RFC 8785 JSON: one value, one text, so that reading and writing again gives the same bytes."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from schemas.errors import Invalid
from schemas.evidence import canonical_json

Kind = TypeVar("Kind", bound=BaseModel)


def exact_json(value: BaseModel) -> bytes:
    """Return ``value`` as RFC 8785 JSON."""
    return canonical_json(value.model_dump(mode="json"))


def read_exact(kind: type[Kind], content: bytes, *, where: str) -> Kind:
    """Return the ``kind`` that ``content`` is; raises :class:`Invalid` unless writing it again gives the same bytes."""
    try:
        value = kind.model_validate_json(content)
        again = exact_json(value)
    except ValidationError as cause:
        raise Invalid("this cannot be read", where=where, got=first_fault(cause), expected=kind.__name__) from cause
    except ValueError as cause:
        raise Invalid("this has no canonical form", where=where, got=cause, expected=kind.__name__) from cause
    if again != content:
        raise Invalid(
            "this is not in canonical form",
            where=where,
            got=content[:200].decode(errors="replace"),
            expected=again[:200].decode(),
        )
    return value


def first_fault(cause: ValidationError) -> str:
    """Return the first fault of a validation as ``field: reason``."""
    fault = cause.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}"
