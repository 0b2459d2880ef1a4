"""The tables of the domain database, and which of them can be lost.

::

    ledger_entries  log_state  checkpoints      the truth: append-only, no personal data
    agreements  agreement_numbers               the register: rebuilt from the ledger at any time
    people  remarks  sign_links  openings       erasable: what the ledger only commits to
    publisher                                   the lease of whoever publishes checkpoints
    outbox                                      stages that are due, written with the entry that makes them due

Instants are RFC 3339 in UTC with microseconds, digests 64 hex digits: equal width, so text order is time order.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from schemas.evidence import instant_text

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)


class InstantText(TypeDecorator[datetime]):
    """An aware instant as text; both databases keep it alike, which their own types do not."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the instant as it is kept."""
        return None if value is None else instant_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the instant as it was given, in UTC."""
        return None if value is None else datetime.fromisoformat(value)


DIGEST = String(64)

COUNT = BigInteger().with_variant(Integer(), "sqlite")
"""Indexes and sizes of the tree; SQLite keys its rows by an INTEGER without an index beside them."""

ledger_entries = Table(
    "ledger_entries",
    METADATA,
    Column("leaf_index", COUNT, primary_key=True, autoincrement=False),
    Column("op_id", DIGEST, nullable=False),
    Column("agreement", String(64), nullable=False),
    Column("counter", Integer, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
    UniqueConstraint("op_id"),
    UniqueConstraint("agreement", "counter"),
)
"""One row for each leaf. Everything but ``leaf`` is derived from it, and compared with it whenever it is read."""

log_state = Table(
    "log_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""The sequencer: one row with the number of leaves, locked by whoever appends. A sequence would leave gaps."""

checkpoints = Table(
    "checkpoints",
    METADATA,
    Column("tree_size", COUNT, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("signed_at", InstantText, nullable=False),
)
"""Signed tree heads, create-only: one size is signed once."""

agreements = Table(
    "agreements",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("document_type", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("stage", String(32), nullable=False),
    Column("draft", Integer, nullable=False),
    Column("waits_for", Text, nullable=False),
    Column("since", InstantText, nullable=False),
    Column("updated_at", InstantText, nullable=False),
    Column("counter", Integer, nullable=False),
    Column("pdf", DIGEST),
    Column("changes", Text, nullable=False),
    Column("sign_by", String(10)),
    Index(None, "stage", "since"),
)
"""Where each agreement stands; ``waits_for`` (such as ``office:legal``) and ``changes`` are separated by spaces."""

agreement_numbers = Table(
    "agreement_numbers",
    METADATA,
    Column("document_type", String(64), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)
"""The last number given to an agreement of one type in one year."""

people = Table(
    "people",
    METADATA,
    Column("email", String(254), primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("offices", Text, nullable=False),
    Column("salt", DIGEST, nullable=False),
    Column("commitment", DIGEST, nullable=False),
    UniqueConstraint("commitment"),
)
"""Who the ledger's commitments to persons stand for; an erased person has no row."""

remarks = Table(
    "remarks",
    METADATA,
    Column("commitment", DIGEST, primary_key=True),
    Column("salt", DIGEST, nullable=False),
    Column("text", Text, nullable=False),
)
"""Free text the ledger commits to, such as a reviewer's comment; an erased remark has no row."""

sign_links = Table(
    "sign_links",
    METADATA,
    Column("link_hash", DIGEST, primary_key=True),
    Column("agreement", String(64), nullable=False),
    Column("signatory", String(64), nullable=False),
    Column("person", DIGEST, nullable=False),
    Column("base", DIGEST, nullable=False),
    Column("expires_at", InstantText, nullable=False),
    Column("code_hash", DIGEST),
    Column("code_expires_at", InstantText),
    Column("attempts", Integer, nullable=False),
    Column("used_at", InstantText),
    Index(None, "agreement", "signatory"),
)
"""Links sent to signatories, and the one-time code asked for with each: only hashes; erasable."""

openings = Table(
    "openings",
    METADATA,
    Column("commitment", DIGEST, primary_key=True),
    Column("salt", DIGEST, nullable=False),
    Column("agreement", String(64), nullable=False),
    Column("person", DIGEST),
    Column("content", Text, nullable=False),
)
"""Personal data that evidence records commit to (RFC 8785 JSON); an erased one has no row."""

publisher = Table(
    "publisher",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("token", BigInteger, nullable=False),
    Column("holder", String(64)),
    Column("until", InstantText),
    CheckConstraint("id = 1", name="one_row"),
)
"""Who publishes checkpoints: each holder gets the next token, and every durable step checks it is still theirs."""

outbox = Table(
    "outbox",
    METADATA,
    Column("id", DIGEST, primary_key=True),
    Column("stage", String(32), nullable=False),
    Column("agreement", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("created_at", InstantText, nullable=False),
    Column("dispatched_at", InstantText),
    Column("run_id", String(64)),
    Column("failed_at", InstantText),
    Column("failure", Text),
    Column("retry", Boolean, nullable=False),
    Column("done_at", InstantText),
    UniqueConstraint("stage", "agreement", "version", "attempt"),
    Index(None, "dispatched_at", "created_at"),
)
"""Stages to start; a row is due until its run was started (``dispatched_at``) or failed (``failed_at``).

``done_at`` stands only where the ledger does not say that a stage is done.
"""
