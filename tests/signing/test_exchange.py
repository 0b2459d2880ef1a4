"""One HTTP exchange: its deadline holds for all of it, and it goes no further than it may."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from schemas.errors import SignerUnavailable
from signing.exchange import MAXIMUM_REDIRECTIONS, OtherStatus, exchange
from signing.remote import RemoteCredential, remote_key

pytestmark = pytest.mark.enable_socket

Answering = Callable[["Desk", BaseHTTPRequestHandler], None]


@dataclass
class Desk:
    """A server that answers as a function says; it keeps the token of every request that came."""

    answer: Answering
    tokens: list[str | None] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@contextmanager
def desk_that(answer: Answering) -> Iterator[Desk]:
    desk = Desk(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            desk.tokens.append(self.headers.get("Authorization"))
            try:
                desk.answer(desk, self)
            except OSError:
                desk.closing.set()

        do_POST = do_GET  # noqa: N815 (the names are the library's)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        desk.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield desk
        finally:
            desk.closing.set()
            server.shutdown()
            thread.join()


def whole(_desk: Desk, request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "text/plain; charset=utf-8")
    request.end_headers()
    request.wfile.write(b"whole")


def redirecting_to(url: str) -> Answering:
    def answer(desk: Desk, request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", url.format(count=len(desk.tokens)))
        request.end_headers()

    return answer


def refusing(_desk: Desk, request: BaseHTTPRequestHandler) -> None:
    request.send_response(401)
    request.end_headers()
    request.wfile.write(b'{"error": "invalid_token"}')


def dripping(beginning: bytes) -> Answering:
    """One byte after another, each sooner than any limit for a single read."""

    def answer(desk: Desk, request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(beginning)
        for _ in range(1000):
            if desk.closing.wait(0.01):
                return
            request.wfile.write(b"x")

    return answer


def ask(url: str, **changes):
    return exchange(url, **({"deadline_seconds": 10, "maximum_bytes": 1000} | changes))


def test_answer_has_its_type_and_body():
    with desk_that(whole) as desk:
        answer = ask(desk.url)
    assert (answer.media_type, answer.body) == ("text/plain", b"whole")


def test_another_status_comes_with_its_body():
    with desk_that(refusing) as desk, pytest.raises(OtherStatus, match="HTTP status 401") as caught:
        ask(desk.url)
    assert (caught.value.status, caught.value.body) == (401, b'{"error": "invalid_token"}')


DRIPS = {
    "headers": b"HTTP/1.1 200 OK\r\nX-Long: ",
    "body": b"HTTP/1.1 200 OK\r\n\r\n",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
}


@pytest.mark.parametrize("beginning", DRIPS.values(), ids=DRIPS)
def test_answer_that_only_drips_ends_with_the_deadline(beginning):
    with desk_that(dripping(beginning)) as desk, pytest.raises(TimeoutError, match=r"not finished after 0\.3 seconds"):
        ask(desk.url, deadline_seconds=0.3, maximum_bytes=100_000)


def test_handshake_that_only_drips_ends_with_the_deadline():
    done = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB is about to come (RFC 8446 5.1)
            for _ in range(1000):
                if done.wait(0.01):
                    return
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        try:
            with pytest.raises(TimeoutError, match=r"not finished after 0\.3 seconds"):
                ask(f"https://127.0.0.1:{listening.getsockname()[1]}/", deadline_seconds=0.3)
        finally:
            done.set()
            thread.join()


def test_no_more_redirections_are_followed_than_allowed():
    with desk_that(redirecting_to("/{count}")) as desk:
        with pytest.raises(OtherStatus, match="HTTP status 302"):
            ask(desk.url)
        assert len(desk.tokens) == 1 + MAXIMUM_REDIRECTIONS


def test_redirection_in_a_circle_is_left_at_once():
    with desk_that(redirecting_to("/here")) as desk:
        with pytest.raises(OtherStatus, match="HTTP status 302"):
            ask(desk.url)
        assert len(desk.tokens) == 2


def test_redirection_is_followed_where_nothing_is_secret():
    with desk_that(whole) as other, desk_that(redirecting_to(other.url)) as desk:
        assert ask(desk.url).body == b"whole"


def test_token_follows_no_redirection():
    with desk_that(whole) as other, desk_that(redirecting_to(other.url)) as desk:
        credential = RemoteCredential(desk.url, "mine", token="secret")
        with pytest.raises(SignerUnavailable) as caught:
            remote_key(credential, now=datetime.now(UTC))
    assert caught.value.got == "HTTP 302"
    assert desk.tokens == ["Bearer secret"]
    assert other.tokens == []
