"""A real PostgreSQL for tests: one cluster in a folder of its own, spoken to over a Unix socket only.

The server refuses to run as root: there it runs as the user Debian's package made for it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from archive.database import open_database

PACKAGE = "postgresql"
MARKS = [pytest.mark.xdist_group("postgresql")]
"""What tests against a cluster carry; one xdist group, so that one cluster serves them all."""

_UNPRIVILEGED = "postgres"


def programs() -> Path | None:
    """The newest installed server's programs; Debian keeps them off PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class PostgresCluster:
    """A running cluster; every :meth:`database` is a new, empty one."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        # short, since the path of a Unix socket may have 107 bytes; and open to the unprivileged user
        self._folder = Path(tempfile.mkdtemp(prefix="convenio-pg-"))
        self._as_user: tuple[str, ...] = ()
        self._number = 0
        if os.geteuid() == 0:
            user = pwd.getpwnam(_UNPRIVILEGED)
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as_user = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--")

    def start(self) -> None:
        self._run("initdb", "-D", f"{self._folder}/data", "-A", "trust", "-U", "convenio", "-E", "UTF8", "--no-locale")
        # what a power cut leaves is PostgreSQL's business and not tested here
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder} -c max_connections=60 -c fsync=off"
        self._run("pg_ctl", "-D", f"{self._folder}/data", "-l", f"{self._folder}/log", "-w", "-o", options, "start")
        open_database(self._new("template0")).dispose()

    def stop(self) -> None:
        if (self._folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", f"{self._folder}/data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    def database(self) -> str:
        """Return the address of a new database with our schema."""
        return self._new("convenio1")

    def drop(self, address: str) -> None:
        """Remove a database, whoever still speaks to it: a hundred of them would fill a small disk."""
        name = str(make_url(address).database)
        with psycopg.connect(host=str(self._folder), user="convenio", dbname="postgres", autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _new(self, template: str) -> str:
        self._number += 1
        name = f"convenio{self._number}"
        with psycopg.connect(host=str(self._folder), user="convenio", dbname="postgres", autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql+psycopg://convenio@/{name}?host={self._folder}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as_user, str(self._binaries / program), *arguments],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
