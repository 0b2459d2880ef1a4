"""The tables of the domain database, and which of them can be lost.

::

    ledger_entries  log_state  checkpoints      the truth: append-only, no personal data
    agreements  agreement_numbers  awaited      the register: rebuilt from the ledger at any time
    named_digests                               as well
    catalogue  catalogue_people                 what people look for: made anew from the stored drafts; erasable
    people  remarks  sign_links  openings       erasable: what the ledger only commits to
    review_comments  uploaded_edits             erasable: what reviewers say of a draft before they decide
    form_drafts                                 erasable: forms that somebody began and has not sent yet
    draft_risks                                 what a draft was found to ask attention for; worked out anew at any time
    publisher                                   the lease of whoever publishes checkpoints
    outbox                                      stages that are due, written with the entry that makes them due

How people sign in stands in :mod:`archive.account_tables`, what programs are told in :mod:`archive.program_tables`.

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
    false,
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
    Column("owner", DIGEST),
    Column("retention_until", String(10)),
    Column("held", Boolean, nullable=False, server_default=false()),
    Column("disposal", DIGEST),
    Column("level", String(16)),
    Column("ways", Text),
    Index(None, "stage", "since"),
    Index(None, "updated_at", "id"),
    Index(None, "stage", "updated_at", "id"),
    Index(None, "document_type", "updated_at", "id"),
    Index(None, "owner", "updated_at", "id"),
    Index(None, "sign_by"),
    Index(None, "stage", "retention_until", "id"),
)
"""Where each agreement stands; ``waits_for`` (such as ``office:legal``), ``changes`` and ``ways`` hold words."""

awaited = Table(
    "awaited",
    METADATA,
    Column("waiter", String(80), primary_key=True),
    Column("stage", String(32), primary_key=True),
    Column("agreement", String(64), primary_key=True),
    Column("draft", Integer, nullable=False),
    Column("since", InstantText, nullable=False),
    Column("sign_by", String(10)),
    Column("owner", DIGEST),
    Index(None, "agreement"),
)
"""Who is waited for, one row each, with what queues are chosen and ordered by."""

agreement_numbers = Table(
    "agreement_numbers",
    METADATA,
    Column("document_type", String(64), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)
"""The last number given to an agreement of one type in one year."""

named_digests = Table(
    "named_digests",
    METADATA,
    Column("digest", DIGEST, primary_key=True),
    Column("agreement", String(64), primary_key=True),
)
"""Which agreements' entries name a digest: of data, of a draft, of a revision, of evidence."""

catalogue = Table(
    "catalogue",
    METADATA,
    Column("number", COUNT, primary_key=True),
    Column("agreement", String(64), nullable=False),
    Column("draft", Integer, nullable=False),
    Column("parties", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("words", Text, nullable=False),
    UniqueConstraint("agreement"),
)
"""What people look for: ``words`` are the different ones of title, parties, project and text, folded, in their order.

They are indexed by what the database brings along: FTS5 in SQLite (``catalogue_words``), a column ``vector`` in
PostgreSQL.
"""

catalogue_people = Table(
    "catalogue_people",
    METADATA,
    Column("agreement", String(64), primary_key=True),
    Column("signatory", String(64), primary_key=True),
    Column("email", String(254), nullable=False),
    Index(None, "email"),
)
"""Whom each agreement names as a signatory."""

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
    Column("replaced", Boolean, nullable=False, server_default=false()),
    Column("shown", DIGEST),
    Index(None, "agreement", "signatory"),
)
"""Links sent to signatories, and the one-time code asked for with each: only hashes; erasable.

``replaced`` ones sign nothing any more; ``shown`` is the newest file whose pages the person went through."""

openings = Table(
    "openings",
    METADATA,
    Column("commitment", DIGEST, primary_key=True),
    Column("salt", DIGEST, nullable=False),
    Column("agreement", String(64), nullable=False),
    Column("person", DIGEST),
    Column("content", Text, nullable=False),
)
"""What evidence records commit to, and as whom delegates were named (RFC 8785 JSON); an erased one has no row."""

review_comments = Table(
    "review_comments",
    METADATA,
    Column("id", DIGEST, primary_key=True),
    Column("agreement", String(64), nullable=False),
    Column("draft", Integer, nullable=False),
    Column("docx", DIGEST, nullable=False),
    Column("anchor", String(80), nullable=False),
    Column("heading", Text, nullable=False),
    Column("person", DIGEST, nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", String(27), nullable=False),
    Column("resolved_at", String(27)),
    Index(None, "agreement"),
)
"""What reviewers say about a clause (``anchor``) of a draft; instants are text, as backups hold these rows as JSON."""

uploaded_edits = Table(
    "uploaded_edits",
    METADATA,
    Column("agreement", String(64), primary_key=True),
    Column("person", DIGEST, primary_key=True),
    Column("draft", Integer, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("uploaded_at", InstantText, nullable=False),
)
"""Word files that reviewers uploaded and did not yet put in place of a draft's text: one each."""

draft_risks = Table(
    "draft_risks",
    METADATA,
    Column("agreement", String(64), primary_key=True),
    Column("draft", Integer, nullable=False),
    Column("points", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
)
"""What a draft asks attention for (``reasons``, JSON without personal data) and how much; it orders the queue."""

form_drafts = Table(
    "form_drafts",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("owner", DIGEST, nullable=False),
    Column("document_type", String(32), nullable=False),
    Column("agreement", String(64)),
    Column("content", Text, nullable=False),
    Column("updated_at", InstantText, nullable=False),
    Index(None, "owner"),
)
"""Forms that somebody began and has not sent yet; erasable."""

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
