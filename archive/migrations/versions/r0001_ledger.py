"""The ledger, its register, the erasable tables and the outbox.

There is no way down: a ledger is not thrown away by a program.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table in an empty database."""
    _make_ledger()
    _make_register()
    _make_erasable_tables()
    _make_outbox()
    for table in ("ledger_entries", "checkpoints"):
        _make_append_only(table)


def _make_ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("leaf_index", COUNT, autoincrement=False, nullable=False),
        sa.Column("op_id", sa.String(64), nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("counter", sa.Integer, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name="pk_ledger_entries"),
        sa.UniqueConstraint("op_id", name="uq_ledger_entries_op_id"),
        sa.UniqueConstraint("agreement", "counter", name="uq_ledger_entries_agreement_counter"),
    )
    log_state = op.create_table(
        "log_state",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_state"),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_state_one_row")),
    )
    op.bulk_insert(log_state, [{"id": 1, "size": 0}])
    op.create_table(
        "checkpoints",
        sa.Column("tree_size", COUNT, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("signed_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("tree_size", name="pk_checkpoints"),
    )


def _make_register() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("document_type", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("draft", sa.Integer, nullable=False),
        sa.Column("waits_for", sa.Text, nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("updated_at", sa.String(27), nullable=False),
        sa.Column("counter", sa.Integer, nullable=False),
        sa.Column("pdf", sa.String(64)),
        sa.Column("changes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
    )
    op.create_index("ix_agreements_stage_since", "agreements", ["stage", "since"])
    op.create_table(
        "agreement_numbers",
        sa.Column("document_type", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("document_type", "year", name="pk_agreement_numbers"),
    )


def _make_erasable_tables() -> None:
    op.create_table(
        "people",
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("offices", sa.Text, nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("email", name="pk_people"),
        sa.UniqueConstraint("commitment", name="uq_people_commitment"),
    )
    op.create_table(
        "remarks",
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("commitment", name="pk_remarks"),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("dispatched_at", sa.String(27)),
        sa.Column("run_id", sa.String(64)),
        sa.Column("failed_at", sa.String(27)),
        sa.Column("failure", sa.Text),
        sa.Column("retry", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint(
            "stage", "agreement", "version", "attempt", name="uq_outbox_stage_agreement_version_attempt"
        ),
    )
    op.create_index("ix_outbox_dispatched_at_created_at", "outbox", ["dispatched_at", "created_at"])


def _make_append_only(table: str) -> None:
    """Have the database itself refuse changes: a guard against mistakes; against malice there is the checkpoint."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    else:
        op.execute(
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
        )
