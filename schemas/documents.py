"""The document types Convenio knows: one module of ``schemas.types`` each, named as the ``type`` in a file."""

from __future__ import annotations

import importlib
import json
import pkgutil

from schemas import types
from schemas.document import Document
from schemas.errors import InputError, Invalid
from schemas.evidence import canonical_json

__all__ = ["Document", "data_bytes", "document_types", "model_of", "read_data"]


def document_types() -> tuple[str, ...]:
    """Return the names of all document types, sorted; their modules are not imported."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(types.__path__)))


def model_of(document_type: str) -> type[Document]:
    """Return the model of a document type; raise :class:`InputError` naming the known ones."""
    known = document_types()
    if document_type not in known:
        raise InputError(f"{document_type!r} is not a document type", got=document_type, expected=" or ".join(known))
    module = importlib.import_module(f"{types.__name__}.{document_type}")
    for found in vars(module).values():
        if isinstance(found, type) and issubclass(found, Document) and found.__module__ == module.__name__:
            return found
    raise LookupError(f"{module.__name__} defines no document")


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
