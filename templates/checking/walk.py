"""A walk over the tags of a template: where it is, what is known there, and how it says what is wrong."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import jinja2
from jinja2 import nodes

from templates.checking.findings import Findings, Place
from templates.checking.kinds import Shape
from templates.checking.written import written


@dataclass(slots=True)
class Spot:
    """The source walked now: of each line its place, its tag, and what the tag takes the place of."""

    places: tuple[Place, ...] = (Place(""),)
    texts: tuple[str, ...] = ("",)
    markers: tuple[str, ...] = ("",)


@dataclass(slots=True)
class Walk:
    """Where a walk over a template is, what is known there, and what was found so far."""

    environment: jinja2.Environment
    findings: Findings
    scopes: list[dict[str, Shape]]
    used: set[str] = field(default_factory=set)
    """Paths of the fields that were met."""
    present: frozenset[Hashable] = frozenset()
    """Keys of what is certain to have a value here."""
    choices: int = 0
    """How many of the conditions around this place ask for a choice."""
    spot: Spot = field(default_factory=Spot)
    line: int = 1
    silent: bool = False
    calls: list[int] = field(default_factory=list)
    """Lines of the macro calls that led here, the outermost first."""

    @contextmanager
    def knowing(self, keys: frozenset[Hashable], *, choice: bool = False) -> Iterator[None]:
        """Walk on where ``keys`` are certain to have a value."""
        present, self.present = self.present, self.present | keys
        self.choices += choice
        try:
            yield
        finally:
            self.present = present
            self.choices -= choice

    def at(self) -> Place:
        """Return the place of the step walked now."""
        index = min(max(self.line, 1), len(self.spot.places)) - 1
        return self.spot.places[index]

    def marker(self) -> str:
        """Return what the tag walked now takes the place of."""
        return self.spot.markers[min(max(self.line, 1), len(self.spot.markers)) - 1]

    def use(self, shape: Shape) -> Shape:
        """Return ``shape`` and remember that its field was met."""
        if shape.path:
            self.used.add(shape.path)
        self.used.update(shape.reads)
        return shape

    def settled(self, shape: Shape) -> Shape:
        """Return ``shape`` as it is here, where a condition may have told that it has a value."""
        return replace(shape, optional=False) if shape.optional and shape.key in self.present else shape

    def needs_value(self, shape: Shape, expression: nodes.Expr) -> None:
        """Say so where ``expression`` may be missing here."""
        if not shape.optional or shape.key in self.present or self.choices:
            return
        text = written(expression)
        self.error(
            f"{text} may be missing, and no condition asks for it",
            got=text,
            expected=f"{{% if {text} %}} around it",
        )

    def error(
        self,
        message: str,
        *,
        got: str | None = None,
        expected: str | None = None,
        proposal: str | None = None,
    ) -> None:
        """Add a fault of the tag walked now."""
        if self.silent:
            return
        tag = self.spot.texts[min(max(self.line, 1), len(self.spot.texts)) - 1]
        whole = tag.startswith("{") and (got is None or got in tag)
        self.findings.error(self.at(), message, got=tag if whole else got, expected=expected, proposal=proposal)
