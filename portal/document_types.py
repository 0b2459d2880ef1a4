"""What people call the types of documents, in their language."""

from __future__ import annotations

from portal.visit import Visit
from schemas.documents import model_of


def type_name(visit: Visit, document_type: str) -> str:
    """Return what people call a type of document: ``Memorandum of understanding``."""
    return visit.language.say(model_of(document_type).kind)
