"""Which mail server sends messages, as one address: ``smtps://USER:PASSWORD@HOST:465``, ``smtp://HOST:587?starttls=1``."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

PORTS = {"smtp": 25, "smtps": 465}
SHOWN = "smtps://USER:PASSWORD@HOST:PORT, or smtp://HOST:PORT?starttls=1"


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server: spoken to in TLS from the beginning (``tls``), from STARTTLS on (RFC 3207), or in the clear."""

    host: str
    port: int
    tls: bool
    starttls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_smtp_url(address: str) -> MailServer:
    """Return the server an address names; raise :class:`ValueError`, repeating nothing that could be a secret.

    A password is sent in TLS only, except to this very machine.
    """
    parts = urlsplit(address)
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.fragment:
        raise ValueError(f"expected {SHOWN}")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if set(given) - {"starttls"} or given.get("starttls", "0") not in {"0", "1"}:
        raise ValueError("the only parameter is starttls, 0 or 1")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise ValueError("the port is a number from 1 to 65535") from None
    server = MailServer(
        host=parts.hostname,
        port=port,
        tls=parts.scheme == "smtps",
        starttls=given.get("starttls") == "1",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
    if server.tls and server.starttls:
        raise ValueError("smtps speaks TLS from the beginning: leave starttls out")
    if (server.user is None) != (server.password is None):
        raise ValueError("a user and a password belong together")
    if server.user and not (server.tls or server.starttls or _is_here(server.host)):
        raise ValueError("a password is sent in TLS only: write smtps, or starttls=1")
    return server


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
