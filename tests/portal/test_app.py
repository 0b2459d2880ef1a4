from __future__ import annotations

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response

from flows import commands
from flows.settings import Settings
from flows.wiring import Installation
from portal.app import HEADERS, create_app
from schemas.loader import load_document
from tests.installation import EXAMPLE, MANAGER, people

pytestmark = pytest.mark.enable_socket

PARTS = [
    "Ledger", "Published log", "Object store", "Fixity", "Seal and roots", "Restore drill", "Prefect server", "Runner",
    "Stages", "Disk",
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


class Visitor:
    """Somebody who looks at the portal."""

    def __init__(self, home: Path) -> None:
        self._app = create_app(home)

    def get(self, path: str, method: str = "GET") -> Response:
        async def ask() -> Response:
            transport = ASGITransport(self._app, raise_app_exceptions=False)
            async with AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path)

        return asyncio.run(ask())


@pytest.fixture
def prefect(monkeypatch) -> Iterator[Server]:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CONVENIO_{name.upper()}", raising=False)
    server = Server()
    monkeypatch.setenv("CONVENIO_PREFECT_PORT", str(server.port))
    yield server
    server.stop()


@pytest.fixture
def portal(prefect, tmp_path) -> Visitor:
    return Visitor(tmp_path / "home")


def states(portal: Visitor) -> dict[str, bool]:
    return {part["name"]: part["well"] for part in portal.get("/health").json()["parts"]}


def test_a_well_installation_says_so(portal):
    answer = portal.get("/health")
    assert answer.status_code == 200
    assert [part["name"] for part in answer.json()["parts"]] == PARTS
    assert all(part["well"] for part in answer.json()["parts"])
    page = portal.get("/")
    assert page.status_code == 200
    assert "Everything is well." in page.text
    assert all(f"<td>{name}</td><td>✓ well</td>" in page.text for name in PARTS)


def test_making_the_portal_opens_nothing(prefect, tmp_path):
    create_app(tmp_path / "home")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        (VERSION, True),
        (b"HTTP/1.0 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ntrue", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n<html>", False),
        (b"HTTP/1.0 500 Broken\r\nContent-Length: 0\r\n\r\n", False),
        (b"220 mail.example.org ESMTP\r\n", False),
        (b"", False),
    ],
    ids=[
        "says its version",
        "knows another secret",
        "answers yes to all",
        "a page",
        "broken",
        "another service",
        "hangs up",
    ],
)
def test_the_prefect_server_is_judged_by_its_answer(portal, prefect, answer, well):
    prefect.answer = answer
    assert states(portal)["Prefect server"] is well
    assert portal.get("/").status_code == (200 if well else 503)


def test_a_silent_prefect_server_makes_it_unwell_and_says_what_to_do(portal, prefect):
    prefect.stop()
    answer = portal.get("/health")
    assert answer.status_code == 503
    page = portal.get("/")
    assert page.status_code == 503
    assert "Something is not well" in page.text
    assert "start it with: convenio up" in page.text
    assert "<td>Prefect server</td><td>✗ not well</td>" in page.text


def test_a_store_that_does_not_answer_makes_it_unwell(portal, tmp_path):
    assert states(portal)["Object store"]
    (tmp_path / "home" / "objects").write_bytes(b"a file in the way")
    assert [name for name, well in states(portal).items() if not well] == ["Object store"]


def test_a_broken_ledger_makes_it_unwell(prefect, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "convenio.sqlite").write_bytes(b"this is no database, though it has its name" * 100)
    portal = Visitor(home)
    assert portal.get("/").status_code == 503
    assert states(portal)["Ledger"] is False


def test_a_disk_with_little_space_makes_it_unwell(portal, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr("flows.health.shutil.disk_usage", lambda _: usage._replace(free=1000))
    assert states(portal)["Disk"] is False


@pytest.fixture
def house(portal, tmp_path) -> Iterator[Installation]:
    house = Installation(Settings(home=tmp_path / "home"))
    yield house
    house.close()


def enqueue(house: Installation, *, seconds_ago: int, agreement: str = "MOU-2026-0001") -> None:
    with house.ledger.transaction() as tx:
        tx.enqueue("draft", agreement, 1, now=house.clock() - timedelta(seconds=seconds_ago))


def seen(portal: Visitor, name: str) -> tuple[bool, str]:
    [part] = [part for part in portal.get("/health").json()["parts"] if part["name"] == name]
    return part["well"], part["seen"]


def test_stages_that_nobody_starts_ask_for_the_runner(portal, house):
    enqueue(house, seconds_ago=30)
    assert seen(portal, "Runner") == (True, "no stage waits to be started")
    enqueue(house, seconds_ago=90, agreement="MOU-2026-0002")
    well, said = seen(portal, "Runner")
    assert not well
    assert said.startswith("1 stage waits since ")
    assert "is the runner up?" in said
    enqueue(house, seconds_ago=95, agreement="MOU-2026-0003")
    assert seen(portal, "Runner")[1].startswith("2 stages wait since ")
    assert portal.get("/").status_code == 503


@pytest.mark.parametrize(("retry", "well"), [(False, False), (True, True)], ids=["refused", "may pass"])
def test_a_failed_stage_is_shown_and_one_for_a_person_makes_it_unwell(portal, house, retry, well):
    people(house)
    agreement = commands.request(house, load_document(EXAMPLE), by=MANAGER).state.agreement
    house.outbox.mark_failed("draft", agreement, 1, "TemplateFault: no <b>", retry=retry, now=house.clock())
    said = "none waits for a person to mend it; 1 failed and tried again"
    if not well:
        said = f"a person is needed for {agreement}, draft: TemplateFault: no <b>"
    assert seen(portal, "Stages") == (well, said)
    assert "<b>" not in portal.get("/").text


def test_a_fault_nobody_expected_makes_its_part_unwell(portal, monkeypatch):
    def broken(_house: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("flows.health._disk", broken)
    assert seen(portal, "Disk") == (False, "unexpected fault: ZeroDivisionError")


def test_a_broken_page_is_guarded_and_says_nothing_of_the_fault(portal, monkeypatch):
    def broken(_house: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("portal.app.health", broken)
    answer = portal.get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_what_was_seen_cannot_become_markup(portal, prefect, monkeypatch):
    monkeypatch.setattr("flows.health._disk", lambda _: (False, "<script>alert(1)</script>"))
    page = portal.get("/").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/", "/health", "/nothing-here"])
def test_every_answer_is_guarded(portal, path):
    headers = portal.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_the_page_needs_nothing_from_elsewhere(portal):
    page = portal.get("/").text
    assert not re.findall(r"(?:src|href|action)=|@import|url\(|https?://", page)


def test_nothing_but_the_two_pages_is_there(portal):
    for path in ("/docs", "/redoc", "/openapi.json", "/admin"):
        assert portal.get(path).status_code == 404
    assert portal.get("/", "POST").status_code == 405
