"""How often one token may ask: so many requests a minute, counted in this process."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from portal.api.problems import ApiRefusal
from schemas.evidence import Digest

REQUESTS = 240
WINDOW_SECONDS = 60
MOST_TOKENS = 10_000
"""So many tokens are counted at a time; more begin a new count."""


class Pace:
    """The counts of the present window; safe to use from several threads."""

    def __init__(self, requests: int = REQUESTS) -> None:
        self._requests = requests
        self._lock = Lock()
        self._window = 0
        self._counts: dict[Digest, int] = {}

    def take(self, token: Digest, now: datetime) -> None:
        """Count one request of a token; raise :class:`ApiRefusal` (429) where it asked too often."""
        window, passed = divmod(int(now.timestamp()), WINDOW_SECONDS)
        with self._lock:
            if window != self._window or len(self._counts) >= MOST_TOKENS:
                self._window, self._counts = window, {}
            count = self._counts[token] = self._counts.get(token, 0) + 1
        if count > self._requests:
            raise ApiRefusal(
                429,
                "too-many-requests",
                "this token asks too often",
                expected=f"at most {self._requests} requests within {WINDOW_SECONDS} seconds",
                remedy="wait as long as Retry-After says",
                headers={"Retry-After": str(WINDOW_SECONDS - passed)},
            )
