from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from flows.child import start_child
from flows.server import PrefectPlace, require_free_port, wait_for_server
from schemas.errors import OrchestrationUnavailable, Unavailable
from tests.flows.orchestration.conftest import free_port, wait_until

IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
)


def child(tmp_path: Path, program: str):
    return start_child("child", [sys.executable, "-c", program], environment=os.environ, log=tmp_path / "child.log")


def gone(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def test_the_secret_is_made_once_and_readable_by_its_owner_only(tmp_path):
    place = PrefectPlace(tmp_path, 4200)
    assert place.secret() == PrefectPlace(tmp_path, 4200).secret()
    assert stat.S_IMODE(place.secret_file.stat().st_mode) == 0o600
    assert PrefectPlace(tmp_path / "other", 4200).secret() != place.secret()


def test_server_and_clients_share_the_secret_and_tell_nobody_outside(tmp_path):
    place = PrefectPlace(tmp_path, 4321)
    server, client = place.server_environment(), place.client_environment()
    assert server["PREFECT_SERVER_API_AUTH_STRING"] == client["PREFECT_API_AUTH_STRING"]
    assert server["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert client["PREFECT_API_URL"] == "http://127.0.0.1:4321/api"
    assert server["DO_NOT_TRACK"] == client["DO_NOT_TRACK"] == "1"


def test_a_taken_port_is_refused_by_number_and_setting(socket_enabled):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OrchestrationUnavailable, match=f"port {port} is taken") as refusal:
            require_free_port(port, setting="CONVENIO_PREFECT_PORT")
    assert "CONVENIO_PREFECT_PORT" in refusal.value.remedy


def test_a_server_that_ends_while_starting_is_reported_with_its_last_words(tmp_path, socket_enabled):
    ended = child(tmp_path, "raise SystemExit('no disk')")
    with pytest.raises(OrchestrationUnavailable, match="ended while starting") as error:
        wait_for_server(PrefectPlace(tmp_path, free_port()), ended, deadline_seconds=30)
    assert "no disk" in error.value.got


def test_a_server_that_never_answers_is_given_up_at_the_deadline(tmp_path, socket_enabled):
    silent, heard = child(tmp_path, "import time; time.sleep(600)"), []
    try:
        with pytest.raises(OrchestrationUnavailable, match="does not answer"):
            wait_for_server(PrefectPlace(tmp_path, free_port()), silent, deadline_seconds=1.2, progress=heard.append)
    finally:
        silent.kill()
    assert heard
    assert heard == sorted(heard)


def test_a_program_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="cannot be started"):
        start_child("child", ["/nowhere/program"], environment={}, log=tmp_path / "child.log")


def test_a_child_that_ignores_the_request_to_stop_is_killed(tmp_path):
    deaf = child(tmp_path, IGNORES_SIGTERM)
    wait_until(lambda: "on" in deaf.log.read_text())
    deaf.stop(grace_seconds=0.2)
    assert deaf.process.returncode == -signal.SIGKILL


def test_no_child_outlives_a_killed_parent(tmp_path):
    program = f"""
import os, sys, time
from pathlib import Path
from flows.child import start_child
child = start_child("child", [sys.executable, "-c", "import time; time.sleep(600)"],
                    environment=os.environ, log=Path({str(tmp_path / "child.log")!r}))
print(child.process.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    assert not gone(pid)
    parent.kill()
    parent.communicate()
    wait_until(lambda: gone(pid))


@pytest.mark.prefect
def test_the_server_refuses_who_does_not_know_the_secret(running, socket_enabled):
    assert running.ask("GET", "/admin/version")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        running.ask("GET", "/admin/version", secret="convenio:guessed")


@pytest.mark.prefect
def test_the_ui_is_told_the_address_of_this_server(running, socket_enabled):
    with urllib.request.urlopen(f"{running.place.ui_url}/ui-settings", timeout=30) as answer:
        assert json.load(answer)["api_url"] == running.place.api_url


@pytest.mark.prefect
@pytest.mark.slow
def test_a_fresh_database_begins_as_the_pristine_one_and_a_damaged_one_is_made_anew(tmp_path):
    first, second, pristine = PrefectPlace(tmp_path / "a", 1), tmp_path / "second.db", tmp_path / "pristine"
    pristine.write_bytes(b"SQLite format 3\0 and then nonsense" * 500)
    pairs = [(first.database, pristine), (second, pristine), (second, tmp_path / "not needed")]
    program = (
        "import sys; from pathlib import Path; from flows.server_process import begin_database; "
        "[begin_database(*map(Path, pair.split(','))) for pair in sys.argv[1:]]"
    )
    subprocess.run(
        [sys.executable, "-c", program, *(f"{database},{kept}" for database, kept in pairs)],
        # Prefect reads the address of its database when it is imported
        env=os.environ | first.server_environment(),
        check=True,
    )
    assert second.read_bytes() == pristine.read_bytes()
    assert not (tmp_path / "not needed").exists()
    with closing(sqlite3.connect(second)) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM flow_run").fetchone() == (0,)
