"""The example of the repository as data, changed by the tests as little as each of them needs."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.documents import Document
from schemas.errors import Fault, InputError
from schemas.loader import parse_document
from schemas.source import read_source

EXAMPLE = Path(__file__).parents[2] / "examples" / "gssc" / "mou-czech-cape-verdean-chamber.yaml"


@pytest.fixture(scope="session")
def example_bytes() -> bytes:
    return EXAMPLE.read_bytes()


@pytest.fixture(scope="session")
def example(example_bytes: bytes) -> Document:
    return parse_document(example_bytes, name=EXAMPLE.name)


@pytest.fixture(scope="session")
def _content(example_bytes: bytes) -> dict[str, Any]:
    return read_source(example_bytes, name=EXAMPLE.name).content


@pytest.fixture
def data(_content: dict[str, Any]) -> dict[str, Any]:
    """A fresh copy of the example's fields."""
    return copy.deepcopy(_content)


@pytest.fixture(scope="session")
def parse() -> Callable[[object], Document]:
    """Load fields as if they stood in a JSON file."""
    return lambda content: parse_document(json.dumps(content, ensure_ascii=False, default=str).encode(), name="x.json")


@pytest.fixture(scope="session")
def faults_of(parse: Callable[[object], Document]) -> Callable[[object], tuple[Fault, ...]]:
    """Return the faults of fields, none where they make a document."""

    def faults(content: object) -> tuple[Fault, ...]:
        try:
            parse(content)
        except InputError as error:
            return error.faults
        return ()

    return faults
