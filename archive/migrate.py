"""Brings a database to the schema revision the code works with, through Alembic, in the caller's transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from schemas.errors import Refused

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, *, found: str | None, target: str) -> None:
    """Upgrade from revision ``found`` (``None``: an empty database) to ``target``; all of it or nothing.

    Raises :class:`Refused` where the schema is newer than this code, or the database holds somebody else's tables.
    """
    scripts = ScriptDirectory(str(SCRIPTS))
    known = [script.revision for script in scripts.walk_revisions()]
    if found is not None and found not in known:
        raise Refused(
            "this database was written by a newer Convenio",
            got=f"schema revision {found}",
            expected=f"schema revision {target} or older",
            remedy="use the newer version; a schema is never taken back",
        )
    if found is None and (tables := inspect(connection).get_table_names()):
        raise Refused(
            "this database belongs to something else",
            got=", ".join(sorted(tables)[:5]),
            expected="an empty database, or one that Convenio made",
            remedy="name another file or database",
        )
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    command.upgrade(config, target)
