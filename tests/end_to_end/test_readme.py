"""The README's tour, typed line by line as it stands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.end_to_end.conftest import CONVENIO
from tests.flows.orchestration.conftest import free_port

ROOT = Path(__file__).parents[2]
NOT_YET = ("is not invited yet", "turn to sign", "is not archived")
"""What is said where the README tells to wait a second or two."""

pytestmark = [
    pytest.mark.xdist_group("prefect"),
    pytest.mark.prefect,
    pytest.mark.office,
    pytest.mark.slow,
    pytest.mark.enable_socket,
    pytest.mark.timeout(900),  # every command of the tour is a process of its own
]


def typed() -> Iterator[str]:
    """Yield the lines of the README's shell blocks, those that set up or start something left out."""
    for block in re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if not line.startswith("make ") and line != "convenio up":
                yield line.replace("MOU-2026-", f"MOU-{datetime.now(UTC).year}-")


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("readme") / "home"
    values = {name: value for name, value in os.environ.items() if not name.startswith("CONVENIO_")}
    return values | {
        "PATH": f"{CONVENIO.parent}:{os.environ['PATH']}",
        "CONVENIO_HOME": str(home),
        "CONVENIO_PREFECT_PORT": str(free_port()),
        "CONVENIO_PORTAL_PORT": str(free_port()),
    }


@pytest.fixture
def up(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    log = tmp_path_factory.mktemp("up") / "up.log"
    with log.open("wb") as said:
        process = subprocess.Popen([CONVENIO, "up"], env=environment, stdout=said, stderr=said)
    deadline = time.monotonic() + 180
    while "Stop with Ctrl-C" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    yield process
    process.send_signal(signal.SIGINT)
    process.wait(60)


def test_the_tour_ends_with_a_valid_dossier_and_up_stops_cleanly(environment, up, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    verdicts = []
    for line in typed():
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            environment[name] = value
            continue
        deadline = time.monotonic() + 60
        while True:
            ran = subprocess.run(
                ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            if ran.returncode == 0 or time.monotonic() > deadline or not any(w in ran.stderr for w in NOT_YET):
                break
            time.sleep(0.3)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"
        if line.startswith(("convenio verify ", "convenio ledger check")):
            verdicts.append(ran.stdout.splitlines()[-1])
    assert len(verdicts) == 2
    assert all(verdict.endswith(": valid") for verdict in verdicts), verdicts
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
