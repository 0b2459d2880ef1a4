"""Run by Alembic for each upgrade: on the connection it is given, inside that connection's transaction."""

from alembic import context

from archive import account_tables, program_tables  # noqa: F401  # they stand in the same METADATA
from archive.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
