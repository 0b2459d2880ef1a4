"""One HTTP exchange with an authority: a deadline for all of it, a limit for the answer, no other protocol."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import SHUT_RDWR, socket
from threading import Lock, Timer
from typing import IO, Any, Self
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    AbstractHTTPHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

PIECE_BYTES = 65_536

MAXIMUM_REDIRECTIONS = 3


@dataclass(frozen=True)
class Answer:
    """What came back: the media type without parameters, and the body."""

    media_type: str
    body: bytes


class OtherStatus(OSError):
    """An answer whose ``status`` is not 200, with its ``body`` as far as an answer may be long."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP status {status}")
        self.status, self.body = status, body


def is_web_address(url: str) -> bool:
    """Whether an address is one of HTTP or HTTPS with a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def exchange(
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    deadline_seconds: float,
    maximum_bytes: int,
    redirects: bool = True,
) -> Answer:
    """Return the answer to a GET, or with ``body`` to a POST; raise :class:`OSError` that says why there is none.

    There is none where the address is not HTTP, the status is not 200 (:class:`OtherStatus`), the whole exchange takes
    longer than ``deadline_seconds``, or the answer is cut short or longer than ``maximum_bytes``. Without ``redirects``
    nothing is sent to any other address, as a request that carries a secret asks for; with them, at most
    :data:`MAXIMUM_REDIRECTIONS` are followed.
    """
    if not is_web_address(url):
        raise OSError(f"{url[:200]} is no address of HTTP or HTTPS")
    request = Request(url, data=body, headers=dict(headers or {}))  # noqa: S310 (the scheme was checked above)
    with _Watch(deadline_seconds) as watch:
        try:
            with _opener(watch, redirects=redirects).open(request, timeout=deadline_seconds) as response:
                answer = _read(response, maximum_bytes)
        except HTTPError as fault:
            body = b""
            with suppress(HTTPException, OSError, ValueError), fault:
                body = fault.read(maximum_bytes)
            raise OtherStatus(fault.code, body) from fault
        except (HTTPException, ValueError, OSError) as fault:
            watch.require_time()
            if isinstance(fault, OSError):
                raise
            raise OSError(f"the answer is no HTTP: {type(fault).__name__}") from fault
        watch.require_time()
        return answer


def _read(response: HTTPResponse, maximum_bytes: int) -> Answer:
    if response.status != 200:
        raise OtherStatus(response.status, b"")
    pieces, size = [], 0
    while piece := response.read1(PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > maximum_bytes:
            raise OSError(f"more than {maximum_bytes} bytes")
    if response.length:
        raise OSError(f"the answer ends {response.length} bytes early")
    return Answer(response.headers.get_content_type(), b"".join(pieces))


class _Watch:
    """Cuts every connection of an exchange when its time is over: a socket's own limit holds for each read alone."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end = seconds, time.monotonic() + seconds
        self._sockets: list[socket] = []
        self._lock, self._timer = Lock(), Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for one in self._sockets:
                one.close()
            self._sockets.clear()

    @property
    def left_seconds(self) -> float:
        """How much time is left; raises :class:`TimeoutError` for none."""
        self.require_time()
        return self._end - time.monotonic()

    def require_time(self) -> None:
        """Raise :class:`TimeoutError` when the time is over."""
        if time.monotonic() >= self._end:
            raise TimeoutError(f"not finished after {self._seconds:g} seconds")

    def over(self, connected: socket) -> None:
        """Watch a connection, by a handle of its own: TLS takes the socket itself over."""
        with self._lock:
            self._sockets.append(connected.dup())
        self.require_time()

    def _cut(self) -> None:
        with self._lock:
            for one in self._sockets:
                with suppress(OSError):  # the other side was faster
                    one.shutdown(SHUT_RDWR)


class _Connection(HTTPConnection):
    watch: _Watch

    def connect(self) -> None:
        self.timeout = self.watch.left_seconds
        super().connect()
        self.watch.over(self.sock)


class _TlsConnection(HTTPSConnection, _Connection):
    """Watched before the handshake, for ``HTTPSConnection.connect`` begins with the one above."""


def _connection(kind: type[_Connection], watch: _Watch, host: str, **particulars: Any) -> _Connection:
    connection = kind(host, **particulars)
    connection.watch = watch
    return connection


class _Speaker(AbstractHTTPHandler):
    """Speaks HTTP and HTTPS, over connections that are watched."""

    http_request = https_request = AbstractHTTPHandler.do_request_

    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connection, _Connection, self._watch), req)

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connection, _TlsConnection, self._watch), req)


class _Redirections(HTTPRedirectHandler):
    max_redirections, max_repeats = MAXIMUM_REDIRECTIONS, 1

    def redirect_request(self, req: Request, fp: IO[bytes], *particulars: Any) -> Request | None:
        request = super().redirect_request(req, fp, *particulars)
        fp.close()  # urllib would read all of it, however long
        return request


def _opener(watch: _Watch, *, redirects: bool) -> OpenerDirector:
    """Return an opener that knows no files and no FTP, wherever a redirection may lead."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), _Speaker(watch), HTTPErrorProcessor(), HTTPDefaultErrorHandler()):
        opener.add_handler(handler)
    if redirects:
        opener.add_handler(_Redirections())
    return opener
