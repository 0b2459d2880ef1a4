"""What C2SP tlog-witness asks of a witness, and of the log that asks it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from archive.checkpoint import CheckpointKey, sign_checkpoint
from archive.cosignature import CosignerKey, open_cosignatures
from archive.database import open_database, reading
from archive.merkle import EMPTY_ROOT, Tree, leaf_hash
from archive.publication import newest
from archive.signed_note import parse_signature_line, split_note
from archive.witness import SIZE_TYPE, Witness, read_submission
from archive.witness_client import WitnessClient
from archive.witness_server import serve_witness
from schemas.errors import Invalid, WitnessDisagrees, WitnessUnavailable
from tests.logs import NOW, fill, log_of, publishing, whole

KEY = CheckpointKey.create("convenio.example/ledger")
WITNESS = CosignerKey.create("witness.example/w1")
TREE = Tree(leaf_hash(b"leaf %d" % n) for n in range(100))
OTHER = Tree(leaf_hash(b"another leaf %d" % n) for n in range(100))


def checkpoint(size, tree=TREE, key=KEY):
    return sign_checkpoint(key, tree_size=size, root=tree.root(size))


def request_of(old, new, tree=TREE, *, key=KEY, path=None):
    import base64

    hashes = tree.consistency(old, new).path if path is None else path
    lines = "".join(base64.b64encode(bytes.fromhex(one)).decode() + "\n" for one in hashes)
    return f"old {old}\n{lines}\n{checkpoint(new, tree, key).note}".encode()


@pytest.fixture
def witness(tmp_path):
    return Witness(WITNESS, [KEY.verifier_key], tmp_path / "state", lambda: NOW)


def test_a_witness_cosigns_what_begins_with_what_it_saw(witness):
    for old, new in [(0, 1), (1, 7), (7, 7), (7, 64), (64, 100)]:
        answer = witness.add_checkpoint(request_of(old, new))
        assert answer.status == 200
        (cosignature,) = open_cosignatures(checkpoint(new).note + answer.body, [WITNESS.verifier_key])
        assert (cosignature.name, cosignature.at) == ("witness.example/w1", NOW)
        assert witness.newest(KEY.name) == checkpoint(new)


def test_what_a_witness_saw_outlives_it(witness, tmp_path):
    witness.add_checkpoint(request_of(0, 40))
    again = Witness(WITNESS, [KEY.verifier_key], tmp_path / "state", lambda: NOW)
    assert again.add_checkpoint(request_of(0, 50)).status == 409
    assert again.add_checkpoint(request_of(40, 50)).status == 200


STRANGER = CheckpointKey.create("stranger.example/log")
IMPOSTOR = CheckpointKey.create(KEY.name)


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        (request_of(40, 50), 200, None),
        (b"old 40\n" + request_of(40, 50).split(b"\n", 1)[1], 200, None),
        (request_of(0, 50), 409, "40\n"),
        (request_of(39, 50), 409, "40\n"),
        (request_of(0, 30), 409, "40\n"),
        (request_of(40, 40, OTHER), 409, "40\n"),
        (request_of(40, 50, OTHER), 422, None),
        (request_of(40, 50, path=()), 422, None),
        (request_of(40, 50, path=(*TREE.consistency(40, 50).path, "00" * 32)), 422, None),
        (request_of(40, 50, key=STRANGER), 404, None),
        (request_of(40, 50, key=IMPOSTOR), 403, None),
        (b"old 51\n\n" + checkpoint(50).note.encode(), 400, None),
        (b"old 040\n\n" + checkpoint(50).note.encode(), 400, None),
        (b"old -1\n\n" + checkpoint(50).note.encode(), 400, None),
        (b"old 40\nAAAA\n\n" + checkpoint(50).note.encode(), 400, None),
        (request_of(40, 50, path=("00" * 32,) * 64), 400, None),
        (b"old 40\n\nnot a checkpoint\n", 400, None),
        (b"\xff", 400, None),
        (b"", 400, None),
    ],
    ids=range(19),
)  # fmt: skip
def test_a_witness_answers_as_specified_and_remembers_only_what_it_cosigned(witness, body, status, answer):
    witness.add_checkpoint(request_of(0, 40))
    given = witness.add_checkpoint(body)
    assert given.status == status
    if answer is not None:
        assert (given.body, given.media_type) == (answer, SIZE_TYPE)
    assert witness.newest(KEY.name) == checkpoint(50 if status == 200 else 40)


def test_a_witness_of_nothing_begins_at_the_empty_tree(witness):
    assert witness.add_checkpoint(request_of(5, 9)).body == "0\n"
    empty = sign_checkpoint(KEY, tree_size=0, root=EMPTY_ROOT)
    assert witness.add_checkpoint(f"old 0\n\n{empty.note}".encode()).status == 200
    assert witness.add_checkpoint(f"old 0\n\n{empty.note.replace('47DEQ', '47DEA')}".encode()).status == 403


def test_an_altered_memory_is_not_believed(witness, tmp_path):
    witness.add_checkpoint(request_of(0, 40))
    (kept,) = (tmp_path / "state").glob("*.checkpoint")
    kept.write_text(kept.read_text().replace("\n40\n", "\n30\n"))
    with pytest.raises(Invalid, match="does not belong to this text"):
        witness.add_checkpoint(request_of(30, 50))


def test_racing_requests_never_take_a_witness_back(witness):
    answers = []
    bodies = [request_of(0, size) for size in range(1, 9)]

    def add(body):
        answers.append(witness.add_checkpoint(body))

    threads = [threading.Thread(target=add, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7
    seen = witness.newest(KEY.name).tree_size
    assert {answer.body for answer in answers if answer.status == 409} == {f"{seen}\n"}


def test_a_request_reads_as_the_specification_writes_it():
    submission = read_submission(request_of(3, 7))
    assert (submission.old_size, len(submission.path)) == (3, len(TREE.consistency(3, 7).path))
    assert submission.note == checkpoint(7).note


@pytest.fixture
def served(witness):
    server = serve_witness(witness)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def engine(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'convenio.db'}", wait_seconds=5)
    yield engine
    engine.dispose()


def client(url, **how):
    return WitnessClient(url, WITNESS.verifier_key, **how)


@pytest.mark.enable_socket
def test_a_published_checkpoint_carries_its_witness(served, engine):
    for count in (3, 300, 1):
        fill(engine, count)
        done = publishing(engine, KEY, witnesses=[client(served)])
        assert done.complaints == ()
        (cosignature,) = open_cosignatures(done.checkpoint.note, [WITNESS.verifier_key])
        assert cosignature.at == NOW
        assert log_of(engine).get("checkpoint") == done.checkpoint.note.encode()
    assert len(whole(log_of(engine), KEY)) == 304


@pytest.mark.enable_socket
def test_a_client_that_knows_nothing_asks_the_witness_what_it_saw(served, engine):
    fill(engine, 3)
    publishing(engine, KEY, witnesses=[client(served)])
    fill(engine, 2)
    publishing(engine, KEY)
    fill(engine, 2)
    done = publishing(engine, KEY, witnesses=[client(served)])
    assert len(open_cosignatures(done.checkpoint.note, [WITNESS.verifier_key])) == 1


@pytest.mark.enable_socket
def test_a_witness_that_is_down_is_named_and_does_not_stop_the_ledger(engine):
    fill(engine, 3)
    done = publishing(engine, KEY, witnesses=[client("http://127.0.0.1:9", timeout_seconds=1)])
    assert done.checkpoint.tree_size == 3
    assert set(done.complaints) == {"witness witness.example/w1 did not co-sign: the witness did not answer"}


@pytest.mark.enable_socket
def test_a_required_witness_that_is_down_lets_nothing_be_shown(engine):
    fill(engine, 3)
    with pytest.raises(WitnessUnavailable, match="the witness did not answer"):
        publishing(engine, KEY, witnesses=[client("http://127.0.0.1:9", required=True, timeout_seconds=1)])
    assert log_of(engine).get("checkpoint") is None


@pytest.mark.enable_socket
def test_a_witness_that_does_not_know_the_log_is_named(tmp_path, engine):
    fill(engine, 1)
    server = serve_witness(Witness(WITNESS, [STRANGER.verifier_key], tmp_path / "state", lambda: NOW))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    done = publishing(engine, KEY, witnesses=[client(f"http://127.0.0.1:{server.server_address[1]}")])
    server.shutdown()
    thread.join()
    server.server_close()
    assert done.complaints[0].startswith("witness witness.example/w1 did not co-sign: the witness refused")


@pytest.mark.enable_socket
def test_a_witness_ahead_of_database_and_log_store_stops_the_publisher_before_it_signs(served, witness, engine):
    fill(engine, 3)
    publishing(engine, KEY, witnesses=[client(served)])
    witness.add_checkpoint(request_of(3, 5))
    fill(engine, 1)
    with pytest.raises(WitnessDisagrees, match="a witness is ahead of the database") as invalid:
        publishing(engine, KEY, witnesses=[client(served, required=True)])
    assert "3 leaves" in invalid.value.got
    assert "5 leaves" in invalid.value.expected
    with reading(engine) as connection:
        assert newest(connection, KEY.verifier_key).tree_size == 3


@pytest.mark.enable_socket
def test_a_lost_ledger_begun_anew_is_found_by_its_witness(served, witness, engine):
    witness.add_checkpoint(request_of(0, 5))
    fill(engine, 9)
    with pytest.raises(WitnessDisagrees, match="a witness is ahead of the database"):
        publishing(engine, KEY, witnesses=[client(served, required=True)])


@pytest.mark.enable_socket
def test_a_rewritten_ledger_is_found_by_its_witness(served, witness, engine):
    fill(engine, 5)
    publishing(engine, KEY)
    witness.add_checkpoint(request_of(0, 5, OTHER))
    fill(engine, 1)
    with pytest.raises(WitnessDisagrees, match="a witness has seen another tree"):
        publishing(engine, KEY, witnesses=[client(served, required=True)])


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (httpx.Response(409, text=f"{10**18}\n"), f"a witness is ahead of the database; got .* the {10**18} leaves"),
        (httpx.Response(422), "a witness has seen another tree; got"),
    ],
    ids=["larger", "another"],
)
def test_the_unsigned_word_of_a_witness_stops_only_who_requires_it(monkeypatch, engine, answer, complaint):
    monkeypatch.setattr("archive.witness_client._exchange", lambda *_: answer)
    fill(engine, 3)
    with pytest.raises(WitnessDisagrees):
        publishing(engine, KEY, witnesses=[client("http://127.0.0.1:9", required=True)])
    assert log_of(engine).get("checkpoint") is None
    done = publishing(engine, KEY, witnesses=[client("http://127.0.0.1:9")])
    assert done.checkpoint.tree_size == 3
    assert all(re.match(f"witness {WITNESS.name} disagrees: {complaint}", said) for said in done.complaints)
    assert len(done.complaints) == 2


@contextmanager
def answering(send):
    """Yield the address of a server that answers one request by ``send``, of a connection and of when to stop."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                send(connection, stop)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        stop.set()
        thread.join()


