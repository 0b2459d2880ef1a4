"""A program on loopback that is told of entries: it checks every signature with its secret, and keeps what it took."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class Receiver:
    """What was received. ``answers`` are statuses to give before 204; ``forged`` counts messages that are not ours."""

    secret: str = ""
    answers: list[int] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    url: str = ""
    now: float = 0.0

    def take(self, header: str, body: bytes) -> int:
        """Return the status of the answer to a message."""
        from tests.portal.test_api_docs import verifier

        self.seen.append(body)
        self.headers.append(header)
        if not verifier()(self.secret, header, body, now=self.now):
            return 401
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(json.loads(body))
        return 204


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port of loopback for as long as the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take(self.headers["Convenio-Signature"], body)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", receiver.url)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/told"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
