"""The Prefect server's own process: ``python -m flows.server_process DATABASE PRISTINE``, settings in ``PREFECT_*``.

It differs from ``prefect server start`` in two things. Prefect opens SQLite transactions as DEFERRED; one that
reads and then writes while another wrote fails at once (SQLITE_BUSY_SNAPSHOT, https://sqlite.org/rescode.html),
and the client repeats the call only after two to four seconds. IMMEDIATE transactions wait for milliseconds instead.
And a fresh database begins as a copy of PRISTINE, an empty database brought to this version's schema once: the
migrations cost ten seconds of computing.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import uvicorn
from prefect.server.api.server import create_app
from prefect.server.database import provide_database_interface
from prefect.settings import get_current_settings
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

GRACE_SECONDS = 5
"""How long open connections (a browser with the UI) may delay the end."""


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    database, pristine = map(Path, sys.argv[1:])
    begin_database(database, pristine)
    event.listen(Engine, "before_cursor_execute", begin_immediately, retval=True)
    api = get_current_settings().server.api
    uvicorn.run(
        create_app(final=True),
        host=api.host,
        port=api.port,
        timeout_keep_alive=api.keepalive_timeout,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_level="warning",
    )


def begin_database(database: Path, pristine: Path) -> None:
    """Make ``database`` from ``pristine`` where there is none yet, and ``pristine`` where it is missing.

    ``pristine`` is a convenience: where it cannot be kept, Prefect's own migrations do the same, slower.
    """
    if database.exists():
        return
    with suppress(OSError, sqlite3.Error):
        if not _sound(pristine):
            asyncio.run(_migrate())
            _copy_whole(database, pristine)
            return
        draft = database.with_name(f".{database.name}.{secrets.token_hex(8)}")
        shutil.copyfile(pristine, draft)
        draft.replace(database)


def _sound(pristine: Path) -> bool:
    if not pristine.exists():
        return False
    try:
        with closing(sqlite3.connect(f"file:{pristine}?mode=ro", uri=True)) as connection:
            return connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        return False


async def _migrate() -> None:
    interface = provide_database_interface()
    await interface.create_db()
    await (await interface.engine()).dispose()


def _copy_whole(database: Path, pristine: Path) -> None:
    pristine.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = pristine.with_name(f".{pristine.name}.{secrets.token_hex(8)}")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(draft),))
    draft.replace(pristine)


def begin_immediately(
    _connection: Connection,
    _cursor: object,
    statement: str,
    parameters: object,
    _context: object,
    _executemany: bool,  # noqa: FBT001  # the signature is SQLAlchemy's
) -> tuple[str, object]:
    """Return the statement to execute: a deferred BEGIN takes the write lock at once, all others stay."""
    return ("BEGIN IMMEDIATE" if statement == "BEGIN DEFERRED" else statement), parameters


if __name__ == "__main__":
    main()
