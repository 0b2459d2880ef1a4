"""The commands in ``docs/evidence.md``, run as they stand there on a fresh dossier."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.dossiers import dossier_of
from flows.standalone import standalone_verifier

pytestmark = pytest.mark.office

PAGE = (Path(__file__).parents[1] / "docs" / "evidence.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
WITH_GO = re.findall(r"^```shell\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(snapshots, tmp_path) -> Path:
    place = tmp_path / "auditor"
    place.mkdir()
    with snapshots.at("archived", tmp_path / "home") as house:
        (place / "dossier.zip").write_bytes(dossier_of(house, snapshots.agreement))
        (place / "keys.json").write_text(house.verification_keys().model_dump_json())
    (place / "convenio_verify.py").write_bytes(standalone_verifier())
    return place


def run(folder: Path, commands: list[str]) -> subprocess.CompletedProcess[str]:
    # python3 is then the one that has cryptography and pyHanko
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", "-e", "-c", "\n".join(commands)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_command_of_the_page_holds_on_a_fresh_dossier(folder):
    ended = run(folder, COMMANDS)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert "dossier.zip: valid, of what was looked at" in said
    assert "files, proofs and checkpoint hold" in said
    assert said.count("Verification: OK") == 2
    assert said.count("CAdES Verification successful") == 4
    assert said.count("Signature Validation: Signature is Valid.") == 4
    assert "No syntax or stream encoding errors found" in said
    assert "Time stamp:" in said


def test_a_changed_byte_stops_them(folder):
    content = bytearray((folder / "dossier.zip").read_bytes())
    content[content.index(b"endstream") - 5] ^= 1
    (folder / "dossier.zip").write_bytes(bytes(content))
    assert run(folder, COMMANDS).returncode != 0


@pytest.mark.skipif(shutil.which("go") is None, reason="no Go; it is on https://go.dev/dl")
def test_go_finds_every_entry_under_the_checkpoint_and_no_other(folder):
    unpacked = [command for command in COMMANDS if "zipfile -e" in command]
    ended = run(folder, [*unpacked, *WITH_GO])
    assert ended.returncode == 0, ended.stderr
    entries = sorted((folder / "dossier" / "entries").iterdir())
    assert f"{len(entries)} entries stand under the checkpoint" in ended.stdout

    entries[3].write_bytes(entries[2].read_bytes())
    again = run(folder, ["cd dossier", WITH_GO[0].splitlines()[-1]])
    assert again.returncode != 0
    assert "proofs/" in again.stderr

    manifest = folder / "dossier" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")
    again = run(folder, ["cd dossier", WITH_GO[0].splitlines()[-1]])
    assert again.returncode != 0
    assert "manifest.note: of another dossier" in again.stderr
