"""A witness on the net: one address, ``POST /add-checkpoint``, on loopback unless told otherwise."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from archive.witness import LONGEST_REQUEST_BYTES, Answer, Witness
from schemas.errors import ConvenioError


def serve_witness(witness: Witness, *, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """Return a server bound to ``port`` (0: a free one) that answers for ``witness`` once it is run."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LONGEST_REQUEST_BYTES:
                self.close_connection = True
                self._answer(Answer(413, "too long, or of unknown length\n"))
                return
            body = self.rfile.read(int(length))
            if self.path.rstrip("/") != "/add-checkpoint":
                self._answer(Answer(404, "there is only /add-checkpoint\n"))
                return
            try:
                answer = witness.add_checkpoint(body)
            except ConvenioError as fault:
                answer = Answer(500, f"{fault.what}\n")
            self._answer(answer)

        def _answer(self, answer: Answer) -> None:
            content = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
            """Write nothing: addresses of clients are nobody's business."""

    return ThreadingHTTPServer((host, port), Handler)
