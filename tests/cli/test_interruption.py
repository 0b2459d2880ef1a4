"""Ctrl-C in a real process, at moments that are named by what the process is about to do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.commands import add_person
from flows.settings import Settings
from flows.wiring import Installation
from tests.cli.test_main import CONVENIO
from tests.installation import EXAMPLE, MANAGER

DRIVER = """
import os, signal, sys
from cli.main import main

moments = [moment.split(":") for moment in os.environ.pop("MOMENTS").split()]

def watch(frame, event, _):
    file, function = moments[0]
    if event == "call" and frame.f_code.co_qualname == function and frame.f_code.co_filename.endswith(file):
        del moments[0]
        if not moments:
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

sys.argv[0] = "convenio"
sys.setprofile(watch)
main()
"""
"""Interrupts itself when the last of MOMENTS (``file:function``) comes, each after the one before it."""

APPEND, CLOSE = "transaction.py:Transaction.append", "transaction.py:Transaction.close"

NOTHING = "Interrupted; nothing was recorded in the ledger.\n"
REPEAT = "repeat the command: a repetition gives the first result.\n"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("interrupted")
    house = Installation(Settings(home=home))
    add_person(house, MANAGER, name="Manager", roles=("manager",))
    house.close()
    return home


@pytest.fixture
def home(untouched, tmp_path) -> Path:
    return shutil.copytree(untouched, tmp_path / "home")


def interrupted(home: Path, moments: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {"CONVENIO_HOME": str(home), "PATH": os.environ["PATH"], "MOMENTS": moments}
    return subprocess.run(
        [sys.executable, "-c", DRIVER, *map(str, arguments)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        ("click/__init__.py:<module>", NOTHING),
        ("cli/agreements.py:<module>", NOTHING),
        ("sqlalchemy/__init__.py:<module>", NOTHING),
        ("flows/settings.py:_variable", NOTHING),
        (APPEND, NOTHING),
        (f"{CLOSE} sqlalchemy/engine/default.py:DefaultDialect.do_commit", "may be or not"),
    ],
    ids=["first import", "import of the command", "import of others", "settings", "in the transaction", "committing"],
)
def test_an_interruption_is_one_line_and_nothing_stays_half_done(home, moments, said):
    answer = interrupted(home, moments, "new", EXAMPLE, "--as", MANAGER)
    assert answer.returncode == 130
    assert said in answer.stderr
    assert len(answer.stderr.split("\n")) <= 3  # the terminal's own ^C stands on a line that is ended first
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


def test_what_was_recorded_before_the_interruption_is_said_to_be(home):
    answer = interrupted(home, "cli/agreements.py:report", "new", EXAMPLE, "--as", MANAGER)
    assert answer.returncode == 130
    assert answer.stderr.strip() == f"Interrupted, and the act was recorded; {REPEAT}".strip()
    again = subprocess.run(
        [CONVENIO, "new", EXAMPLE, "--as", MANAGER, "--home", home], capture_output=True, text=True, check=True
    )
    assert "was requested already" in again.stdout


SWALLOWED = """
import os, signal, sys
import click
from cli.main import main

class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        all(range(10))

spoken = click.echo
click.echo = lambda *words, **named: (Finalised(), spoken(*words, **named))
sys.argv[0] = "convenio"
main()
"""
"""An exception in a finaliser is printed by Python, and forgotten."""

LATE = """
import atexit, os, signal, sys
from cli.main import main

atexit.register(os.kill, os.getpid(), signal.SIGINT)
sys.argv[0] = "convenio"
main()
"""


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [(SWALLOWED, 130, NOTHING), (LATE, -signal.SIGINT, "")],  # a shell calls the latter 130
    ids=["swallowed", "at the very end"],
)
def test_an_interruption_is_told_or_silent_but_never_a_traceback(home, program, code, said):
    environment = {"CONVENIO_HOME": str(home), "PATH": os.environ["PATH"]}
    answer = subprocess.run(
        [sys.executable, "-c", program, "list"], env=environment, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (code, said)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["check", EXAMPLE], ["show", "MOU-2026-0001", "--json"], ["list", "--bogus", "--json"]],
    ids=lambda arguments: arguments[0],
)
def test_nobody_who_reads_is_no_traceback(home, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        answer = subprocess.run(
            [CONVENIO, *map(str, arguments)], env={"CONVENIO_HOME": str(home), "PATH": os.environ["PATH"]},
            stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (answer.returncode, answer.stderr) == (74, "")
