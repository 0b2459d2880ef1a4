"""The Prefect server of one installation: a child process on loopback, with its own database and a shared secret.

Nothing here imports Prefect; the command line may use it freely.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path

from flows.child import Child, start_child
from flows.secret_file import kept_secret
from schemas.errors import OrchestrationUnavailable

LOOPBACK = "127.0.0.1"

START_SECONDS = 120.0
"""A first start on a fresh database takes about 14 seconds on two cores, a later one 7."""

OFFLINE = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLI_CHECK_FOR_UPDATES": "false",
}
"""Nothing leaves the machine at run time."""


@dataclass(frozen=True)
class PrefectPlace:
    """Where the Prefect server of one installation lives: the home of Convenio, and a loopback port."""

    home: Path
    port: int

    @property
    def ui_url(self) -> str:
        """Address of the UI."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def api_url(self) -> str:
        """Address of the API."""
        return f"{self.ui_url}/api"

    @property
    def database(self) -> Path:
        """The server's own SQLite database; losing it loses the history of runs only."""
        return self.home / "prefect" / "prefect.db"

    @property
    def secret_file(self) -> Path:
        """The file that holds what the UI asks for once: ``convenio:`` and a random part."""
        return self.home / "prefect" / "auth"

    def secret(self) -> str:
        """Return the shared secret, made on first use; raise :class:`Unavailable` where it cannot be kept."""
        return kept_secret(self.secret_file, f"convenio:{secrets.token_urlsafe(24)}".encode).decode()

    def client_environment(self) -> dict[str, str]:
        """Return the variables a process needs before it imports Prefect."""
        return OFFLINE | {
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_API_AUTH_STRING": self.secret(),
            "PREFECT_LOGGING_COLORS": "false",
        }

    def server_environment(self) -> dict[str, str]:
        """Return the variables of the server's process."""
        return self.client_environment() | {
            "PREFECT_SERVER_API_HOST": LOOPBACK,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_API_AUTH_STRING": self.secret(),
            "PREFECT_SERVER_UI_API_URL": self.api_url,
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": self.ui_url,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{self.database}",
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        }


def pristine_database() -> Path:
    """Return where an empty database of the installed Prefect is kept for fresh homes (XDG Base Directory, cache)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "convenio" / f"prefect-{version('prefect')}.sqlite"


def require_free_port(port: int, *, setting: str) -> None:
    """Raise :class:`OrchestrationUnavailable` where something listens on ``port`` already; name its setting."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise OrchestrationUnavailable(
                f"port {port} is taken",
                where=f"{LOOPBACK}:{port}",
                got=error.strerror,
                expected="a free port",
                remedy=f"stop what listens there, or set {setting} to another port",
            ) from error


def start_server(place: PrefectPlace) -> Child:
    """Start the server's process and return at once; see :func:`wait_for_server`.

    Raises :class:`OrchestrationUnavailable` where the port is taken.
    """
    require_free_port(place.port, setting="CONVENIO_PREFECT_PORT")
    return start_child(
        "Prefect server",
        [sys.executable, "-m", "flows.server_process", str(place.database), str(pristine_database())],
        environment=os.environ | place.server_environment(),
        log=place.home / "logs" / "prefect-server.log",
    )


def wait_for_server(
    place: PrefectPlace,
    child: Child,
    *,
    deadline_seconds: float = START_SECONDS,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> None:
    """Wait until the server answers an authenticated call; ``progress`` hears the seconds waited, twice a second.

    Raises :class:`OrchestrationUnavailable` where it ends, or does not answer before the deadline.
    """
    began = time.monotonic()
    while (waited := time.monotonic() - began) < deadline_seconds:
        if answers(place):
            return
        if not child.alive:
            raise OrchestrationUnavailable(
                "the Prefect server ended while starting",
                where=str(child.log),
                got=f"exit {child.process.returncode}: {child.last_words()}",
                expected=f"a server on {place.api_url}",
            )
        progress(waited)
        time.sleep(0.5)
    raise OrchestrationUnavailable(
        "the Prefect server does not answer",
        where=place.api_url,
        got=child.last_words(),
        expected=f"an answer within {deadline_seconds:.0f} seconds",
        remedy=f"see {child.log}",
    )


def answers(place: PrefectPlace) -> bool:
    """Say whether a server that knows our secret answers there now."""
    token = base64.b64encode(place.secret().encode()).decode()
    request = urllib.request.Request(  # noqa: S310  # the address is loopback
        f"{place.api_url}/admin/version", headers={"Authorization": f"Basic {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  # the same
            return isinstance(json.load(answer), str)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError, ValueError):
        return False
