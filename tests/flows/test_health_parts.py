from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from flows import commands
from flows.health import KEPT_FOR, LONGEST_LOOK, Health, HealthWatch, Part, health
from flows.wiring import Installation
from schemas.loader import load_document
from tests.installation import EXAMPLE, MANAGER

pytestmark = pytest.mark.enable_socket

PARTS = [
    "Ledger", "Published log", "Proof of the ledger", "Object store", "Fixity", "Seal and roots",
    "Timestamp authority", "Backup", "Restore drill", "Mail", "Prefect server", "Runner", "Stages", "Disk",
]  # fmt: skip

VERSION = b'HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n"3.4.1"'


class Server:
    """Something on loopback that answers everything with one answer, or with what is none."""

    def __init__(self) -> None:
        self.answer = VERSION
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle(self) -> None:
                self.rfile.readline()
                self.wfile.write(outer.answer)

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def prefect() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def looked_at(house, prefect) -> Installation:
    object.__setattr__(house, "settings", house.settings.model_copy(update={"prefect_port": prefect.port}))
    return house


def part(house: Installation, name: str) -> Part:
    return next(one for one in health(house).parts if one.name == name)


def unwell(house: Installation) -> list[str]:
    return [one.name for one in health(house).parts if not one.well]


def test_a_new_installation_is_well_in_every_part(looked_at):
    found = health(looked_at)
    assert [one.name for one in found.parts] == PARTS
    assert [one for one in found.parts if not one.well] == []
    assert found.well


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        (VERSION, True),
        (b"HTTP/1.0 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ntrue", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n<html>", False),
        (b"HTTP/1.0 500 Broken\r\nContent-Length: 0\r\n\r\n", False),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False),
        (b"", False),
    ],
    ids=["its version", "another secret", "yes to all", "a page", "broken", "another service", "hangs up"],
)
def test_the_prefect_server_is_judged_by_its_answer(looked_at, prefect, answer, well):
    prefect.answer = answer
    assert part(looked_at, "Prefect server").well is well


def test_a_silent_prefect_server_is_not_well_and_says_what_to_do(looked_at, prefect):
    prefect.stop()
    prefect.stop = lambda: None
    found = part(looked_at, "Prefect server")
    assert (found.well, found.remedy) == (False, "start it: convenio up")
    assert not health(looked_at).well


def test_a_store_that_does_not_answer_is_not_well(looked_at):
    (looked_at.home / "objects").write_bytes(b"a file in the way")
    assert unwell(looked_at) == ["Object store"]


def test_a_broken_ledger_is_not_well_and_every_other_part_still_answers(looked_at):
    looked_at.engine.dispose()
    for path in looked_at.home.glob("convenio.sqlite*"):
        path.unlink()
    (looked_at.home / "convenio.sqlite").write_bytes(b"this is no database, though it has its name" * 100)
    found = health(looked_at)
    assert [one.name for one in found.parts] == PARTS
    assert "Ledger" in unwell(looked_at)
    assert part(looked_at, "Disk").well


