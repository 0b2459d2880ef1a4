"""Single words by language: enumerated values of the data, which are English words, as a document prints them."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

from schemas.errors import TemplateFault

FILE = Path(__file__).with_name("words.toml")


def word(value: str, language: str) -> str:
    """Return an enumerated value in ``language`` (ISO 639-1): ``power of attorney``, ``poder``.

    English is the value itself where ``words.toml`` says nothing else. Raises :class:`TemplateFault` where the file has
    no such word.
    """
    if (found := translated(value, language)) is not None:
        return found
    raise TemplateFault(
        f"there is no word for {value!r} in {language}",
        where="templates/words.toml",
        got=value,
        expected=", ".join(sorted(text for text, by_language in _words().items() if language in by_language)),
        remedy=f'add ["{value}"] with {language} = "..."',
    )


def translated(value: str, language: str) -> str | None:
    """Return an enumerated value in ``language``, or ``None`` where ``words.toml`` has no such word."""
    return _words().get(value, {}).get(language, value if language == "en" else None)


@functools.cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))
