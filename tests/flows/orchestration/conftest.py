"""One Prefect server and one runner for the whole session, on free ports, in a temporary home."""

from __future__ import annotations

import base64
import importlib
import json
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_socket

from archive.outbox import OutboxRow
from flows.server import PrefectPlace
from flows.settings import Settings
from flows.up import services
from flows.wiring import Installation
from schemas.evidence import AgreementId, digest_of

FLOWS = "tests.flows.orchestration.sample_flows:build"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def outbox_row(stage: str, agreement: str, version: int = 1, attempt: int = 1) -> OutboxRow:
    return OutboxRow(
        id=digest_of(f"{stage} {agreement} {version} {attempt}".encode()),
        stage=stage,
        agreement=AgreementId(agreement),
        version=version,
        attempt=attempt,
        created_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    )


@dataclass(frozen=True)
class Running:
    """A running server and runner, and what their API says."""

    house: Installation
    place: PrefectPlace

    def ask(self, method: str, path: str, body: object = None, *, secret: str | None = None) -> object:
        token = base64.b64encode((secret or self.place.secret()).encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.place.api_url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def start(self, stage: str, agreement: str, version: int = 1) -> str:
        deployment = self.ask("GET", f"/deployments/name/{stage}/convenio")
        body = {"parameters": {"agreement": agreement, "version": version}}
        return self.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", body)["id"]

    def state(self, run: str) -> dict:
        return self.ask("GET", f"/flow_runs/{run}")["state"]

    def wait_for(self, run: str, *states: str, seconds: float = 60) -> dict:
        wait_until(lambda: self.state(run)["type"] in states, seconds=seconds)
        return self.state(run)

    def executed_in(self, agreement: str, version: int = 1) -> int:
        return int((self.house.home / "seen" / f"{agreement}.{version}").read_text())


def wait_until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="session", autouse=True)
def prefect_imported() -> None:
    """Import Prefect before a test's log is captured: setting up its own log, it drops other handlers."""
    importlib.import_module("prefect.main")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def running(home: Path) -> Iterator[Running]:
    pytest_socket.enable_socket()
    house = Installation(Settings(home=home, prefect_port=free_port()))
    with services(house, progress=lambda _text: None, flows=FLOWS) as place:
        yield Running(house, place)
    house.close()


@pytest.fixture
def client(running: Running, socket_enabled: None) -> Iterator[Running]:
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    place = running.place
    with temporary_settings({PREFECT_API_URL: place.api_url, PREFECT_API_AUTH_STRING: place.secret()}):
        yield running
