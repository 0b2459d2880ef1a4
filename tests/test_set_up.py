"""What ``.ci/set-up`` asks of a machine, whose programs are replaced by ones that write down how they are called."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "set-up"
BARE = {"python3", "make"}
OFFICE = {
    "libreoffice-writer-nogui", "python3-uno", "fonts-liberation2", "fonts-dejavu-core", "fonts-noto-core",
    "fonts-crosextra-carlito", "fonts-crosextra-caladea", "poppler-utils", "qpdf", "openssl",
}  # fmt: skip
TEST_TOOLS = {"softhsm2", "faketime", "mupdf-tools", "ghostscript", "chromium"}
CEPH = {"ceph-mon", "ceph-osd", "ceph-mgr", "radosgw", "ceph-common"}

PROGRAMS = {
    "dpkg-query": """
        for word; do grep -qx -- "$word" installed && printf 'installed %s;' "$word"; done
        true""",
    "apt-get": """
        echo "apt-get $*" >> calls
        for word; do grep -qx -- "$word" unavailable && { echo "E: no $word"; exit 100; }; done
        [ "$UNPRIVILEGED" = no ] || exit 100
        for word; do echo "$word" >> installed; done""",
    "id": """
        [ "$UNPRIVILEGED" = no ] && echo 0 || echo 1000""",
    "sudo": """
        [ "$SUDO" = yes ] || exit 1
        echo "sudo $*" >> calls
        shift
        UNPRIVILEGED=no exec "$@" """,
    "uv": """
        [ "$*" = --version ] && { echo "uv $UV_VERSION"; exit 0; }
        echo "uv $* ${UV_DEFAULT_INDEX:-}" >> calls
        case "$*" in *--check*) [ -e synced ] ;; *) touch synced ;; esac""",
    "python3": """
        exit 1""",
}


@dataclass
class Machine:
    folder: Path

    def has(self, *packages: str) -> None:
        with (self.folder / "installed").open("a") as file:
            file.writelines(f"{package}\n" for package in packages)

    def run(self, purpose: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.defpath}",
            "UNPRIVILEGED": "no", "SUDO": "no", "UV_VERSION": "0.9.1", **settings,
        }  # fmt: skip
        return subprocess.run(
            [self.folder / ".ci" / "set-up", purpose],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    @property
    def installs(self) -> list[str]:
        return [call for call in self.calls if call.startswith("apt-get") and " install " in call]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci" / "set-up")
    (tmp_path / "bin").mkdir()
    for name, lines in PROGRAMS.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{lines.strip()}\n")
        program.chmod(0o755)
    for name in ("installed", "unavailable"):
        (tmp_path / name).touch()
    machine = Machine(tmp_path)
    machine.has(*BARE)
    return machine


def test_a_complete_machine_is_left_alone(machine: Machine):
    machine.has(*OFFICE, *TEST_TOOLS, *CEPH, "postgresql")
    (machine.folder / "synced").touch()
    result = machine.run("test")
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    assert machine.calls == ["uv sync --quiet --locked --check "]


def test_root_installs_exactly_what_is_missing_and_removes_nothing(machine: Machine):
    machine.has(*OFFICE - {"qpdf", "python3-uno"})
    assert machine.run("run").returncode == 0
    [install] = machine.installs
    assert install.endswith("install --no-install-recommends --no-remove -y python3-uno qpdf")
    assert machine.calls[-1] == "uv sync --locked "


def test_sudo_serves_where_it_asks_no_password(machine: Machine):
    assert machine.run("run", UNPRIVILEGED="yes", SUDO="yes").returncode == 0
    [install] = machine.installs
    assert set(install.split()) >= OFFICE


def test_without_root_and_sudo_one_line_says_what_to_install(machine: Machine):
    machine.has(*OFFICE - {"libreoffice-writer-nogui", "poppler-utils"})
    result = machine.run("run", UNPRIVILEGED="yes")
    assert result.returncode == 1
    assert result.stderr == (
        "set-up: as root: apt-get install --no-install-recommends libreoffice-writer-nogui poppler-utils\n"
    )
    assert machine.calls == []


def test_a_failed_installation_says_why_and_what_to_install(machine: Machine):
    (machine.folder / "unavailable").write_text("qpdf\n")
    machine.has(*OFFICE - {"qpdf"})
    result = machine.run("run")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-2:] == [
        "E: no qpdf", "set-up: as root: apt-get install --no-install-recommends qpdf",
    ]  # fmt: skip


def test_an_office_with_its_user_interface_is_not_replaced(machine: Machine):
    machine.has(*OFFICE - {"libreoffice-writer-nogui"}, "libreoffice-writer")
    assert machine.run("run").returncode == 0
    assert machine.installs == []


def test_checks_need_nothing_from_debian(machine: Machine):
    assert machine.run("check", UNPRIVILEGED="yes").returncode == 0
    assert machine.calls == ["uv sync --quiet --locked --check ", "uv sync --locked "]


def test_tests_go_on_where_ceph_cannot_be_installed(machine: Machine):
    (machine.folder / "unavailable").write_text("radosgw\n")
    machine.has(*OFFICE, *TEST_TOOLS)
    result = machine.run("test")
    assert result.returncode == 0
    assert "the tests against a real S3 and PostgreSQL are skipped" in result.stderr.splitlines()[-1]


def test_ceph_is_not_installed_by_sudo(machine: Machine):
    machine.has(*OFFICE, *TEST_TOOLS)
    result = machine.run("test", UNPRIVILEGED="yes", SUDO="yes")
    assert result.returncode == 0
    assert machine.installs == []
    assert "radosgw" in result.stderr


def test_another_index_serves_the_locked_files_by_their_hashes(machine: Machine):
    index = "https://index.example/simple"
    assert machine.run("check", PIP_INDEX_URL=index).returncode == 0
    assert f"uv pip sync --python .venv --require-hashes .tools/locked.txt {index}" in machine.calls
    assert not [call for call in machine.calls if "--locked" in call]


@pytest.mark.parametrize("version", ["", "0.4.30"], ids=["broken", "too old"])
def test_without_a_usable_uv_and_without_venv_debians_venv_is_asked_for(machine: Machine, version: str):
    machine.has(*OFFICE - {"qpdf"})
    result = machine.run("run", UNPRIVILEGED="yes", UV_VERSION=version)
    assert result.returncode == 1
    assert result.stderr == "set-up: as root: apt-get install --no-install-recommends qpdf python3-venv\n"


def test_an_unknown_purpose_is_refused(machine: Machine):
    result = machine.run("deploy")
    assert result.returncode == 1
    assert "usage" in result.stderr
