"""The timestamp authority, asked for a token to see that it answers: once a minute at most, however often one looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from schemas.errors import ConvenioError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from flows.wiring import Installation

AT_MOST_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Answer:
    """What came of asking: its certificates where it answered, else the fault; ``answered_at`` is the last success."""

    asked_at: datetime
    answered_at: datetime | None
    certificates: tuple[Certificate, ...] = ()
    fault: str | None = None


class AuthorityWatch:
    """Remembers the last answer. While somebody waits for the authority, everybody else gets the answer before."""

    def __init__(self) -> None:
        self._last: Answer | None = None
        self._asking = Lock()

    def look(self, house: Installation) -> Answer:
        """Return how the authority was found within the last minute, asking it where nobody did."""
        last = self._last
        if last is not None and house.clock() - last.asked_at < AT_MOST_EVERY:
            return last
        if not self._asking.acquire(blocking=last is None):
            assert last is not None  # noqa: S101  # without an answer one waits
            return last
        try:
            if self._last is last:
                self._last = _asked(house, last)
            return self._last or _asked(house, None)
        finally:
            self._asking.release()


def _asked(house: Installation, last: Answer | None) -> Answer:
    from signing.trust import as_cryptography  # noqa: PLC0415  # heavy, and health is asked for without it

    now = house.clock()
    try:
        authority = house.keyring.timestamper
        authority.forget()
        certificates = tuple(as_cryptography(one) for one in authority.certificates())
    except ConvenioError as error:
        return Answer(now, last.answered_at if last else None, last.certificates if last else (), error.what)
    return Answer(now, now, certificates)
