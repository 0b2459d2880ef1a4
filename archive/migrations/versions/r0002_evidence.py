"""Links and openings of evidence records, the publisher's lease, when a stage was done, and the last day to sign."""

import sqlalchemy as sa
from alembic import op

from schemas.errors import Refused

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables and the columns; refuse a ledger with entries, whose form is another and would read as altered."""
    leaves = op.get_bind().execute(sa.text("SELECT size FROM log_state")).scalar_one_or_none()
    if leaves:
        raise Refused(
            "this ledger was written before its entries got their present form",
            got=f"{leaves} entries under schema revision {down_revision}",
            expected="an empty ledger",
            remedy="keep that installation as it is, with the version that wrote it, and begin another one",
        )
    op.add_column("agreements", sa.Column("sign_by", sa.String(10)))
    op.add_column("outbox", sa.Column("done_at", sa.String(27)))
    op.create_table(
        "sign_links",
        sa.Column("link_hash", sa.String(64), nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("signatory", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("base", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("code_hash", sa.String(64)),
        sa.Column("code_expires_at", sa.String(27)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("used_at", sa.String(27)),
        sa.PrimaryKeyConstraint("link_hash", name="pk_sign_links"),
    )
    op.create_index("ix_sign_links_agreement_signatory", "sign_links", ["agreement", "signatory"])
    op.create_table(
        "openings",
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64)),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("commitment", name="pk_openings"),
    )
    publisher = op.create_table(
        "publisher",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(64)),
        sa.Column("until", sa.String(27)),
        sa.PrimaryKeyConstraint("id", name="pk_publisher"),
        sa.CheckConstraint("id = 1", name=op.f("ck_publisher_one_row")),
    )
    op.bulk_insert(publisher, [{"id": 1, "token": 0, "holder": None, "until": None}])
