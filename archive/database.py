"""The domain database: SQLite on one machine, PostgreSQL for several, one code for both.

A write transaction is exclusive from its first statement (``BEGIN IMMEDIATE``; on PostgreSQL the lock on
``log_state``) and durable when it returns (WAL, ``synchronous=FULL``). A read transaction sees one instant.
Faults of the database leave this room as :class:`Unavailable`, :class:`Refused` or :class:`Invalid`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import NoReturn, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError as DriverInterfaceError,
    NoSuchModuleError,
    OperationalError as DriverOperationalError,
    SQLAlchemyError,
)

from schemas.errors import ConvenioError, Invalid, Refused, Unavailable

HEAD = "0004"
"""The schema revision this code works with. Known here so that Alembic is imported only where there is work for it."""

POLL_SECONDS = 0.001
"""How often somebody who waits for SQLite's one writer looks again."""

PATIENT_POLL_SECONDS = 0.008
"""How often a writer of many acts does: single acts and the publisher go first."""

MOST_WRITERS = 6
"""So many transactions of one process write or wait to: whoever reads finds a connection left in the pool of 15."""

UNDEFINED = ("42P01", "42703")
"""SQLSTATE of an undefined table and an undefined column."""

_MIGRATION_LOCK = 0x434F4E56
"""Advisory lock of PostgreSQL under which one process migrates."""


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


def open_database(url: str, *, wait_seconds: float = 30) -> Engine:
    """Return an engine on the database at ``url``, its schema at head.

    ``url`` is ``sqlite:////path/to/file`` or ``postgresql+psycopg://host/name``;
    ``wait_seconds`` is how long a transaction waits for another one's lock. Raises :class:`Refused` for a URL that
    names no database we know or a schema newer than this code, :class:`Unavailable` where the database does not answer.
    """
    try:
        parsed = make_url(url)
        postgresql = parsed.get_backend_name() == "postgresql"
        engine = create_engine(
            parsed,
            pool_pre_ping=True,
            # whoever reads sees one instant, as in SQLite by itself; writers ask for another level, in _connection
            isolation_level="REPEATABLE READ" if postgresql else None,
            connect_args=_connect_arguments(parsed, wait_seconds),
            execution_options={"convenio_turns": BoundedSemaphore(MOST_WRITERS), "convenio_wait_seconds": wait_seconds},
        )
    except (ArgumentError, NoSuchModuleError, ImportError) as cause:
        raise Refused(
            "no database can be opened at this address",
            got=_without_password(url),
            expected="sqlite:////path/to/file or postgresql+psycopg://host/name",
            remedy="correct the address; for PostgreSQL install the driver it names",
        ) from cause
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _raise_ours)
    try:
        _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that sees the database as of one instant."""
    with _connection(engine, writes=False) as connection:
        yield connection


@contextmanager
def writing(engine: Engine, *, patient: bool = False) -> Iterator[Connection]:
    """Yield a connection whose changes are all durable when the block ends, or, when it raises, all undone.

    A ``patient`` writer lets others go first where several wait.

    A raised :class:`Unavailable` at the end may also mean that the answer got lost after the changes were made:
    callers repeat the act, and every act here is idempotent by its key.
    """
    with _turn(engine), _connection(engine, writes=True, patient=patient) as connection:
        yield connection


def overwrite_erased(engine: Engine) -> None:
    """Have what was deleted disappear from SQLite's files: its log of writes still holds rows that are zeroed already.

    Raises :class:`Unavailable` while somebody else reads; the rows are deleted all the same.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, *_ = cursor.fetchone()
        cursor.close()
    finally:
        connection.close()
    if busy:
        raise Unavailable(
            "erased, but the database's log of writes could not be emptied yet",
            where=engine.url.database,
            remedy="nothing is lost by waiting: it is emptied when nobody reads; repeat any erasure to force it",
        )


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    options = engine.get_execution_options()
    if not options["convenio_turns"].acquire(timeout=options["convenio_wait_seconds"]):
        raise Unavailable("too many wait to write to the database", remedy="try again later")
    try:
        yield
    finally:
        options["convenio_turns"].release()


@contextmanager
def _connection(engine: Engine, *, writes: bool, patient: bool = False) -> Iterator[Connection]:
    options = {"convenio_writes": writes, "convenio_patient": patient}
    if writes and engine.dialect.name == "postgresql":
        # Writers queue on one row and must see what the writer before them committed.
        options["isolation_level"] = "READ COMMITTED"
    try:
        with engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection
    except SQLAlchemyError as cause:
        raise Unavailable("the database did not answer", got=cause, remedy="try again later") from cause


def _connect_arguments(url: URL, wait_seconds: float) -> dict[str, object]:
    if url.get_backend_name() == "sqlite":
        return {"timeout": wait_seconds}
    return {"options": f"-c lock_timeout={round(wait_seconds * 1000)}"}


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "not a URL"


def _configure_sqlite(connection: _DriverConnection, _record: object) -> None:
    # The driver's own transaction control begins too late for a consistent read and never immediately.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("convenio_writes"):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite's own waiting sleeps longer the longer it waited, so that whoever came last goes first
    (wait_milliseconds,) = connection.exec_driver_sql("PRAGMA busy_timeout").one()
    deadline = time.monotonic() + wait_milliseconds / 1000
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                break
            except Unavailable:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(PATIENT_POLL_SECONDS if options.get("convenio_patient") else POLL_SECONDS)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {wait_milliseconds}")


def _raise_ours(context: ExceptionContext) -> None:
    """Raise our own error in place of the driver's (SQLAlchemy calls this for every fault of a statement)."""
    fault = context.sqlalchemy_exception or context.original_exception
    if isinstance(fault, ConvenioError):
        return
    if _is_of_another_schema(context.original_exception) and context.engine is not None:
        _check_revision(context.engine)
    _raise_for(fault, context.original_exception)


def _raise_for(fault: BaseException, cause: BaseException) -> NoReturn:
    said = str(cause).strip()
    if isinstance(fault, IntegrityError):
        raise Refused("the database's own rules refuse this", got=said) from cause
    damaged = _is_of_another_schema(cause)
    if isinstance(fault, DriverOperationalError | DriverInterfaceError) and not damaged:
        raise Unavailable(
            "the database did not answer",
            got=said,
            remedy="see that its disk has room and nothing else holds it, then try again",
        ) from cause
    if isinstance(fault, DBAPIError):
        raise Invalid("the database is damaged or not ours", got=said, remedy="restore it from a backup") from cause
    raise fault


def _is_of_another_schema(cause: BaseException | None) -> bool:
    """Whether a table or column is not there: in PostgreSQL by SQLSTATE, in SQLite by what it says."""
    said = str(cause)
    return getattr(cause, "sqlstate", None) in UNDEFINED or said.startswith("no such") or "has no column" in said


def _check_revision(engine: Engine) -> None:
    """Raise :class:`Refused` where a newer version brought the database to its own schema while this process ran."""
    with reading(engine) as connection:
        found = _revision(connection)
    if found is not None and found != HEAD:
        raise Refused(
            "another version has changed the database since this process began",
            got=f"schema revision {found}",
            expected=f"schema revision {HEAD}",
            remedy="stop every process of Convenio, and start them with the newer version",
        )


def _migrate(engine: Engine) -> None:
    with reading(engine) as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if (found := _revision(connection)) == HEAD:
            return
        from archive.migrate import upgrade  # noqa: PLC0415  # Alembic takes longer to import than a fast command may

        upgrade(connection, found=found, target=HEAD)


def _revision(connection: Connection) -> str | None:
    """Return the schema revision, or ``None`` for a database without one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
