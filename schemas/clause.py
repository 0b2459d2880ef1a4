"""A clause added to a document beyond its template's own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, Strict

from schemas.text import Identifier, Model, Name, Paragraph


class Subject(StrEnum):
    """What a clause is about."""

    GENERAL = "general"
    PAYMENT = "payment"
    EXCLUSIVITY = "exclusivity"
    PENALTY = "penalty"
    LIABILITY = "liability"
    INTELLECTUAL_PROPERTY = "intellectual property"
    DATA_TRANSFER = "data transfer"


class Clause(Model):
    """A numbered clause with its heading and paragraphs."""

    id: Identifier
    """Stable id of the clause."""
    version: Annotated[int, Strict(), Field(ge=1, le=10_000)] = 1
    """Version of its text."""
    position: Literal["standard", "fallback", "deviation"] = "standard"
    """How it stands to the playbook."""
    subject: Subject = Subject.GENERAL
    """What it is about."""
    heading: Name
    """Heading."""
    paragraphs: Annotated[tuple[Paragraph, ...], Field(min_length=1)]
    """Text, one entry per paragraph."""
