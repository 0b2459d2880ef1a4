"""What each name of a template stands for where no loop, macro or step has bound another."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator
from dataclasses import replace

import jinja2
from jinja2 import nodes

from schemas.document import Document
from templates.checking.kinds import Shape, Thing, members, shape_of
from templates.checking.vocabulary import BESIDE, FILTERS

IN_WORD_FILES = frozenset({"clause", "clause_pair", "added", "added_pairs", "left", "right"})
"""What the Word file may use, and the text of a clause may not."""
PAIR_FIELDS = ("second_language", "prevailing")
"""What every document in two languages has."""


@functools.cache
def environment() -> jinja2.Environment:
    """Return the environment templates are read with; nothing is run in it."""
    read = jinja2.Environment(autoescape=True)
    read.filters = dict.fromkeys(FILTERS, str)
    return read


@functools.lru_cache(maxsize=1024)
def syntax_of(source: str) -> nodes.Template:
    """Return the syntax tree of a source; raise Jinja's ``TemplateSyntaxError`` where it cannot be read."""
    return environment().parse(source)


def document_names(model: type[Document], languages: tuple[str, ...]) -> dict[str, Shape]:
    """Return what each name at the beginning of an expression stands for."""
    both = len(languages) > 1
    # Both languages of a document say the same: what one has, the other has.
    sides = dict.fromkeys(("left", "right") if both else ("left",), Shape((Thing(model),), path="", key="document"))
    beside = {name: known.shape for name, known in BESIDE.items() if both or not known.pair_only} | sides
    return dict(_fields(model)) | {name: _beside(name, shape) for name, shape in beside.items()}


def clause_names(model: type[Document]) -> dict[str, Shape]:
    """Return the names that the text of a clause may use: it sees the document, and includes no other clause."""
    known = document_names(model, ("en",))
    fields = dict(_fields(model))
    return {name: shape for name, shape in known.items() if name not in IN_WORD_FILES} | {
        name: shape for name, shape in fields.items() if name in IN_WORD_FILES
    }


def certain_keys(languages: tuple[str, ...]) -> frozenset[Hashable]:
    """Return the keys of what every document in ``languages`` has."""
    return frozenset(("document", name) for name in PAIR_FIELDS) if len(languages) > 1 else frozenset()


def _fields(model: type[Document]) -> Iterator[tuple[str, Shape]]:
    for name, annotation in members(model):
        yield name, shape_of(annotation).at(name, ("document", name))


def _beside(name: str, shape: Shape) -> Shape:
    return replace(shape, path=name if shape.path is None else shape.path, key=shape.key or ("beside", name))
