"""What a check finds in a template, each with the place where a person finds it in a word processor."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SHOWN_CHARACTERS = 100


class Severity(StrEnum):
    """What a finding means for the template."""

    ERROR = "error"
    """A draft would not be made, or would be wrong: the template is refused."""
    WARNING = "warning"
    """A draft is made as the template says; a person should look whether that is meant."""


@dataclass(frozen=True, slots=True)
class Place:
    """A paragraph as a person counts, from 1: tables through the whole part, rows and cells in their table.

    ``part`` is ``body``, ``header``, ``footnote 1``, ``document properties, title``, or the file of a library clause.
    ``paragraph`` counts within the cell, or within the part outside its tables. In a table inside a table, row and
    cell are those of the inner one. ``text`` is the whole paragraph, tags included.
    """

    part: str
    table: int | None = None
    row: int | None = None
    cell: int | None = None
    paragraph: int | None = None
    text: str = ""

    def __str__(self) -> str:
        counted = {"table": self.table, "row": self.row, "cell": self.cell, "paragraph": self.paragraph}
        where = ", ".join([self.part, *(f"{name} {number}" for name, number in counted.items() if number is not None)])
        return f"{where}: {shortened(self.text)}" if self.text else where


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, or one thing to look at; fields of the place as in :class:`Place`.

    ``got`` is what stands there, such as the tag; ``expected`` what may stand there; ``proposal`` what was probably
    meant. ``text`` is the paragraph, shortened.
    """

    severity: Severity
    message: str
    part: str
    table: int | None = None
    row: int | None = None
    cell: int | None = None
    paragraph: int | None = None
    text: str = ""
    got: str | None = None
    expected: str | None = None
    proposal: str | None = None

    @property
    def where(self) -> str:
        """The place in words: ``body, table 2, row 3, cell 1, paragraph 1: {{ party.vat }}``."""
        return str(Place(self.part, self.table, self.row, self.cell, self.paragraph, self.text))

    def as_json(self) -> dict[str, str | int | None]:
        """Return the fields by name, as JSON can hold them, and ``where``."""
        return {**dataclasses.asdict(self), "severity": str(self.severity), "where": self.where}

    def __str__(self) -> str:
        text = f"{self.severity}: {self.where}\n    {self.message}"
        if self.got is not None:
            text += f"; got {self.got}"
        if self.expected is not None:
            text += f"; expected {self.expected}"
        if self.proposal is not None:
            text += f"; did you mean {self.proposal}?"
        return text


class Findings:
    """Collects findings in the order they are met, each once."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def error(self, place: Place, message: str, **particulars: str | None) -> None:
        """Add what refuses the template; ``particulars`` are ``got``, ``expected`` and ``proposal``."""
        self.add(Severity.ERROR, place, message, **particulars)

    def warning(self, place: Place, message: str, **particulars: str | None) -> None:
        """Add what a person should look at; ``particulars`` as of an error."""
        self.add(Severity.WARNING, place, message, **particulars)

    def add(
        self,
        severity: Severity,
        place: Place,
        message: str,
        *,
        got: str | None = None,
        expected: str | None = None,
        proposal: str | None = None,
    ) -> None:
        """Add a finding, unless it is there already."""
        found = Finding(
            severity=severity,
            message=message,
            part=place.part,
            table=place.table,
            row=place.row,
            cell=place.cell,
            paragraph=place.paragraph,
            text=shortened(place.text),
            got=got,
            expected=expected,
            proposal=proposal,
        )
        self._found.setdefault(found)

    @property
    def all(self) -> tuple[Finding, ...]:
        """Every finding, errors first, else in the order they were met."""
        return tuple(sorted(self._found, key=lambda finding: finding.severity is not Severity.ERROR))


def shortened(text: str) -> str:
    """Return ``text`` with its end cut off where it is too long to show."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the one of ``known`` that ``word`` was probably meant to be."""
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1)), None)
