"""Running text in one language, or the same text in each language of a document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import GetJsonSchemaHandler, model_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.text import Model, Name, Paragraph, fault

Language = Literal["en", "es", "it", "pt"]
"""A language documents are written in, ISO 639-1."""

LANGUAGES: tuple[Language, ...] = ("en", "es", "it", "pt")


class Prose(Model):
    """A paragraph: a bare text in the document's language, or one text for each of its languages."""

    value: Paragraph | None = None
    """The text, in the document's language."""
    en: Paragraph | None = None
    """The text in English."""
    es: Paragraph | None = None
    """The text in Spanish."""
    it: Paragraph | None = None
    """The text in Italian."""
    pt: Paragraph | None = None
    """The text in Portuguese."""

    @model_validator(mode="before")
    @classmethod
    def _wrap_bare_text(cls, content: Any) -> Any:
        return content if isinstance(content, dict | Prose) else {"value": content}

    @model_validator(mode="after")
    def _says_something(self) -> Prose:
        if (self.value is None) != bool(self.translations):
            raise fault("is neither one text nor one for each language", expected="a text, or en, es, it, pt with one")
        return self

    @model_serializer
    def _as_written(self) -> str | dict[str, str]:
        return dict(self.translations) if self.value is None else self.value

    @property
    def translations(self) -> dict[str, str]:
        """The texts by language; empty where there is one bare text."""
        texts = {language: getattr(self, language) for language in LANGUAGES}
        return {language: text for language, text in texts.items() if text is not None}

    def in_language(self, language: str) -> str:
        """Return the text in ``language``; the bare one, or the first there is, where it has none."""
        if self.value is not None:
            return self.value
        return self.translations.get(language) or next(iter(self.translations.values()))

    def __str__(self) -> str:
        return self.in_language(LANGUAGES[0])

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say in the JSON Schema, too, that a bare text is enough."""
        schema = handler(core_schema)
        fields = handler.resolve_ref_schema(schema)["properties"]
        texts = {
            language: fields[language]["anyOf"][0] | {"description": fields[language]["description"]}
            for language in LANGUAGES
        }
        return {
            "title": cls.__name__,
            "description": cls.__doc__,
            "anyOf": [
                fields["value"]["anyOf"][0],
                {"type": "object", "additionalProperties": False, "minProperties": 1, "properties": texts},
            ],
        }


class Heading(Prose):
    """A heading or title: a bare text in the document's language, or one for each of its languages."""

    value: Name | None = None
    """The text, in the document's language."""
    en: Name | None = None
    """The text in English."""
    es: Name | None = None
    """The text in Spanish."""
    it: Name | None = None
    """The text in Italian."""
    pt: Name | None = None
    """The text in Portuguese."""
