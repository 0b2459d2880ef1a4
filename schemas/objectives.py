"""Specific objectives, the main objectives they support, and the rules between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Protocol

from pydantic import Field

from schemas.agreement import ObjectiveId, Project
from schemas.errors import Fault
from schemas.prose import Prose
from schemas.rules import each, those
from schemas.text import Model

SpecificObjectiveId = Annotated[str, Field(pattern=r"^SO[1-9][0-9]{0,2}$", examples=["SO1"])]
"""SO1, SO2 and so on."""


class SpecificObjective(Model):
    """A specific objective, measurable within the project."""

    id: SpecificObjectiveId
    """SO1, SO2 and so on."""
    text: Prose
    """The objective."""
    supports: Annotated[tuple[ObjectiveId, ...], Field(min_length=1)]
    """Ids of the project's main objectives it supports, one or more."""


class WithObjectives(Protocol):
    """A document with main and specific objectives."""

    project: Project
    specific_objectives: tuple[SpecificObjective, ...]


def specific_objectives_support_main_ones(document: WithObjectives) -> Iterator[Fault]:
    """Rule 3: each specific objective supports defined main objectives, and every main objective is supported."""
    main = [objective.id for _, objective in each(document.project.objectives)]
    seen: set[str] = set()
    supported: set[str] = set()
    for index, specific in each(document.specific_objectives):
        if specific.id in seen:
            yield Fault(
                f"specific_objectives[{index}].id", "is used twice", read=specific.id, expected="an id of its own"
            )
        seen.add(specific.id)
        for number, read in each(specific.supports):
            yield from undefined(f"specific_objectives[{index}].supports[{number}]", read, main, "a main objective")
        supported |= set(specific.supports)
    if not seen:
        return
    for index, objective in each(document.project.objectives):
        if objective.id not in supported:
            yield Fault(
                f"project.objectives[{index}]", f"no specific objective supports {objective.id}", read=objective.id,
                expected="a specific objective that supports it",
            )  # fmt: skip


def undefined(path: str, read: str, known: Sequence[str], what: str) -> Iterator[Fault]:
    """Yield the fault that ``read`` is none of the ``known`` ids: ``O6 is not defined; O1 to O5 are``."""
    if read not in known:
        yield Fault(path, f"{read} is not defined; {those(known)}", read=read, expected=f"{what} of this document")
