from __future__ import annotations

import hashlib
import http.server
import subprocess
import threading
from datetime import timedelta

import pytest
from asn1crypto import algos, tsp

from schemas.errors import InputError, TimestampUnavailable
from signing.run import run
from signing.timestamp import POLICY, Answer, Timestamper, http_timestamper

DIGEST = hashlib.sha256(b"agreed").digest()


def request(**changes) -> tsp.TimeStampReq:
    fields = {
        "version": 1,
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": DIGEST},
        "nonce": 4711,
        "cert_req": True,
    }
    return tsp.TimeStampReq({name: value for name, value in (fields | changes).items() if value is not None})


def answer(desk, **changes) -> Answer:
    return Answer.load(run(desk.timestamper.respond(request(**changes).dump())))


def token_info(response: Answer) -> tsp.TSTInfo:
    return response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


def test_token_repeats_imprint_and_nonce_and_tells_the_time(desk):
    info = token_info(answer(desk))
    assert info["message_imprint"]["hashed_message"].native == DIGEST
    assert info["nonce"].native == 4711
    assert info["gen_time"].native == desk.clock.now
    assert info["policy"].native == POLICY


def test_serial_numbers_differ(desk):
    serials = {token_info(answer(desk, nonce=None))["serial_number"].native for _ in range(5)}
    assert len(serials) == 5


def test_certificates_are_left_out_unless_asked_for(desk):
    assert len(answer(desk, cert_req=False)["time_stamp_token"]["content"]["certificates"]) == 0
    assert len(answer(desk)["time_stamp_token"]["content"]["certificates"]) == 2


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"message_imprint": {"hash_algorithm": {"algorithm": "md5"}, "hashed_message": b"0" * 16}}, "bad_alg"),
        ({"message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"0"}}, "bad_data_format"),
        ({"req_policy": "1.2.3"}, "unaccepted_policy"),
    ],
)
def test_bad_request_is_rejected_by_its_name(desk, changes, failure):
    response = answer(desk, **changes)
    assert response["status"]["status"].native == "rejection"
    assert response["status"]["fail_info"].native == {failure}


def test_junk_is_rejected(desk):
    response = Answer.load(run(desk.timestamper.respond(b"junk")))
    assert response["status"]["fail_info"].native == {"bad_data_format"}


def test_openssl_verifies_the_token(desk, tmp_path):
    (tmp_path / "reply").write_bytes(answer(desk).dump())
    (tmp_path / "request").write_bytes(request().dump())
    (tmp_path / "root").write_text(desk.pki.root_pem)
    moment = str(int((desk.clock.now + timedelta(minutes=1)).timestamp()))
    result = subprocess.run(
        [
            *("openssl", "ts", "-verify", "-in", tmp_path / "reply", "-queryfile", tmp_path / "request"),
            *("-CAfile", tmp_path / "root", "-attime", moment),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in result.stdout, result.stderr


def test_openssl_refuses_the_token_for_another_digest(desk, tmp_path):
    (tmp_path / "reply").write_bytes(answer(desk).dump())
    (tmp_path / "root").write_text(desk.pki.root_pem)
    result = subprocess.run(
        [
            *("openssl", "ts", "-verify", "-in", tmp_path / "reply", "-digest", hashlib.sha256(b"other").hexdigest()),
            *("-CAfile", tmp_path / "root", "-attime", str(int(desk.clock.now.timestamp()) + 60)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: FAILED" in result.stdout


class Liar(Timestamper):
    """An authority that answers a request of its own choice."""

    def __init__(self, desk, change) -> None:
        super().__init__()
        self.desk, self.change = desk, change

    async def exchange(self, request: bytes) -> bytes:
        asked = tsp.TimeStampReq.load(request)
        return self.change(await self.desk.timestamper.respond(self.rewrite(asked).dump()))

    def rewrite(self, asked: tsp.TimeStampReq) -> tsp.TimeStampReq:
        return asked


class OtherNonce(Liar):
    def rewrite(self, asked):
        asked["nonce"] = 1
        return asked


class OtherImprint(Liar):
    def rewrite(self, asked):
        asked["message_imprint"] = tsp.MessageImprint(
            {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": b"0" * 32}
        )
        return asked


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (OtherNonce, bytes),
        (OtherImprint, bytes),
        (Liar, lambda reply: b"<html>"),
        (Liar, lambda reply: b""),
        (Liar, lambda reply: reply[: len(reply) // 2]),
        (Liar, lambda reply: Answer({"status": {"status": "waiting"}}).dump()),
        (Liar, lambda reply: Answer({"status": {"status": "granted"}}).dump()),
    ],
)
def test_every_false_answer_is_unavailable(desk, kind, change):
    with pytest.raises(TimestampUnavailable):
        run(kind(desk, change).async_timestamp(DIGEST, "sha256"))


def test_address_must_be_http():
    with pytest.raises(InputError):
        http_timestamper("file:///etc/passwd")


@pytest.fixture
def server(desk, socket_enabled):
    class Handler(http.server.BaseHTTPRequestHandler):
        kind, wrong = "application/timestamp-reply", False

        def do_POST(self):
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            reply = run(desk.timestamper.respond(asked))
            self.send_response(503 if type(self).wrong else 200)
            self.send_header("Content-Type", type(self).kind)
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *arguments):
            return

    service = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Handler, f"http://127.0.0.1:{service.server_port}/tsa"
    service.shutdown()
    thread.join()
    service.server_close()


def test_token_comes_over_http(server):
    _, url = server
    token = run(http_timestamper(url).async_timestamp(DIGEST, "sha256"))
    assert token["content_type"].native == "signed_data"


@pytest.mark.parametrize(("name", "value"), [("kind", "text/html"), ("wrong", True)])
def test_http_authority_that_does_not_serve_is_unavailable(server, name, value):
    handler, url = server
    setattr(handler, name, value)
    with pytest.raises(TimestampUnavailable) as caught:
        run(http_timestamper(url).async_timestamp(DIGEST, "sha256"))
    assert caught.value.where == url


def test_http_authority_that_is_down_is_unavailable(socket_enabled):
    with pytest.raises(TimestampUnavailable):
        run(http_timestamper("http://127.0.0.1:9/", timeout_seconds=1).async_timestamp(DIGEST, "sha256"))
