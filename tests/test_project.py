"""What holds for the project as a whole: walls between rooms, documents that keep up, files that travel."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = PROJECT["tool"]["importlinter"]["root_packages"]
CONTRACTS = [contract["name"] for contract in PROJECT["tool"]["importlinter"]["contracts"]]

LONGEST_MODULE_LINES = 400

NOT_OURS = {"__pycache__", "dist", "home", "out", "uv.lock"}
"""Made by tools: by name, beside everything hidden but ``.ci``."""

HOSTS = {
    "127.0.0.1": "this machine",
    "127\\.0\\.0\\.1": "this machine, in a pattern",
    "localhost": "this machine",
    "semver.org": "what a version number promises",
    "sqlite.org": "what a result code means",
    "openoffice.org": "an XML namespace",
    "purl.org": "an XML namespace",
    "schemas.microsoft.com": "an XML namespace",
    "schemas.openxmlformats.org": "an XML namespace",
    "ns.adobe.com": "an XML namespace",
    "www.aiim.org": "an XML namespace",
    "maven.apache.org": "an XML namespace",
    "github.com": "where published test vectors come from",
    "go.dev": "where a language is had",
    "uri.etsi.org": "an XML namespace, and the names of services in trusted lists",
    "www.w3.org": "an XML namespace",
}
"""Hosts a file may name; ``example`` and its kin (RFC 2606, RFC 6761) beside them."""

ADDRESS = re.compile(r"\bhttps?://(?:[^\s/@\"'<>]*@)?(?P<host>(?:127\\\.0\\\.0\\\.1|[\w{%$][^\s\"'<>)`\]/:?#\\|]*))")
LINK = re.compile(r"\]\(([^)\s]+)\)")
UPWARDS = re.compile(r"(?:\.\./)+[\w./-]*")


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or (path.name.startswith(".") and path.name != ".ci"):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


@cache
def _texts() -> dict[str, str]:
    """Return every text file of the project by its path; what is not UTF-8 is not text."""
    texts = {}
    for path in _walk(ROOT):
        try:
            texts[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return texts


def _documents() -> dict[str, str]:
    return {name: text for name, text in _texts().items() if name.endswith(".md")}


def _modules() -> dict[str, str]:
    return {name: text for name, text in _texts().items() if name.endswith(".py") and name.partition("/")[0] in ROOMS}


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_program("lint-imports"), "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_rooms_import_only_what_their_contracts_allow():
    verdict = _lint_imports(ROOT)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in verdict.stdout


def test_every_contract_notices_a_breach(tmp_path):
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    breaches = {
        "schemas": "import archive, prefect",
        "templates": "import signing",
        "signing": "import pypdf",
        "archive": "import boto3",
        "cli": "import fastapi",
    }
    for room, breach in breaches.items():
        (tmp_path / room / "__init__.py").write_text(breach + "\n")
    verdict = _lint_imports(tmp_path)
    assert f"0 kept, {len(CONTRACTS)} broken" in verdict.stdout, verdict.stdout + verdict.stderr
    assert {"templates -> signing", "schemas -> archive"} <= set(
        re.findall(r"\w+ -> \w+", verdict.stdout.replace(" is not allowed to import ", " -> "))
    )


def test_modules_hold_one_idea_each():
    lengths = {name: text.count("\n") for name, text in _modules().items()}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE_LINES}


def test_every_rule_that_is_switched_off_in_pyproject_says_why():
    lines = _texts()["pyproject.toml"].splitlines()
    first = lines.index("[tool.ruff.lint]")
    switched_off = [line for line in lines[first:] if re.match(r'\s+"[A-Z]+\d*",?', line) and '", "' not in line]
    assert len(switched_off) > 10
    assert not [line for line in switched_off if "#" not in line]


def test_no_file_names_the_place_it_was_made_in():
    places = {str(Path.home()), str(ROOT), str(ROOT.parent)} - {"/", str(Path(ROOT.anchor))}
    named = re.compile(rf"(?<![\w}}.~])(?:{'|'.join(map(re.escape, sorted(places)))})/\w")
    assert not {name: found.group() for name, text in _texts().items() if (found := named.search(text))}


def test_no_document_or_script_points_outside_the_project():
    outside = [
        f"{name}: {path}"
        for name, text in _texts().items()
        if not name.endswith(".py")
        for path in UPWARDS.findall(text)
        if not (ROOT / name).parent.joinpath(path).resolve().is_relative_to(ROOT)
    ]
    assert not outside


def test_files_name_no_host_but_those_with_a_reason():
    strangers = set()
    for name, text in _texts().items():
        for host in ADDRESS.findall(text):
            if host not in HOSTS and not re.search(
                r"(?:^|\.)(?:example|test|invalid)(?:\.(?:com|net|org))?$|^[{%$]", host
            ):
                strangers.add(f"{name}: {host}")
    assert not strangers


def test_links_in_documents_lead_somewhere():
    broken = [
        f"{name}: {link}"
        for name, text in _documents().items()
        for link in LINK.findall(text)
        if "://" not in link and not link.startswith("#")
        if not (ROOT / name).parent.joinpath(link.partition("#")[0]).exists()
    ]
    assert not broken


def test_decisions_are_numbered_without_gaps_and_say_why():
    decisions = {name: text for name, text in _documents().items() if name.startswith("docs/adr/")}
    numbers = [int(Path(name).name.partition("-")[0]) for name in decisions]
    assert numbers == list(range(1, len(numbers) + 1))
    for name, text in decisions.items():
        number = Path(name).name.partition("-")[0]
        assert text.startswith(f"# {number}: "), name
        headings = re.findall(r"^(?:## (\w+)|(Status):)", text, flags=re.MULTILINE)
        assert [first or second for first, second in headings] == ["Status", "Context", "Decision", "Consequences"], (
            name
        )


def test_changelog_begins_with_the_version_of_the_project():
    version = re.search(r"^## (\S+?),? ", _texts()["CHANGELOG.md"], flags=re.MULTILINE)
    assert version is not None
    assert version[1] == PROJECT["project"]["version"]


def test_architecture_describes_every_room_and_contract():
    page = _texts()["docs/architecture.md"]
    assert [room for room in ROOMS if f"| `{room}/` |" not in page] == []
    assert "Four more" in page
    assert len(CONTRACTS) == 1 + 4


def test_make_alone_lists_every_target():
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    shown = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.+)$", _texts()["Makefile"], flags=re.MULTILINE)
    assert phony is not None
    assert re.findall(r"make (\w+)", shown) == phony[1].split()


IMPORTS = """
import importlib, sys

def refuse(event, arguments):
    if event in {"socket.connect", "os.mkdir", "os.remove", "os.rename", "os.link", "subprocess.Popen"}:
        raise SystemExit(f"importing {module}: {event} {arguments}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise SystemExit(f"importing {module}: open {arguments}")

sys.addaudithook(refuse)
for module in sys.argv[1:]:
    importlib.import_module(module)
    if "prefect" in sys.modules:
        raise SystemExit(f"importing {module} imports prefect")
"""


def test_importing_a_module_opens_and_changes_nothing_and_needs_no_prefect():
    """What itself imports Prefect is left out: Prefect writes its profile when it is imported."""
    foreign = re.compile(r"^(?:import|from) prefect\b|^\s*import uno\b", re.MULTILINE)
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name, text in _modules().items()
        if "/migrations/" not in name and not foreign.search(text)
    ]
    assert {"cli.main", "flows.commands", "archive.s3", "signing.seal"} <= set(modules)
    result = subprocess.run(
        [sys.executable, "-B", "-c", IMPORTS, *modules], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
