"""When things happen: the bars a Gantt picture is drawn from."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import model_validator

from schemas.text import Model, fault


class Bar(Model):
    """One row of a schedule."""

    id: str
    """Id within the document, such as ``A1``."""
    label: str
    """What is done or delivered."""
    start: date
    """First day."""
    end: date
    """Last day, included; the same as ``start`` for a milestone."""
    lead: str = ""
    """Who is responsible, by short name."""
    kind: Literal["activity", "deliverable", "milestone"] = "activity"
    """What it is; the picture shows each in its own form."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Bar:
        if self.end < self.start:
            raise fault(
                f"{self.id} ends on {self.end}, before it starts on {self.start}",
                expected="an end not before the start",
            )
        return self
