"""The document types Convenio knows, by the name that stands in a file's ``type``."""

from __future__ import annotations

import json

from schemas.errors import InputError, Invalid
from schemas.evidence import canonical_json
from schemas.mou import Memorandum
from schemas.mou_rules import RULES
from schemas.rules import Rule

Document = Memorandum
"""Any document."""

DOCUMENT_TYPES: dict[str, tuple[type[Document], tuple[Rule[Document], ...]]] = {"mou": (Memorandum, RULES)}
"""Model and rules of each type."""


def model_of(document_type: str) -> type[Document]:
    """Return the model of a document type; raise :class:`InputError` naming the known ones."""
    if document_type not in DOCUMENT_TYPES:
        raise InputError(
            f"{document_type!r} is not a document type", got=document_type, expected=" or ".join(sorted(DOCUMENT_TYPES))
        )
    return DOCUMENT_TYPES[document_type][0]


def data_bytes(document: Document) -> bytes:
    """Return the document's data as RFC 8785 JSON: what is stored, embedded in the PDF and named by digest."""
    return canonical_json(document.model_dump(mode="json"))


def read_data(content: bytes) -> Document:
    """Return the document of stored data bytes (the inverse of :func:`data_bytes`).

    Raises :class:`Invalid` where they are not what :func:`data_bytes` writes.
    """
    try:
        parsed = json.loads(content)
        return model_of(str(parsed["type"])).model_validate(parsed)
    except (ValueError, TypeError, LookupError, RecursionError, InputError) as error:
        raise Invalid(
            "these bytes are no document's data", got=type(error).__name__, expected="data as stored"
        ) from error
