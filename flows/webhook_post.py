"""Sending one message to one address: no redirect is followed, and in production nothing inside the network is asked.

The name is resolved once, every address is judged, and the connection goes to the very address that was judged: what a
name server says a moment later changes nothing (server-side request forgery, DNS rebinding).
"""

from __future__ import annotations

import hmac
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import urlsplit

from schemas.errors import Fault, InputError

if TYPE_CHECKING:
    from datetime import datetime

TIMEOUT_SECONDS = 10.0
"""How long one step of an exchange may take, such as the next bytes of the answer."""
DEADLINE_SECONDS = 15.0
"""How long the whole exchange may take, from the connection to the status of the answer."""
MOST_ADDRESSES = 4
"""So many addresses of one host are tried, in the order of the name server."""
LONGEST_URL = 500
SIGNATURE = "Convenio-Signature"

TRANSLATED = tuple(map(ipaddress.ip_network, ("::/96", "64:ff9b::/96", "2002::/16")))
"""IPv6 networks whose addresses stand for IPv4 ones, inner ones as well (RFC 4291 2.5.5.1, 6052 2.1, 3056)."""

Socket = TypeVar("Socket", bound=socket.socket)

Resolve = Callable[[str, int], list[str]]
"""Returns the IP addresses of a host."""


class Address(NamedTuple):
    """An address as it is asked: whether in TLS, host, port, and the path with its query."""

    secure: bool
    host: str
    port: int
    target: str


class Answer(NamedTuple):
    """What came of a message: whether it was taken, and in a few words what was answered."""

    taken: bool
    said: str


def address_of(url: str, *, production: bool) -> Address:
    """Return the parts of a webhook's address.

    Raises :class:`InputError` unless it is https, or in development http on loopback, without a name or password.
    """
    expected = "https://" if production else "https://, or http:// on this machine"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _no_address("this is no address", expected) from error
    host = parts.hostname or ""
    local = not production and parts.scheme == "http" and _is_loopback(host)
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise _no_address(f"this is too long, or has letters an address has not; at most {LONGEST_URL}", expected)
    if not host or (parts.scheme != "https" and not local):
        raise _no_address("this does not begin as it has to", expected)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _no_address("names, passwords and fragments do not belong here", expected)
    secure = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(secure, host, port or (443 if secure else 80), target)


def resolved(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host, as the system knows them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def may_be_asked(address: str) -> bool:
    """Whether an IP address is one of the public network: not of this machine, a private network or a special use."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    if any(ip in network for network in TRANSLATED if ip.version == network.version):
        return False
    return all(one.is_global and not one.is_multicast for one in (ip, mapped) if one is not None)


def signature(secret: bytes, body: bytes, at: datetime) -> str:
    """Return the signature header of a message: HMAC-SHA-256 (RFC 2104) over ``t.body``, ``t`` in POSIX seconds."""
    t = str(int(at.timestamp()))
    return f"t={t},v1={hmac.new(secret, t.encode() + b'.' + body, 'sha256').hexdigest()}"


def post(
    url: str, body: bytes, *, secret: bytes, now: datetime, production: bool, resolve: Resolve = resolved
) -> Answer:
    """Send ``body`` once, signed, and say what came of it; only a status of 2xx says that it was taken."""
    try:
        to = address_of(url, production=production)
        found = resolve(to.host, to.port)
        if not found or (production and not all(map(may_be_asked, found))):
            return Answer(taken=False, said="the address leads into a network that is not asked")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Convenio",
            SIGNATURE: signature(secret, body, now),
            "Connection": "close",
        }
        status = _sent(to, found, body, headers)
    except (OSError, http.client.HTTPException, InputError, UnicodeError) as error:
        return Answer(taken=False, said=f"no answer ({type(error).__name__})")
    return Answer(taken=200 <= status < 300, said=f"status {status}")


def _sent(to: Address, ips: Sequence[str], body: bytes, headers: dict[str, str]) -> int:
    connection = _Pinned(to, ips)
    ending = Timer(DEADLINE_SECONDS, connection.break_off)
    ending.daemon = True
    ending.start()
    try:
        connection.request("POST", to.target, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        if connection.is_late:
            raise TimeoutError from error
        raise
    finally:
        ending.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to the first of several judged addresses that answers, under the name its certificate must have."""

    def __init__(self, to: Address, ips: Sequence[str]) -> None:
        super().__init__(to.host, to.port, timeout=TIMEOUT_SECONDS)
        self.default_port = 443 if to.secure else 80
        self._to = to
        self._ips = ips[:MOST_ADDRESSES]
        self.is_late = False

    def connect(self) -> None:
        self._use(self._reached())
        if self._to.secure:
            context = ssl.create_default_context()
            # the handshake waits until breaking off reaches it
            shaking = {"server_hostname": self._to.host, "do_handshake_on_connect": False}
            secured = self._use(context.wrap_socket(self.sock, **shaking))
            secured.do_handshake()

    def break_off(self) -> None:
        """End the exchange from another thread, whatever it waits for."""
        self.is_late = True
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                # a secured socket's own method would take its keys from under who waits in it
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _reached(self) -> socket.socket:
        *first, last = self._ips
        for ip in first:
            with suppress(OSError):
                return self._connected(ip)
        return self._connected(last)

    def _connected(self, ip: str) -> socket.socket:
        sock = socket.create_connection((ip, self._to.port), TIMEOUT_SECONDS / len(self._ips))
        sock.settimeout(TIMEOUT_SECONDS)
        return sock

    def _use(self, sock: Socket) -> Socket:
        """Go on with a socket, unless it is too late for that."""
        self.sock = sock
        if self.is_late:
            raise TimeoutError
        return sock


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_address(message: str, expected: str) -> InputError:
    return InputError("nobody can be told at this address", [Fault("url", message, expected=expected)])
