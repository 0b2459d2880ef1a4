"""Webhooks and what became of each delivery: one row for each entry and webhook, however often it was sent."""

from __future__ import annotations

import json

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from archive import outbox
from archive.database import reading, writing
from archive.program_tables import webhook_deliveries as deliveries, webhooks
from schemas.errors import Refused
from schemas.events import Entry
from schemas.evidence import AgreementId
from schemas.webhook import Delivery, DeliveryState, Webhook


class Webhooks:
    """The webhooks in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self) -> tuple[Webhook, ...]:
        """Return all, the oldest first."""
        statement = select(webhooks).order_by(webhooks.c.made_at, webhooks.c.id)
        with reading(self._engine) as connection:
            return tuple(_webhook(row) for row in connection.execute(statement).mappings())

    def find(self, webhook: str) -> Webhook | None:
        """Return one, ``None`` where there is none of this id, or none any more."""
        return next((one for one in self.every() if one.id == webhook), None)

    def delivery(self, webhook: str, agreement: AgreementId, counter: int) -> Delivery | None:
        """Return what became of one delivery, ``None`` before it was first tried."""
        with reading(self._engine) as connection:
            row = connection.execute(select(deliveries).where(_same(webhook, agreement, counter))).mappings()
            found = row.one_or_none()
        return None if found is None else Delivery.model_validate(dict(found))

    def deliveries(self, webhook: str, *, limit: int = 50) -> tuple[Delivery, ...]:
        """Return the newest deliveries to one webhook, at most ``limit``, those tried last first."""
        order = (deliveries.c.last_at.desc(), deliveries.c.agreement, deliveries.c.counter.desc())
        statement = select(deliveries).where(deliveries.c.webhook == webhook).order_by(*order).limit(limit)
        with reading(self._engine) as connection:
            return tuple(Delivery.model_validate(dict(row)) for row in connection.execute(statement).mappings())

    def counts(self, webhook: str) -> dict[DeliveryState, int]:
        """Return how many deliveries to one webhook are in each state."""
        statement = select(deliveries.c.state, func.count()).where(deliveries.c.webhook == webhook)
        with reading(self._engine) as connection:
            found = {row[0]: row[1] for row in connection.execute(statement.group_by(deliveries.c.state))}
        return {state: found.get(state.value, 0) for state in DeliveryState}

    def tried(self, delivery: Delivery) -> Delivery | None:
        """Record a try: its state, its answer, one try more; what was delivered before stays as it was.

        Nothing is recorded, and ``None`` returned, where the webhook was ended while it was sent.
        """
        same = _same(delivery.webhook, delivery.agreement, delivery.counter)
        living = select(webhooks.c.id).where(webhooks.c.id == delivery.webhook).with_for_update(read=True)
        with writing(self._engine) as connection:
            if connection.execute(living).scalar_one_or_none() is None:
                return None
            row = connection.execute(select(deliveries).where(same)).mappings().one_or_none()
            if row is None:
                connection.execute(insert(deliveries), delivery.model_dump() | {"state": delivery.state.value})
                return delivery
            kept = Delivery.model_validate(dict(row))
            if kept.state is DeliveryState.DELIVERED:
                return kept
            values = {
                "state": delivery.state.value,
                "answer": delivery.answer,
                "last_at": delivery.last_at,
                "tries": kept.tries + 1,
            }
            connection.execute(update(deliveries).where(same).values(**values))
            return kept.model_copy(update=values | {"state": delivery.state})


def register(connection: Connection, webhook: Webhook, *, most: int) -> None:
    """Insert a webhook; raises :class:`Refused` where there are ``most`` already."""
    if connection.execute(select(func.count()).select_from(webhooks)).scalar_one() >= most:
        raise Refused("there are too many webhooks", expected=f"at most {most}", remedy="end one first")
    connection.execute(insert(webhooks), webhook.model_dump() | {"kinds": json.dumps(webhook.kinds)})


def end(connection: Connection, webhook: str) -> bool:
    """Forget a webhook and what became of its deliveries; return whether this call did it."""
    ended = bool(connection.execute(delete(webhooks).where(webhooks.c.id == webhook)).rowcount)
    if ended:
        connection.execute(delete(deliveries).where(deliveries.c.webhook == webhook))
    return ended


def tell(connection: Connection, *appended: Entry) -> None:
    """Note in the outbox that entries are to be told, in the transaction that appended them, if anybody is told."""
    if connection.execute(select(webhooks.c.id).limit(1)).scalar_one_or_none() is None:
        return
    for entry in appended:
        outbox.enqueue(connection, "webhook", entry.agreement, entry.counter, attempt=1, now=entry.occurred_at)


def _same(webhook: str, agreement: str, counter: int) -> object:
    columns = deliveries.c
    return (columns.webhook == webhook) & (columns.agreement == agreement) & (columns.counter == counter)


def _webhook(row: RowMapping) -> Webhook:
    return Webhook.model_validate(dict(row) | {"kinds": tuple(json.loads(row["kinds"]))})
