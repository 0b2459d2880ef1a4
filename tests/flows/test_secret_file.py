from __future__ import annotations

import subprocess
import sys

import pytest

from flows.secret_file import kept_secret
from schemas.errors import Unavailable

MAKE = """
import secrets, sys
from pathlib import Path
from flows.secret_file import kept_secret
print("ready", flush=True)
sys.stdin.readline()
print(kept_secret(Path(sys.argv[1]), lambda: secrets.token_hex(32).encode()).decode())
"""


def test_a_secret_is_made_once(tmp_path):
    path = tmp_path / "keys" / "passphrase"
    made = []

    def make() -> bytes:
        made.append(b"s3cret")
        return made[-1]

    assert kept_secret(path, make) == kept_secret(path, make) == b"s3cret"
    assert len(made) == 1


def test_a_secret_is_for_its_owner_only(tmp_path):
    path = tmp_path / "keys" / "passphrase"
    kept_secret(path, lambda: b"s3cret")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_several_processes_at_once_make_one_secret(tmp_path):
    path = tmp_path / "keys" / "passphrase"
    processes = [
        subprocess.Popen([sys.executable, "-c", MAKE, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert answers == {path.read_text()}
    assert len(path.read_text()) == 64
    assert [entry.name for entry in path.parent.iterdir()] == ["passphrase"]


def test_whoever_comes_second_reads_what_the_first_wrote(tmp_path):
    path = tmp_path / "passphrase"

    def make() -> bytes:
        path.write_bytes(b"the first")
        return b"the second"

    assert kept_secret(path, make) == b"the first"


def test_a_secret_that_cannot_be_kept_is_unavailable(tmp_path):
    (tmp_path / "keys").write_bytes(b"a file in the way")
    with pytest.raises(Unavailable):
        kept_secret(tmp_path / "keys" / "passphrase", lambda: b"s3cret")
