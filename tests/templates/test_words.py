from __future__ import annotations

import tomllib
from enum import Enum
from typing import Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from schemas.clause import Position, Subject
from schemas.documents import model_of
from schemas.errors import TemplateFault
from schemas.events import Office
from schemas.fact import Status
from schemas.schedule import Bar
from templates.catalog import document_types_with_templates, editions_of
from templates.view import UNKNOWN
from templates.words import FILE, translated, word

CODES = {"type", "language", "second_language", "prevailing", "visibility", "call_profile", "order"}
"""Fields whose values are codes, which no document prints as words; ``order`` is that of signing."""


def enumerated(kind, seen):
    """Yield every value a model can hold where it holds one of a few."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in seen:
            seen.add(kind)
            for name, field in kind.model_fields.items():
                if name not in CODES:
                    yield from enumerated(field.annotation, seen)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(member.value) for member in kind)
    elif get_origin(kind) is Literal:
        yield from (value for value in get_args(kind) if isinstance(value, str))
    else:
        for part in get_args(kind):
            yield from enumerated(part, seen)


def translated_types():
    """Yield each document type and language that one of its templates has beside English."""
    for document_type in document_types_with_templates():
        names = {name for editions in editions_of(document_type).values() for name in editions}
        for language in sorted({language for name in names for language in name.split("-")} - {"en"}):
            yield document_type, language


@pytest.mark.parametrize(("document_type", "language"), list(translated_types()))
def test_every_enumerated_value_of_a_type_has_a_word_in_its_languages(document_type, language):
    values = set(enumerated(model_of(document_type), set()))
    assert values
    assert sorted(value for value in values if translated(value, language) is None) == []


@pytest.mark.parametrize("language", ["es", "it", "pt"])
def test_what_the_renderer_itself_writes_has_a_word(language):
    kinds = get_args(Bar.model_fields["kind"].annotation)
    for value in (UNKNOWN, *kinds, *(str(item) for enum in (Status, Position, Subject, Office) for item in enum)):
        assert word(value, language)


def test_english_is_the_value_itself_where_nothing_else_is_said():
    assert word("power of attorney", "en") == "power of attorney"
    assert word("statute", "en") == "statutes"
    assert word("power of attorney", "es") == "poder"


def test_missing_word_is_refused_with_what_to_add():
    with pytest.raises(TemplateFault, match="no word") as refusal:
        word("wishful thinking", "pt")
    assert refusal.value.remedy == 'add ["wishful thinking"] with pt = "..."'
    assert translated("wishful thinking", "pt") is None


def test_every_word_has_all_languages():
    words = tomllib.loads(FILE.read_text(encoding="utf-8"))
    assert {name: set(by_language) - {"en"} for name, by_language in words.items()} == {
        name: {"es", "it", "pt"} for name in words
    }
