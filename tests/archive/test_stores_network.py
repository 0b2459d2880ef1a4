"""Everything a network can do between us and a real S3: each fault at each request, and one version in the end."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from archive.s3 import S3Bucket
from archive.store import StoreCapabilities
from archive.versioned import VersionedStore
from schemas.errors import ConflictingContent, DigestMismatch, StoreUnavailable
from schemas.evidence import digest_of
from tests.archive.conftest import CREDENTIALS
from tests.archive.test_stores_s3 import PROVEN

pytestmark = pytest.mark.enable_socket

CONTENT = b"%PDF-1.7 a memorandum of understanding"
FAULTS: dict[str, Callable[[Proxied], None]] = {}


class Proxied(BaseHTTPRequestHandler):
    """Passes each request on to S3, and lets the fault happen at the one whose turn it is."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.next_fault()
        if fault is None:
            self.answer(*self.forwarded())
        else:
            fault(self)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass  # noqa: N815  # http.server's names

    def forwarded(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Have the store do it, and return its answer."""
        connection = http.client.HTTPConnection(self.server.behind, timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(self.body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), content

    def answer(self, status: int, headers: list[tuple[str, str]], content: bytes, *, cut: int = 0) -> None:
        """Answer; ``cut`` bytes of the content are announced and never sent."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                self.send_header(name, value)
        length = dict(headers).get("Content-Length", "0") if self.command == "HEAD" else len(content)
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) - cut])
        self.close_connection = True

    def hang_up(self) -> None:
        self.close_connection = True

    def refuse(self, status: int, code: str) -> None:
        content = f"<Error><Code>{code}</Code><Message>as asked</Message></Error>".encode()
        self.answer(status, [("Content-Type", "application/xml")], content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def fault(act: Callable[[Proxied], None]) -> Callable[[Proxied], None]:
    FAULTS[act.__name__.replace("_", " ")] = act
    return act


@fault
def connection_closed_before_it_was_done(request: Proxied) -> None:
    request.hang_up()


@fault
def done_and_the_answer_lost(request: Proxied) -> None:
    request.forwarded()
    request.hang_up()


@fault
def done_and_503_answered(request: Proxied) -> None:
    request.forwarded()
    request.refuse(503, "SlowDown")


@fault
def not_done_and_503_answered(request: Proxied) -> None:
    request.refuse(503, "ServiceUnavailable")


@fault
def answer_cut_short(request: Proxied) -> None:
    status, headers, content = request.forwarded()
    request.answer(status, headers, content, cut=1 if content else 0)
    request.hang_up()


@fault
def conflict(request: Proxied) -> None:
    request.refuse(409, "ConditionalRequestConflict")


@fault
def silence_beyond_our_patience(request: Proxied) -> None:
    request.server.over.wait(20)
    request.hang_up()


@fault
def done_late_after_we_gave_up_waiting(request: Proxied) -> None:
    request.server.over.wait(1.2)
    request.forwarded()
    request.hang_up()


class Proxy(ThreadingHTTPServer):
    """Stands before an S3; ``fault`` happens at the requests in ``turns``, counted from 1."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), Proxied)
        self.behind = urlsplit(behind).netloc
        self.over = threading.Event()
        self._counting = threading.Lock()
        self.plan(None, range(0))

    def plan(self, fault: Callable[[Proxied], None] | None, turns: range) -> None:
        self.count, self.fault, self.turns = 0, fault, turns

    def next_fault(self) -> Callable[[Proxied], None] | None:
        with self._counting:
            self.count += 1
            return self.fault if self.count in self.turns else None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """A client that gave up is part of the test."""


@pytest.fixture
def proxy(moto_endpoint: str) -> Iterator[Proxy]:
    with Proxy(moto_endpoint) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield proxy
        proxy.over.set()
        proxy.shutdown()
        thread.join()


@pytest.fixture
def through(proxy: Proxy, moto_bucket: S3Bucket) -> S3Bucket:
    """The same bucket, through the proxy; patience ends after a second."""
    name = moto_bucket.name.removeprefix("s3:")
    return S3Bucket(name, CREDENTIALS, endpoint=proxy.endpoint, timeout_seconds=1)


def store_on(bucket: S3Bucket, capabilities: StoreCapabilities, attempts: int = 6) -> VersionedStore:
    return VersionedStore(bucket, capabilities, attempts=attempts, pause=lambda _: None)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("capabilities", [StoreCapabilities(), PROVEN], ids=["unproven", "proven"])
def test_one_fault_at_any_request_is_overcome_and_leaves_one_version(  # noqa: PLR0917  # fixtures come by position
    proxy: Proxy,
    through: S3Bucket,
    moto_bucket: S3Bucket,
    folder: str,
    name: str,
    capabilities: StoreCapabilities,
) -> None:
    store, number = store_on(through, capabilities), 0
    while True:
        number += 1
        key = f"{folder}/{number}/{digest_of(CONTENT)}.pdf"
        proxy.plan(FAULTS[name], range(number, number + 1))
        receipt = store.put(key, CONTENT, retain_until=datetime.now(UTC) + timedelta(hours=1))
        reached = proxy.count >= number
        proxy.plan(None, range(0))
        assert receipt.sha256 == digest_of(CONTENT)
        kept = [listed.version for listed in moto_bucket.versions(key)]
        # a write that lands after we gave it up may lie over the first one, with the same bytes
        assert kept[-1] == receipt.version
        assert len(kept) == 1 or name.startswith("done late")
        assert store.get(key) == CONTENT
        if not reached:
            break
    assert number > 3, "the requests were not reached"


@pytest.mark.parametrize("name", FAULTS)
def test_a_storm_is_ridden_out_for_so_long_and_no_longer(
    proxy: Proxy, through: S3Bucket, moto_bucket: S3Bucket, folder: str, name: str
) -> None:
    key = f"{folder}/{digest_of(CONTENT)}.pdf"
    proxy.plan(FAULTS[name], range(1, 1000))
    with pytest.raises(StoreUnavailable) as refusal:
        store_on(through, PROVEN, attempts=3).put(key, CONTENT)
    assert refusal.value.remedy
    # an answer without content cannot be cut short: of such a try the second request fails
    assert 3 <= proxy.count <= (6 if name == "answer cut short" else 3)
    proxy.over.set()
    proxy.plan(None, range(0))
    receipt = store_on(through, PROVEN).put(key, CONTENT)
    assert store_on(moto_bucket, PROVEN).get(key, version=receipt.version) == CONTENT


def test_412_after_our_own_write_landed_is_success(
    proxy: Proxy, through: S3Bucket, moto_bucket: S3Bucket, folder: str
) -> None:
    key = f"{folder}/{digest_of(CONTENT)}.pdf"
    proxy.plan(FAULTS["done and the answer lost"], range(1, 2))
    receipt = store_on(through, PROVEN).put(key, CONTENT)
    assert [listed.version for listed in moto_bucket.versions(key)] == [receipt.version]


def test_412_for_other_bytes_is_an_incident_and_theirs_stay(
    through: S3Bucket, moto_bucket: S3Bucket, folder: str
) -> None:
    moto_bucket.put(f"{folder}/note", b"theirs")
    with pytest.raises(ConflictingContent) as refusal:
        store_on(through, PROVEN).put(f"{folder}/note", CONTENT)
    assert (refusal.value.got, refusal.value.expected) == (digest_of(CONTENT), digest_of(b"theirs"))
    assert moto_bucket.read(f"{folder}/note").content == b"theirs"


@pytest.mark.parametrize("flipped", [0, -1])
def test_bytes_altered_on_the_way_back_are_found_out(
    proxy: Proxy, through: S3Bucket, folder: str, flipped: int
) -> None:
    def altered(request: Proxied) -> None:
        status, headers, content = request.forwarded()
        if request.command == "GET" and content == CONTENT:
            mutable = bytearray(content)
            mutable[flipped] ^= 1
            content = bytes(mutable)
        request.answer(status, headers, content)

    key = f"{folder}/{digest_of(CONTENT)}.pdf"
    proxy.plan(altered, range(1, 1000))
    with pytest.raises(DigestMismatch):
        store_on(through, PROVEN).put(key, CONTENT)


def test_a_clock_that_is_off_is_said_to_be_refused(proxy: Proxy, through: S3Bucket, folder: str) -> None:
    proxy.plan(lambda request: request.refuse(403, "RequestTimeTooSkewed"), range(1, 1000))
    with pytest.raises(StoreUnavailable, match="clock") as refusal:
        store_on(through, PROVEN).put(f"{folder}/note", CONTENT)
    assert "RequestTimeTooSkewed" in refusal.value.got
    assert "clock" in refusal.value.remedy
