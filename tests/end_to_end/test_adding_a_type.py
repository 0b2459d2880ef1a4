"""The page on adding a document type, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-document-type.md"
BLOCK = re.compile(r"(?:<!-- (?:file: (\S+)|run: (python)) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
"""A block of the page: a file to write, a program to run, or commands to type."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of what the project holds, with the environment of this test run."""
    target = tmp_path_factory.mktemp("copy") / "convenio"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy), "CONVENIO_HOME": str(copy / "home")}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


CONVENIO = (sys.executable, "-c", "import sys; sys.argv[0] = 'convenio'; from cli.main import main; main()")
PROGRAMS = {".venv/bin/python": (sys.executable,), ".venv/bin/convenio": CONVENIO}


@pytest.mark.office
@pytest.mark.slow
def test_the_page_adds_a_type_that_goes_the_whole_way(copy):
    before = {path for path in copy.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    for file, program, language, text in BLOCK.findall(PAGE.read_text("utf-8")):
        if file:
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            (copy / file).write_text(text, "utf-8")
        elif program:
            run(copy, sys.executable, "-c", text)
        elif language == "sh":
            for line in text.strip().splitlines():
                name, *arguments = line.split()
                run(copy, *PROGRAMS[name], *arguments)
    added = {path for path in copy.rglob("*") if path.is_file() and "__pycache__" not in path.parts} - before
    assert {path.relative_to(copy).parts[0] for path in added} == {"schemas", "templates", "examples", "letter.pdf"}
    tests = ("tests/end_to_end/test_every_type.py", "tests/templates/test_examples.py")
    options = ("-q", "-n0", "-k", "intent", "-p", "no:cacheprovider", "-p", "no:randomly")
    done = run(copy, sys.executable, "-m", "pytest", *options, *tests)
    assert re.search(r"^[3-9] passed", done.stdout, re.MULTILINE), done.stdout
