"""How much a template may do: characters it may make and time it may take, however its loops and macros are nested.

A budget is spent where something grows or repeats: at each turn of a loop and each call of a macro (for the text
inside, even where nothing is printed), at each value printed, and at each text joined. No other construct of the
sandboxed language can grow faster than its own source.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MAX_CHARACTERS = 20_000_000
MAX_SECONDS = 8.0


class TooMuch(Exception):
    """A template spent its budget; turned into a :class:`TemplateFault` with the place where it did."""


class Budget:
    """What is left to spend in one rendering."""

    __slots__ = ("deadline", "left")

    def __init__(self, characters: int | None = None, seconds: float | None = None) -> None:
        self.left = MAX_CHARACTERS if characters is None else characters
        self.deadline = time.monotonic() + (MAX_SECONDS if seconds is None else seconds)

    def check(self) -> None:
        """Raise :class:`TooMuch` where nothing is left."""
        if self.left < 0:
            raise TooMuch(f"more than {MAX_CHARACTERS} characters")
        if time.monotonic() > self.deadline:
            raise TooMuch(f"more than {MAX_SECONDS:g} s")


_UNLIMITED = Budget(10**18, 10**9)
_budget: ContextVar[Budget] = ContextVar("budget", default=_UNLIMITED)


current = _budget.get
"""The budget of the rendering under way; without limits outside of one."""


def spend(characters: int) -> None:
    """Spend where something repeats or grows: characters, and the time is looked at."""
    budget = current()
    budget.left -= characters
    if budget.left < 0 or time.monotonic() > budget.deadline:
        budget.check()


@contextmanager
def limited(budget: Budget | None = None) -> Iterator[None]:
    """Limit what is rendered inside; a rendering within another one spends from the outer budget."""
    if _budget.get() is not _UNLIMITED:
        yield
        return
    token = _budget.set(budget or Budget())
    try:
        yield
    finally:
        _budget.reset(token)
