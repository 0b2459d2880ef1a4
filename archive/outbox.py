"""The outbox: stages that are due, written in the transaction that makes them due, started afterwards.

At least once: a row stays due until its run was started, and its key makes a second start the same run. How a run
failed stands with its row, so that it is seen where nobody looks at runs.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, func, insert, select, update

from archive import tables
from archive.database import reading, writing
from schemas.errors import ConflictingContent, Refused
from schemas.evidence import AgreementId, Digest, Evidence, Instant, canonical_json, digest_of


class OutboxRow(Evidence):
    """One stage to start for one version of an agreement (its draft, or whatever the stage counts).

    ``attempt`` counts from 1; another attempt is another row. ``run_id`` is the run that was started. ``failure``
    says in one line how the run failed, or why none could be started; ``retry``, whether that may pass by itself.
    ``done_at`` is kept of stages whose end the ledger does not show.
    """

    id: Digest
    stage: str
    agreement: AgreementId
    version: int
    attempt: int
    created_at: Instant
    dispatched_at: Instant | None = None
    run_id: str | None = None
    failed_at: Instant | None = None
    failure: str | None = None
    retry: bool = False
    done_at: Instant | None = None


class Outbox:
    """The outbox in one database, as the dispatcher sees it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, limit: int = 100) -> tuple[OutboxRow, ...]:
        """Return at most ``limit`` rows neither dispatched nor failed, the oldest first."""
        columns = tables.outbox.c
        statement = (
            select(tables.outbox)
            .where(columns.dispatched_at.is_(None), columns.failed_at.is_(None))
            .order_by(columns.created_at, columns.agreement, columns.version, columns.stage, columns.attempt)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return tuple(OutboxRow.model_validate(dict(row)) for row in connection.execute(statement).mappings())

    def waiting(self, since: datetime) -> tuple[OutboxRow | None, int]:
        """Return the oldest row due since before ``since``, and how many of these there are."""
        columns = tables.outbox.c
        left = columns.dispatched_at.is_(None) & columns.failed_at.is_(None) & (columns.created_at < since)
        with reading(self._engine) as connection:
            oldest = connection.execute(select(tables.outbox).where(left).order_by(columns.created_at).limit(1))
            row = oldest.mappings().one_or_none()
            count = connection.execute(select(func.count()).select_from(tables.outbox).where(left)).scalar_one()
        return None if row is None else OutboxRow.model_validate(dict(row)), count

    def failures(self, agreement: AgreementId | str | None = None) -> tuple[OutboxRow, ...]:
        """Return every row that failed and was not attempted again, the newest failure first; of one agreement or all.

        Whether the agreement went on since, by a new draft or by hand, is for the ledger to say.
        """
        columns, later = tables.outbox.c, tables.outbox.alias("later")
        again = (
            select(later.c.id)
            .where(
                later.c.stage == columns.stage,
                later.c.agreement == columns.agreement,
                later.c.version == columns.version,
                later.c.attempt > columns.attempt,
            )
            .exists()
        )
        statement = (
            select(tables.outbox)
            .where(columns.failed_at.is_not(None), ~again)
            .order_by(columns.failed_at.desc(), columns.agreement, columns.stage)
        )
        if agreement is not None:
            statement = statement.where(columns.agreement == agreement)
        with reading(self._engine) as connection:
            return tuple(OutboxRow.model_validate(dict(row)) for row in connection.execute(statement).mappings())

    def attempts(self, stage: str, agreement: AgreementId | str, version: int) -> tuple[OutboxRow, ...]:
        """Return every attempt at one stage of one version, the first one first."""
        columns = tables.outbox.c
        same = (columns.stage == stage) & (columns.agreement == agreement) & (columns.version == version)
        with reading(self._engine) as connection:
            rows = connection.execute(select(tables.outbox).where(same).order_by(columns.attempt)).mappings()
            return tuple(OutboxRow.model_validate(dict(row)) for row in rows)

    def unfinished(self, stage: str) -> tuple[OutboxRow, ...]:
        """Return the newest attempt at each version of ``stage`` that was not marked as done, the oldest first."""
        columns = tables.outbox.c
        left = select(tables.outbox).where(columns.stage == stage, columns.done_at.is_(None))
        with reading(self._engine) as connection:
            rows = connection.execute(left.order_by(columns.created_at, columns.attempt)).mappings()
            newest = {(row["agreement"], row["version"]): OutboxRow.model_validate(dict(row)) for row in rows}
        return tuple(newest.values())

    def mark_done(self, stage: str, agreement: AgreementId | str, version: int, now: datetime) -> None:
        """Note on every attempt at one stage of one version that it is done; the first time stays."""
        columns = tables.outbox.c
        same = (columns.stage == stage) & (columns.agreement == agreement) & (columns.version == version)
        with writing(self._engine) as connection:
            connection.execute(update(tables.outbox).where(same, columns.done_at.is_(None)).values(done_at=now))

    def mark_dispatched(self, row: OutboxRow, run_id: str, now: datetime) -> OutboxRow:
        """Note that run ``run_id`` was started for ``row``; the same run again changes nothing.

        Raises :class:`ConflictingContent` where another run was noted first.
        """
        with writing(self._engine) as connection:
            kept = _find(connection, row.id)
            if kept is None:
                raise Refused("this row is not in the outbox", where=row.agreement, got=row.id)
            if kept.run_id is not None:
                if kept.run_id != run_id:
                    raise ConflictingContent(
                        "another run was started for this row",
                        where=f"{row.agreement}, {row.stage}",
                        got=run_id,
                        expected=kept.run_id,
                    )
                return kept
            values = {"dispatched_at": now, "run_id": run_id}
            connection.execute(update(tables.outbox).where(tables.outbox.c.id == row.id), values)
            return kept.model_copy(update=values)

    def mark_failed(
        self,
        stage: str,
        agreement: AgreementId | str,
        version: int,
        failure: str,
        *,
        retry: bool,
        now: datetime,
    ) -> OutboxRow | None:
        """Note on the newest attempt how it failed, over what stood there, and return it.

        ``None`` where the outbox never held this stage: a run that was started by hand.
        """
        columns = tables.outbox.c
        same = (columns.stage == stage) & (columns.agreement == agreement) & (columns.version == version)
        newest = select(tables.outbox).where(same).order_by(columns.attempt.desc()).limit(1)
        with writing(self._engine) as connection:
            row = connection.execute(newest).mappings().one_or_none()
            if row is None:
                return None
            values = {"failed_at": now, "failure": failure, "retry": retry}
            connection.execute(update(tables.outbox).where(columns.id == row["id"]), values)
            return OutboxRow.model_validate(dict(row) | values)


def enqueue(
    connection: Connection, stage: str, agreement: AgreementId | str, version: int, *, attempt: int, now: datetime
) -> OutboxRow:
    """Insert a row, or return the one with the same stage, agreement, version and attempt."""
    key = digest_of(canonical_json([stage, agreement, version, attempt]))
    if (kept := _find(connection, key)) is not None:
        return kept
    row = OutboxRow(
        id=key, stage=stage, agreement=AgreementId(agreement), version=version, attempt=attempt, created_at=now
    )
    connection.execute(insert(tables.outbox), row.model_dump())
    return row


def enqueue_anew(
    connection: Connection, stage: str, agreement: AgreementId | str, version: int, *, now: datetime
) -> OutboxRow:
    """Insert a row for another attempt, or return the newest one where it has not begun.

    For a stage that is due once more under a version it had before, as after a new draft.
    """
    columns = tables.outbox.c
    same = (columns.stage == stage) & (columns.agreement == agreement) & (columns.version == version)
    newest = select(tables.outbox).where(same).order_by(columns.attempt.desc()).limit(1)
    row = connection.execute(newest).mappings().one_or_none()
    if row is not None and row["dispatched_at"] is None and row["failed_at"] is None:
        return OutboxRow.model_validate(dict(row))
    return enqueue(connection, stage, agreement, version, attempt=row["attempt"] + 1 if row else 1, now=now)


def _find(connection: Connection, key: Digest) -> OutboxRow | None:
    row = connection.execute(select(tables.outbox).where(tables.outbox.c.id == key)).mappings().one_or_none()
    return None if row is None else OutboxRow.model_validate(dict(row))
