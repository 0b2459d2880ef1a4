"""Clauses: what the data adds to a document's template or puts in place of one of its clauses, and what they touch."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field, Strict

from schemas.events import Office
from schemas.prose import Heading, Prose
from schemas.text import Identifier, Model


class Subject(StrEnum):
    """What a clause is about."""

    GENERAL = "general"
    PAYMENT = "payment"
    EXCLUSIVITY = "exclusivity"
    PENALTY = "penalty"
    LIABILITY = "liability"
    INTELLECTUAL_PROPERTY = "intellectual property"
    DATA_TRANSFER = "data transfer"


class Position(StrEnum):
    """How a clause stands to the clause library."""

    STANDARD = "standard"
    """What the library proposes."""
    FALLBACK = "fallback"
    """What the library accepts instead."""
    DEVIATION = "deviation"
    """What the library does not provide for."""


class Choice(Model):
    """The choice of a fallback in place of a clause of the library."""

    clause: Identifier
    """Id of the library's clause."""
    use: Identifier
    """Id of the library's fallback for it."""


class Clause(Model):
    """A numbered clause with its heading and paragraphs; the library does not know it: it is a deviation."""

    id: Identifier
    """Stable id of the clause."""
    version: Annotated[int, Strict(), Field(ge=1, le=10_000)] = 1
    """Version of its text."""
    subject: Subject = Subject.GENERAL
    """What it is about."""
    replaces: Identifier | None = None
    """Id of the library's clause in whose place it stands; without it, it is added."""
    heading: Heading
    """Heading."""
    paragraphs: Annotated[tuple[Prose, ...], Field(min_length=1)]
    """Text, one entry per paragraph."""

    @property
    def position(self) -> Position:
        """How it stands to the library: always a deviation."""
        return Position.DEVIATION


FINANCIAL = frozenset({Subject.PAYMENT, Subject.PENALTY, Subject.LIABILITY, Subject.INTELLECTUAL_PROPERTY})
"""Subjects that finance has to approve, too."""


def offices_for(subjects: Iterable[Subject], positions: Iterable[Position]) -> tuple[Office, ...]:
    """Return whose approval a document needs: legal; finance on money, IP or liability; the director on a deviation."""
    needed = [Office.LEGAL]
    if not FINANCIAL.isdisjoint(subjects):
        needed.append(Office.FINANCE)
    if Position.DEVIATION in positions:
        needed.append(Office.DIRECTOR)
    return tuple(needed)