def test_a_disk_with_little_space_is_not_well(looked_at, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr("flows.health.shutil.disk_usage", lambda _: usage._replace(free=1000))
    assert unwell(looked_at) == ["Disk"]
    assert "make room" in part(looked_at, "Disk").remedy


def test_stages_that_nobody_starts_ask_for_the_runner(looked_at):
    def enqueue(agreement: str, seconds_ago: int) -> None:
        with looked_at.ledger.transaction() as tx:
            tx.enqueue("draft", agreement, 1, now=looked_at.clock() - timedelta(seconds=seconds_ago))

    enqueue("MOU-2026-0001", 30)
    assert part(looked_at, "Runner").well
    enqueue("MOU-2026-0002", 90)
    found = part(looked_at, "Runner")
    assert (found.well, found.seen) == (False, "1 stage waits to be started; is the runner up?")
    assert looked_at.clock() - found.since > timedelta(seconds=90)
    enqueue("MOU-2026-0003", 95)
    assert part(looked_at, "Runner").seen.startswith("2 stages wait ")


@pytest.mark.parametrize(("retry", "well"), [(False, False), (True, True)], ids=["refused", "may pass"])
def test_a_failed_stage_is_shown_and_one_for_a_person_is_not_well(looked_at, retry, well):
    agreement = commands.request(looked_at, load_document(EXAMPLE), by=MANAGER).state.agreement
    looked_at.outbox.mark_failed("draft", agreement, 1, "TemplateFault: no tag", retry=retry, now=looked_at.clock())
    said = "none waits for a person to mend it; 1 failed and tried again"
    if not well:
        said = f"a person is needed for {agreement}, draft: TemplateFault: no tag"
    found = part(looked_at, "Stages")
    assert (found.well, found.seen) == (well, said)


def test_whoever_asks_again_within_half_a_minute_gets_the_answer_there_is(looked_at, monkeypatch):
    looks = []

    def look(house):
        looks.append(house.clock())
        return Health(at=looks[-1], parts=())

    monkeypatch.setattr("flows.health.health", look)
    watch, clock = HealthWatch(), looked_at.clock
    first = watch.recent(looked_at)
    assert watch.recent(looked_at) is first
    assert watch.now(looked_at) is not first
    assert len(looks) == 2
    clock.now += KEPT_FOR
    watch.recent(looked_at)
    assert len(looks) == 3


def test_while_somebody_looks_everybody_else_gets_the_answer_before(looked_at, monkeypatch):
    watch, clock = HealthWatch(), looked_at.clock
    monkeypatch.setattr("flows.health.health", lambda house: Health(at=house.clock(), parts=()))
    first, meanwhile = watch.recent(looked_at), []

    def slow(house):
        meanwhile.append(watch.recent(house))
        return Health(at=house.clock(), parts=())

    monkeypatch.setattr("flows.health.health", slow)
    clock.now += KEPT_FOR
    assert watch.recent(looked_at).at > first.at
    assert meanwhile == [first]


def test_a_look_that_does_not_end_is_not_well(looked_at, monkeypatch):
    watch, clock = HealthWatch(), looked_at.clock
    monkeypatch.setattr("flows.health.health", lambda house: Health(at=house.clock(), parts=()))
    first = watch.recent(looked_at)
    begun, over = threading.Event(), threading.Event()

    def endless(house):
        begun.set()
        over.wait()
        return Health(at=house.clock(), parts=())

    monkeypatch.setattr("flows.health.health", endless)
    clock.now += KEPT_FOR
    asking = threading.Thread(target=watch.recent, args=(looked_at,), daemon=True)
    asking.start()
    begun.wait()
    assert watch.recent(looked_at) is first
    clock.now += LONGEST_LOOK
    for asked in (watch.recent, watch.now):
        found = asked(looked_at)
        [part] = found.parts
        assert (found.well, part.seen) == (False, "the last look has not ended")
        assert first.at + KEPT_FOR <= part.since < found.at - LONGEST_LOOK
    over.set()
    asking.join()
    assert watch.recent(looked_at).well


def test_the_first_look_that_does_not_end_is_not_well(looked_at, monkeypatch):
    watch, clock, meanwhile = HealthWatch(), looked_at.clock, []

    def endless(house):
        clock.now += LONGEST_LOOK
        meanwhile.append(watch.recent(house))
        return Health(at=house.clock(), parts=())

    monkeypatch.setattr("flows.health.health", endless)
    assert watch.recent(looked_at).well
    assert [found.well for found in meanwhile] == [False]


def test_a_fault_nobody_expected_makes_its_part_unwell(looked_at, monkeypatch):
    def broken(_home: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("flows.health._disk", broken)
    found = part(looked_at, "Disk")
    assert (found.well, found.seen) == (False, "unexpected fault: ZeroDivisionError")
