"""The findings of a check: each part that holds, and each attack under its name, a bounded number of each."""

from __future__ import annotations

from collections import Counter

from archive.attack import Attack
from archive.examination import Examination
from schemas.evidence import Verdict, VerificationReport

SHOWN_OF_EACH = 20
"""Of one attack so many places are listed; the rest are counted."""


class Findings:
    """Collects what a check finds, in order."""

    def __init__(self) -> None:
        self._examination = Examination()
        self._counts: Counter[Attack] = Counter()

    @property
    def attacks(self) -> int:
        """How many attacks were found so far."""
        return self._counts.total()

    def holds(self, part: str, reason: str, place: str | None = None) -> None:
        """Add that ``part`` was proved."""
        self._examination.found(part, Verdict.VALID, reason, place)

    def open(self, part: str, reason: str, place: str | None = None) -> None:
        """Add that nothing contradicts ``part``, and nothing proves it yet."""
        self._examination.found(part, Verdict.INDETERMINATE, reason, place)

    def attack(self, attack: Attack, reason: str, place: str | None = None) -> None:
        """Add an attack, named, where it was found."""
        self._counts[attack] += 1
        if self._counts[attack] <= SHOWN_OF_EACH:
            self._examination.found(attack, Verdict.INVALID, reason, place)

    def report(self, subject: str) -> VerificationReport:
        """Return all of them; of an attack found in many places the first ones, and how many there are."""
        for attack, count in self._counts.items():
            if count > SHOWN_OF_EACH:
                self._examination.found(attack, Verdict.INVALID, f"{count - SHOWN_OF_EACH} more of these")
        return self._examination.report(subject)