@pytest.mark.enable_socket
@pytest.mark.parametrize("begun", ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"],
                         ids=["headers", "body"])  # fmt: skip
def test_a_witness_that_answers_byte_after_byte_is_given_up(begun):
    def drip(connection, stop):
        connection.sendall(begun.encode())
        for _ in range(600):
            if stop.wait(0.05):
                break
            connection.sendall(b"x:y\r\n")

    with answering(drip) as url, pytest.raises(WitnessUnavailable, match="the witness did not answer") as unavailable:
        client(url, timeout_seconds=0.5).seen(checkpoint(3))
    assert unavailable.value.got == "TimeoutError"


@pytest.mark.enable_socket
def test_a_witness_that_answers_without_end_is_given_up():
    def flood(connection, _stop):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"x" * 65_536)

    with answering(flood) as url, pytest.raises(WitnessUnavailable, match="the witness did not answer") as unavailable:
        client(url, timeout_seconds=30).seen(checkpoint(3))
    assert unavailable.value.got == "more than 65536 bytes"


@pytest.mark.parametrize("change", ["name", "time", "signature", "missing"])
def test_a_witness_that_lies_is_not_believed(monkeypatch, change):
    other = CosignerKey.create("witness.example/w2" if change == "name" else WITNESS.name)
    text, _ = split_note(checkpoint(3).note, where="a test")
    line = WITNESS.cosign(text, NOW)
    answers = {
        "name": other.cosign(text, NOW),
        "time": line.replace("AAAA", "AAAB", 1),
        "signature": WITNESS.cosign(text + "more\n", NOW),
        "missing": "",
    }
    answered = httpx.Response(200, text=answers[change])
    monkeypatch.setattr("archive.witness_client._exchange", lambda *_: answered)
    with pytest.raises(WitnessUnavailable, match="without its co-signature"):
        client("http://127.0.0.1:9").cosign(checkpoint(3), lambda old: TREE.consistency(old, 3))


