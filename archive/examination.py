"""Collects what a verification finds: whatever goes wrong inside a check becomes a finding, never a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from schemas.errors import ConvenioError, Unavailable
from schemas.evidence import Finding, Verdict, VerificationReport

T = TypeVar("T")


class Examination:
    """The findings of one verification in the order they are made."""

    def __init__(self) -> None:
        self._found: list[tuple[str, Verdict, str, str | None, str | None]] = []

    def found(
        self,
        part: str,
        verdict: Verdict,
        reason: str,
        place: str | None = None,
        sub_indication: str | None = None,
    ) -> None:
        """Add a finding; ``sub_indication`` is the standard's name for the reason, where it has one."""
        self._found.append((part, verdict, reason, place, sub_indication))

    def check(self, part: str, act: Callable[[], T], says: Callable[[T], str], *, place: str | None = None) -> T | None:
        """Run ``act``: what it returns is evidence, *valid* for the reason ``says`` gives; what it raises is *invalid*.

        Something unavailable is *indeterminate*. Returns ``None`` where there is no evidence.
        """
        evidence = self.attempt(part, act, place=place)
        if evidence is not None:
            self.found(part, Verdict.VALID, says(evidence), place)
        return evidence

    def attempt(self, part: str, act: Callable[[], T], *, place: str | None = None) -> T | None:
        """Run ``act`` and return its evidence without a finding; what it raises is one, and ``None`` is returned."""
        try:
            return act()
        except Unavailable as missing:
            self.found(part, Verdict.INDETERMINATE, _reason(missing), missing.where or place)
        except ConvenioError as fault:
            self.found(part, Verdict.INVALID, _reason(fault), fault.where or place)
        except Exception as fault:  # noqa: BLE001  # hostile bytes may raise anything; that is a verdict on them
            self.found(part, Verdict.INVALID, f"cannot be read: {type(fault).__name__}: {fault}", place)
        return None

    def report(self, subject: str) -> VerificationReport:
        """Return what was found about ``subject``; what a terminal would obey or reorder is written as an escape."""
        findings = (
            Finding(
                part=_plain(part),
                verdict=verdict,
                reason=_plain(reason),
                place=place and _plain(place),
                sub_indication=sub and _plain(sub),
            )
            for part, verdict, reason, place, sub in self._found
        )
        return VerificationReport(subject=_plain(subject), findings=tuple(findings))


def _plain(text: str) -> str:
    """Return hostile text safe to print: no control and no directional characters, at most 1,000 of any."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text[:1000])


def _reason(fault: ConvenioError) -> str:
    particulars = [f"{name} {text}" for name, text in (("got", fault.got), ("expected", fault.expected)) if text]
    return "; ".join([fault.what, *particulars])
