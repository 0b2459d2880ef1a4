from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest
from pydantic import SecretStr

from flows import up
from flows.settings import Settings
from flows.wiring import Installation
from schemas.errors import OrchestrationUnavailable, Refused
from tests.flows.orchestration.conftest import FLOWS, free_port, wait_until
from tests.flows.orchestration.test_server import gone

UP = """
import sys
from flows import up
from flows.settings import read_settings
from flows.wiring import Installation
code = up.run(Installation(read_settings()), say=lambda text: print(text, flush=True), flows=sys.argv[1])
assert "prefect" not in sys.modules
sys.exit(code)
"""


def test_two_ups_on_one_home_are_refused_by_the_process_that_holds_it(tmp_path):
    house = Installation(Settings(home=tmp_path))
    with (
        up.only_one(house),
        pytest.raises(Refused, match="up already") as refusal,
        up.only_one(house),
    ):
        pass
    assert str(os.getpid()) in refusal.value.got
    with up.only_one(house):
        pass


def test_a_lock_file_left_by_a_killed_process_holds_nobody_up(tmp_path):
    (tmp_path / "up.lock").write_text("99999\n")
    with up.only_one(Installation(Settings(home=tmp_path))):
        assert (tmp_path / "up.lock").read_text() == f"{os.getpid()}\n"


def test_a_taken_portal_port_is_refused_before_anything_starts(tmp_path, socket_enabled):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        house = Installation(Settings(home=tmp_path, portal_port=taken.getsockname()[1]))
        with pytest.raises(OrchestrationUnavailable, match="is taken") as refusal:
            up.run(house, say=lambda _text: None)
    assert "CONVENIO_PORTAL_PORT" in refusal.value.remedy
    assert not (tmp_path / "logs").exists()


def test_children_see_the_settings_in_force_but_no_secret(tmp_path, monkeypatch):
    monkeypatch.delenv("CONVENIO_KEY_PASSPHRASE", raising=False)
    settings = Settings(home=tmp_path, prefect_port=4321, organisation="Clúster", key_passphrase=SecretStr("hidden"))
    environment = up.child_environment(settings)
    assert environment["CONVENIO_PREFECT_PORT"] == "4321"
    assert environment["CONVENIO_ORGANISATION"] == "Clúster"
    assert "hidden" not in environment.values()


def test_what_the_command_line_uses_does_not_import_prefect():
    program = "import sys, flows.up, flows.server, flows.commands, flows.settings; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.prefect
@pytest.mark.slow
def test_up_starts_all_replaces_a_killed_runner_and_stops_clean_on_ctrl_c(tmp_path, socket_enabled):
    settings = Settings(home=tmp_path, prefect_port=free_port(), portal_port=free_port())
    process = subprocess.Popen(
        [sys.executable, "-c", UP, FLOWS],
        env=up.child_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = "".join(_until(process, "Stop with Ctrl-C."))
        assert f"http://127.0.0.1:{settings.portal_port}" in said
        assert f"http://127.0.0.1:{settings.prefect_port}" in said
        assert "sign in as one of these" in said
        assert str(tmp_path / "mail") in said
        children = _children(process.pid)
        assert len(children) == 3
        [runner] = [pid for pid, command in children.items() if "flows.runner" in command]
        os.kill(runner, signal.SIGKILL)
        _until(process, "the runner ended")
        wait_until(lambda: any("flows.runner" in command for command in _children(process.pid).values()))
        children |= _children(process.pid)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, rest
    assert all(gone(pid) for pid in children)


def _until(process, text: str) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError("".join(lines))


def _children(pid: int) -> dict[int, str]:
    listed = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid=,args="], capture_output=True, text=True, check=False)
    return {int(line.split()[0]): line for line in listed.stdout.splitlines()}
