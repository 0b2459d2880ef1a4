"""Who is waited for as rows of their own, in place of a list of delegates; an ended webhook leaves nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table, and fill it from what the register says; after 0002, ``convenio register rebuild`` fills more."""
    awaited = op.create_table(
        "awaited",
        sa.Column("waiter", sa.String(80), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("draft", sa.Integer, nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("sign_by", sa.String(10)),
        sa.Column("owner", sa.String(64)),
        sa.PrimaryKeyConstraint("waiter", "stage", "agreement", name="pk_awaited"),
    )
    op.create_index("ix_awaited_agreement", "awaited", ["agreement"])
    register = "SELECT id AS agreement, stage, draft, since, sign_by, owner, waits_for, delegates FROM agreements"
    if rows := [row for line in op.get_bind().execute(sa.text(register)).mappings() for row in _rows(dict(line))]:
        op.bulk_insert(awaited, rows)
    op.drop_column("agreements", "delegates")
    op.execute("DELETE FROM named_digests WHERE agreement = 'INSTALLATION'")
    op.execute("DELETE FROM webhooks WHERE ended_at IS NOT NULL")
    op.drop_column("webhooks", "ended_at")


def _rows(line: dict[str, str]) -> list[dict[str, str]]:
    """Return a row for each who is waited for; a delegate was listed as ``<signatory>:<commitment>``."""
    waits_for, delegates = line.pop("waits_for").split(), dict(one.split(":") for one in line.pop("delegates").split())
    instead = {f"signatory:{signatory}": f"delegate:{delegate}" for signatory, delegate in delegates.items()}
    return [{**line, "waiter": instead.get(waiter, waiter)} for waiter in waits_for if waiter != "system"]
