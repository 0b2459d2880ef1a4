"""The publisher's lease: one process at a time publishes, and one that was overtaken notices before it writes.

One row holds a token that only grows. Whoever takes the lease raises it; every durable step afterwards asks whether
the token is still the row's. Clocks decide only how long others wait for a publisher that died, never who may write.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Row, select, update

from archive.database import reading, writing
from archive.tables import publisher
from schemas.errors import Invalid, Unavailable

LEASE = timedelta(seconds=10)
"""How long a publisher that says nothing more is waited for."""


class Overtaken(Unavailable):
    """Another publisher took over; what this one did is complete or will be completed by the other."""


class Lease:
    """The right to publish, under its token; made by :meth:`take`. ``clock`` gives aware instants."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], *, token: int, until: datetime) -> None:
        self._engine = engine
        self._clock = clock
        self._token = token
        self._until = until

    @classmethod
    def take(cls, engine: Engine, clock: Callable[[], datetime]) -> Lease | None:
        """Return the lease, ``None`` while somebody else holds it."""
        with reading(engine) as connection:
            if _is_held(_row(connection), clock()):
                return None
        with writing(engine) as connection:
            row, now = _row(connection, lock=True), clock()
            if _is_held(row, now):
                return None
            token, until = row.token + 1, now + LEASE
            connection.execute(update(publisher).values(token=token, holder=f"{token}", until=until))
        return cls(engine, clock, token=token, until=until)

    def check(self, connection: Connection) -> None:
        """Raise :class:`Overtaken` unless the lease still holds; in a write transaction it then holds to its end."""
        found = _row(connection, lock=connection.get_execution_options().get("convenio_writes", False)).token
        if found != self._token:
            raise Overtaken(
                "another publisher took over",
                where=f"publisher {self._token}",
                got=f"publisher {found}",
                remedy="nothing is lost: the other one publishes everything",
            )

    def renew(self) -> None:
        """Hold the lease on; raises :class:`Overtaken` where it is another's."""
        now = self._clock()
        if self._until - now > LEASE / 2:
            with reading(self._engine) as connection:
                self.check(connection)
            return
        with writing(self._engine) as connection:
            self.check(connection)
            connection.execute(update(publisher).values(until=now + LEASE))
        self._until = now + LEASE

    def give_back(self) -> None:
        """Let the next publisher begin at once; does nothing where the lease is another's by now."""
        with writing(self._engine) as connection:
            mine = publisher.c.token == self._token
            connection.execute(update(publisher).where(mine).values(holder=None, until=None))


def _row(connection: Connection, *, lock: bool = False) -> Row:
    statement = select(publisher)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise Invalid("the publisher's row is missing", where="publisher", remedy="restore the database")
    return row


def _is_held(row: Row, now: datetime) -> bool:
    # a lease that reaches too far ahead is of a clock that was wrong
    return row.holder is not None and row.until is not None and now < row.until <= now + 2 * LEASE
