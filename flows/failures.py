"""Failures: kept in the outbox, found again by who asks for them, and told without personal data.

The whole diagnosis is for the log of the runner, which only the owner of the home reads. Prefect and the health page
are read by others, and no right to erasure reaches them (GDPR 17): they get an outline.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from flows.due import Due, due_stage
from schemas.errors import ConvenioError, InputError, NotAuthorised, Unavailable
from schemas.evidence import AgreementId

if TYPE_CHECKING:
    from archive.outbox import OutboxRow
    from flows.wiring import Installation

DIAGNOSED_IN = "logs/runner.log"
"""Where in the home the whole diagnosis stands."""

MAIL_ADDRESS = re.compile(r"[^\s<>(),;:\"]+@[^\s<>(),;:\"]+")


def headline(error: Exception) -> str:
    """Return what failed in one line without personal data: the class and what happened, not what was read."""
    if not isinstance(error, ConvenioError):
        return f"unexpected fault: {type(error).__name__}"
    if isinstance(error, NotAuthorised):
        return f"{type(error).__name__}: whoever asked may not do this"
    return _without_addresses(f"{type(error).__name__}: {error.what}".partition("\n")[0])


def outline(error: Exception) -> str:
    """Return the headline, a line for each fault of an input with its place and message, and where the rest stands."""
    lines = [headline(error)]
    if isinstance(error, InputError):
        bare = [replace(fault, read=None, expected=None, proposal=None) for fault in error.faults]
        lines += [f"  {_without_addresses(str(fault))}" for fault in bare]
    return "\n".join([*lines, f"the whole diagnosis stands in {DIAGNOSED_IN}"])


def may_pass(error: Exception) -> bool:
    """Say whether a failure may pass by itself; an unexpected one is given the benefit of the doubt."""
    return isinstance(error, Unavailable) or not isinstance(error, ConvenioError)


def keep_failure(house: Installation, due: Due, error: Exception) -> None:
    """Note in the outbox that the run of a stage failed."""
    house.outbox.mark_failed(
        due.stage, due.agreement, due.version, headline(error), retry=may_pass(error), now=house.clock()
    )


def standing_failures(house: Installation, agreement: AgreementId | None = None) -> tuple[OutboxRow, ...]:
    """Return the failed runs whose stage is still due, the newest first; of one agreement or of all.

    A stage done since, overtaken by a newer draft or just being attempted again is none of them.
    """
    return tuple(row for row in house.outbox.failures(agreement) if _still_due(house, row))


def _still_due(house: Installation, row: OutboxRow) -> bool:
    if row.stage in {"notify", "webhook"}:
        return row.done_at is None
    return due_stage(house.ledger.state(row.agreement)) == Due(row.stage, row.agreement, row.version)


def _without_addresses(text: str) -> str:
    return MAIL_ADDRESS.sub("(a mail address)", text)
