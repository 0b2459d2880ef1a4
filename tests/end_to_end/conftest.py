"""The demonstration, run once as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

CONVENIO = Path(sys.executable).with_name("convenio")


def convenio(
    *arguments: object, home: Path, before: tuple[str, ...] = (), seconds: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run the command with ``CONVENIO_HOME`` set to ``home``; ``before`` is a program that runs it."""
    command = [*before, str(CONVENIO), *map(str, arguments)]
    environment = os.environ | {"CONVENIO_HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=seconds)


@dataclass(frozen=True)
class Demonstration:
    """How ``convenio demo`` ended, what it said, and the home it left."""

    exit_code: int
    said: list[str]
    faults: str
    home: Path

    @property
    def dossier(self) -> Path:
        return self._taken("*-dossier.zip")

    @property
    def signed_pdf(self) -> Path:
        return self._taken("*-signed.pdf")

    @property
    def keys(self) -> Path:
        return self._taken("*-keys.json")

    def _taken(self, pattern: str) -> Path:
        [path] = (self.home / "taken-home").glob(pattern)
        return path


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    home = tmp_path_factory.mktemp("demonstration") / "home"
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    ended = convenio("demo", "--home", home, home=elsewhere)
    return Demonstration(ended.returncode, ended.stdout.splitlines(), ended.stderr, home)
