"""Accounts, sessions, personal tokens and tries of the portal; who requested an agreement, and how it is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add tables and columns; ``convenio register rebuild`` fills the latter for agreements from before."""
    op.add_column("agreements", sa.Column("owner", sa.String(64)))
    op.add_column("agreements", sa.Column("retention_until", sa.String(10)))
    op.add_column("agreements", sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("agreements", sa.Column("disposal", sa.String(64)))
    op.add_column("agreements", sa.Column("level", sa.String(16)))
    op.add_column("agreements", sa.Column("ways", sa.Text))
    op.add_column("agreements", sa.Column("delegates", sa.Text, nullable=False, server_default=""))
    op.add_column("sign_links", sa.Column("replaced", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("sign_links", sa.Column("shown", sa.String(64)))
    _catalogue()
    _for_programs()
    op.create_table(
        "accounts",
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("second_factor", sa.Text),
        sa.Column("last_step", sa.BigInteger),
        sa.Column("subject", sa.Text),
        sa.Column("language", sa.String(8)),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("closed_at", sa.String(27)),
        sa.PrimaryKeyConstraint("email", name="pk_accounts"),
        sa.UniqueConstraint("subject", name="uq_accounts_subject"),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("proven", sa.Boolean, nullable=False),
        sa.Column("begun_at", sa.String(27), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.Column("ends_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_email", "sessions", ["email"])
    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("ends_at", sa.String(27), nullable=False),
        sa.Column("used_at", sa.String(27)),
        sa.PrimaryKeyConstraint("token_hash", name="pk_tokens"),
    )
    op.create_index("ix_tokens_email", "tokens", ["email"])
    op.create_table(
        "account_links",
        sa.Column("link_hash", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("ends_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("link_hash", name="pk_account_links"),
    )
    op.create_index("ix_account_links_email", "account_links", ["email"])
    op.create_table(
        "recovery_codes",
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("email", "code_hash", name="pk_recovery_codes"),
    )
    op.create_table(
        "tries",
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("window", sa.String(27), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("subject", "window", name="pk_tries"),
    )


FULL_TEXT = {
    "sqlite": (
        """CREATE VIRTUAL TABLE catalogue_words USING fts5(
            words, content='catalogue', content_rowid='number', detail='none', tokenize="unicode61 remove_diacritics 0"
        )""",
        """CREATE TRIGGER catalogue_inserted AFTER INSERT ON catalogue BEGIN
            INSERT INTO catalogue_words (rowid, words) VALUES (new.number, new.words);
        END""",
        """CREATE TRIGGER catalogue_deleted AFTER DELETE ON catalogue BEGIN
            INSERT INTO catalogue_words (catalogue_words, rowid, words) VALUES ('delete', old.number, old.words);
        END""",
        """CREATE TRIGGER catalogue_updated AFTER UPDATE OF words ON catalogue BEGIN
            INSERT INTO catalogue_words (catalogue_words, rowid, words) VALUES ('delete', old.number, old.words);
            INSERT INTO catalogue_words (rowid, words) VALUES (new.number, new.words);
        END""",
    ),
    "postgresql": (
        "ALTER TABLE catalogue ADD COLUMN vector tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED",
        "CREATE INDEX ix_catalogue_vector ON catalogue USING gin (vector)",
    ),
}
"""The full-text index of each database, kept by the database itself."""


def _catalogue() -> None:
    for columns in (
        ("updated_at", "id"),
        ("stage", "updated_at", "id"),
        ("document_type", "updated_at", "id"),
        ("owner", "updated_at", "id"),
        ("sign_by",),
        ("stage", "retention_until", "id"),
    ):
        op.create_index("ix_agreements_" + "_".join(columns), "agreements", list(columns))
    op.create_table(
        "named_digests",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("digest", "agreement", name="pk_named_digests"),
    )
    op.create_table(
        "catalogue",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("draft", sa.Integer, nullable=False),
        sa.Column("parties", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_catalogue"),
        sa.UniqueConstraint("agreement", name="uq_catalogue_agreement"),
    )
    op.create_table(
        "catalogue_people",
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("signatory", sa.String(64), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.PrimaryKeyConstraint("agreement", "signatory", name="pk_catalogue_people"),
    )
    op.create_index("ix_catalogue_people_email", "catalogue_people", ["email"])
    for statement in FULL_TEXT[op.get_bind().dialect.name]:
        op.execute(statement)
    op.create_table(
        "review_comments",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("draft", sa.Integer, nullable=False),
        sa.Column("docx", sa.String(64), nullable=False),
        sa.Column("anchor", sa.String(80), nullable=False),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("resolved_at", sa.String(27)),
        sa.PrimaryKeyConstraint("id", name="pk_review_comments"),
    )
    op.create_index("ix_review_comments_agreement", "review_comments", ["agreement"])
    op.create_table(
        "uploaded_edits",
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("draft", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("uploaded_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("agreement", "person", name="pk_uploaded_edits"),
    )
    op.create_table(
        "draft_risks",
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("draft", sa.Integer, nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("agreement", name="pk_draft_risks"),
    )
    op.create_table(
        "form_drafts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("document_type", sa.String(32), nullable=False),
        sa.Column("agreement", sa.String(64)),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_form_drafts"),
    )
    op.create_index("ix_form_drafts_owner", "form_drafts", ["owner"])


def _for_programs() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27)),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook", sa.String(16), nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("counter", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("first_at", sa.String(27), nullable=False),
        sa.Column("last_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("webhook", "agreement", "counter", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_webhook_last_at", "webhook_deliveries", ["webhook", "last_at"])
    op.create_table(
        "idempotent_answers",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("begun_at", sa.String(27), nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.PrimaryKeyConstraint("key_hash", name="pk_idempotent_answers"),
    )
    op.create_index("ix_idempotent_answers_begun_at", "idempotent_answers", ["begun_at"])
