"""Which signatures a document needs: their level, and the ways to sign that are accepted."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.evidence import Evidence
from schemas.signature import LEVELS, Level, SigningWay


def _can_be_asked_for(level: Level) -> Level:
    if level not in LEVELS:
        raise ValueError(f"a policy asks for one of {', '.join(LEVELS)}")
    return level


def _each_once(ways: tuple[SigningWay, ...]) -> tuple[SigningWay, ...]:
    return tuple(way for way in SigningWay if way in ways)


class SignaturePolicy(Evidence):
    """What the signatures of one type of document must be; a level asked for is never lowered in silence."""

    level: Annotated[Level, AfterValidator(_can_be_asked_for)] = Level.ARCHIVE
    ways: Annotated[tuple[SigningWay, ...], AfterValidator(_each_once)] = Field(
        default=tuple(SigningWay), min_length=1, description="ways to sign that are accepted"
    )
