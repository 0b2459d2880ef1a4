"""Tables for programs beside people: what is told to webhooks, and answers of the REST interface that may be repeated.

::

    webhooks  webhook_deliveries        who is told of the ledger's entries, and what became of each delivery
    idempotent_answers                  first answers by the key that came with the request; encrypted, for a day
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text

from archive.tables import DIGEST, METADATA, InstantText

webhooks = Table(
    "webhooks",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("made_at", InstantText, nullable=False),
)
"""Where the ledger's entries are told; ``kinds`` are types of events as a JSON list, ``secret`` is encrypted."""

webhook_deliveries = Table(
    "webhook_deliveries",
    METADATA,
    Column("webhook", String(16), primary_key=True),
    Column("agreement", String(64), primary_key=True),
    Column("counter", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("first_at", InstantText, nullable=False),
    Column("last_at", InstantText, nullable=False),
    Index(None, "webhook", "last_at"),
)
"""One row for each entry and webhook: ``waiting``, ``delivered`` or ``given up``, and what was answered last."""

idempotent_answers = Table(
    "idempotent_answers",
    METADATA,
    Column("key_hash", DIGEST, primary_key=True),
    Column("request", DIGEST, nullable=False),
    Column("begun_at", InstantText, nullable=False),
    Column("answer", LargeBinary),
    Index(None, "begun_at"),
)
"""``answer`` is none while the first request is under way."""
