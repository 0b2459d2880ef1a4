"""The page about the REST interface: what it shows is what there is, and its program runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from flows.webhook_post import signature
from portal import api
from portal.api.description import describe
from portal.api.problems import Problem
from schemas.webhook import Told

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
SIGNED_AT = datetime(2026, 3, 2, tzinfo=UTC)


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@cache
def verifier() -> Callable[..., bool]:
    """Return the function with which the page verifies messages."""
    (program,) = _blocks("python")
    names: dict[str, Callable[..., bool]] = {}
    exec(program, names)
    return names["is_ours"]


def test_the_program_of_the_page_takes_our_messages_and_no_others():
    body, now = b'{"id": 1}', SIGNED_AT.timestamp()
    header = signature(b"whsec_x", body, SIGNED_AT)
    assert verifier()("whsec_x", header, body, now=now + 299)
    assert not verifier()("whsec_x", header, body, now=now + 301)
    assert not verifier()("whsec_x", header, body + b" ", now=now)
    assert not verifier()("whsec_y", header, body, now=now)


def test_the_examples_of_the_page_are_what_is_sent():
    refusal, message = map(json.loads, _blocks("json"))
    assert Problem.model_validate(refusal).model_dump(exclude_none=True) == refusal
    assert Told.model_validate(message).model_dump(mode="json") == message


def test_the_page_names_every_resource():
    text = PAGE.read_text()
    described = describe(api.ROUTERS)["paths"]
    said = {"{agreement}": "{id}", "{document_type}": "{type}", "{leaf_index}": "{n}"}
    for path in described:
        short = path.removeprefix("/api/v1")
        for name, written in said.items():
            short = short.replace(name, written)
        whole = short in text or short.startswith("/webhooks/")
        assert whole or f"`/{short.rpartition('/')[2]}" in text, short
