"""What a careful reader would ask about a document that breaks no rule. Advice never changes or blocks anything."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from pydantic import BaseModel

from schemas.documents import Document
from schemas.errors import Fault

NEAR = 0.85
"""Share of letters in common (Ratcliff and Obershelp) from which two spellings may mean one organisation."""


def advice(document: Document) -> tuple[Fault, ...]:
    """Return a note for each place that spells an organisation's name nearly, but not quite, as the document does.

    ``Acclima`` beside ``Aclima``: the note stands at the second spelling and proposes the name as the party bears it.
    """
    notes: dict[str, Fault] = {}
    texts = tuple(_texts(document, ""))
    for path, name in _names(document):
        words = name.split()
        for place, text in texts:
            for spelling in difflib.get_close_matches(name, _phrases(text, len(words)), n=1, cutoff=NEAR):
                if place != path and _is_another_spelling(name, spelling) and spelling not in notes:
                    notes[spelling] = Fault(
                        place, f"{spelling} is spelt {name} in {path}: one organisation?", read=spelling, proposal=name
                    )
    return tuple(notes.values())


def _names(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the organisations' names with their paths: parties first, then those they act for."""
    for index, party in enumerate(document.parties):
        path = f"parties[{index}]"
        yield from ((f"{path}.legal_name", name) for name in [party.legal_name.value] if name)
        yield from ((f"{path}.latin_name", name) for name in [party.latin_name] if name)
        if party.acts_for is not None:
            for number, member in enumerate(party.acts_for.members):
                if member.name.value:
                    yield f"{path}.acts_for.members[{number}].name", member.name.value


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield every text of the document with its path; a fact's value stands at the path of the fact."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            here = path if name == "value" else f"{path}.{name}" if path else name
            yield from _texts(getattr(value, name), here)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def _phrases(text: str, length: int) -> set[str]:
    """Return the phrases of ``length`` words of ``text`` that begin as a name does."""
    words = [word.strip(".,;:()\"'") for word in text.split()]
    phrases = (" ".join(words[start : start + length]) for start in range(len(words) - length + 1))
    return {phrase for phrase in phrases if len(phrase) >= 5 and phrase[:1].isupper()}


def _is_another_spelling(name: str, spelling: str) -> bool:
    """Whether letters differ: not capitals or punctuation alone, and not one form being the other's genitive."""
    one, other = (re.sub(r"\W", "", text).casefold() for text in (name, spelling))
    return one != other and other not in {one + "s", one + "es"}