def test_a_cosignature_says_when_and_over_what():
    text, _ = split_note(checkpoint(3).note, where="a test")
    line = WITNESS.cosign(text, NOW + timedelta(seconds=0.9))
    note = checkpoint(3).note + line
    assert open_cosignatures(note, [WITNESS.verifier_key])[0].at == NOW
    assert open_cosignatures(note, [CosignerKey.create("witness.example/w3").verifier_key]) == ()
    signed = parse_signature_line(line.rstrip(), where="a test")
    later = (int.from_bytes(signed.signature[:8], "big") + 1).to_bytes(8, "big")
    postdated = str(replace(signed, signature=later + signed.signature[8:]))
    for altered in (note.replace("\n3\n", "\n4\n"), checkpoint(3).note + postdated):
        with pytest.raises(Invalid, match="does not belong"):
            open_cosignatures(altered, [WITNESS.verifier_key])
    with pytest.raises(Invalid, match="type 01"):
        open_cosignatures(note, [KEY.verifier_key])


SERVED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from archive.cosignature import CosignerKey
from archive.witness import Witness
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

state, vkey, at = sys.argv[1:]
witness = Witness(CosignerKey("w", Ed25519PrivateKey.from_private_bytes(bytes(32))), [vkey], Path(state),
                  lambda: os.kill(os.getpid(), signal.SIGKILL) if at == "after" else datetime.now(UTC))
if at == "before":
    witness._remember = lambda _: os.kill(os.getpid(), signal.SIGKILL)
witness.add_checkpoint(sys.stdin.buffer.read())
"""


@pytest.mark.parametrize(("at", "seen"), [("before", 5), ("after", 9)])
def test_a_witness_killed_around_its_memory_has_given_nothing_away_it_forgot(witness, tmp_path, at, seen):
    witness.add_checkpoint(request_of(0, 5))
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SERVED, str(tmp_path / "state"), KEY.verifier_key, at],
        input=request_of(5, 9),
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert witness.newest(KEY.name).tree_size == seen
    assert witness.add_checkpoint(request_of(seen, 10)).status == 200
