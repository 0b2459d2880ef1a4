"""The command line called in-process, and homes whose only agreement is at some point of its way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from schemas.evidence import AgreementId
from tests.installation import Snapshots


@dataclass(frozen=True)
class Answer:
    """What a command left on the terminal."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def run(monkeypatch, capsys, tmp_path) -> Run:
    """Runs ``convenio`` with arguments, in an environment without settings but a home that is not there."""
    for name in [name for name in os.environ if name.startswith("CONVENIO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "nowhere"))
    listening = signal.getsignal(signal.SIGINT)

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["convenio", *(str(argument) for argument in arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        signal.signal(signal.SIGINT, listening)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Answer(end.value.code, said.out, said.err)

    return call


@pytest.fixture
def home_at(snapshots: Snapshots, tmp_path: Path, monkeypatch) -> Callable[[str], Path]:
    """Makes a copy of the home at a point of the way the one that commands use."""

    def copy(point: str) -> Path:
        shutil.copytree(snapshots.home(point), tmp_path / "home")
        monkeypatch.setenv("CONVENIO_HOME", str(tmp_path / "home"))
        return tmp_path / "home"

    return copy


@pytest.fixture(scope="session")
def agreement(snapshots: Snapshots) -> AgreementId:
    return snapshots.agreement
