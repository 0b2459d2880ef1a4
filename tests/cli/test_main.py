from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.commands import COMMANDS, convenio
from cli.people import ROLES
from flows.commands import add_person
from flows.settings import Settings
from flows.wiring import Installation
from schemas.people import Role
from tests.installation import EXAMPLE

ROOT = Path(__file__).parents[2]
CONVENIO = Path(sys.executable).with_name("convenio")


def commands(command: click.Command = convenio, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, by the words that call it."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from commands(command.get_command(context, name), (*path, name))


def test_help_lists_every_command_in_the_order_of_the_way(run):
    answer = run("--help")
    assert answer.code == 0
    listed = answer.out[answer.out.index("Commands:") :]
    assert re.findall(r"^  ([\w-]+)", listed, flags=re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_explains_itself(run, name):
    answer = run(*name.split(), "--help")
    assert answer.code == 0
    assert f"Usage: convenio {name}" in answer.out


def test_the_page_on_the_command_line_has_every_command_and_option():
    page = (ROOT / "docs" / "cli.md").read_text()
    sections = dict(re.findall(r"^## `convenio ([a-z -]+)`\n(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL))
    documented = {
        name: set(re.findall(r"^\| `(-[\w-]+)(?:, (--[\w-]+))?", text, flags=re.MULTILINE))
        for name, text in sections.items()
    }
    common = {"--home", "--json"}
    actual = {
        name: {
            (option.opts[0], option.opts[1] if len(option.opts) > 1 else "")
            for option in command.params
            if isinstance(option, click.Option) and option.opts[0] not in common
        }
        for name, command in commands()
    }
    assert documented == actual
    assert common <= set(re.findall(r"`(--\w+)", page.partition("## `convenio")[0]))
    for name, text in sections.items():
        assert f"$ convenio {name}" in text


def test_the_page_on_the_command_line_has_every_value_an_option_chooses_from():
    page = (ROOT / "docs" / "cli.md").read_text()
    sections = dict(re.findall(r"^## `convenio ([a-z -]+)`\n(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL))
    chosen = [
        (name, option.opts[0], "\\|".join(option.type.choices))
        for name, command in commands()
        for option in command.params
        if isinstance(option, click.Option) and isinstance(option.type, click.Choice)
    ]
    assert len(chosen) > 4
    assert [one for one in chosen if f"| `{one[1]} {one[2]}` |" not in sections[one[0]]] == []


def test_commands_that_print_data_take_json():
    without = {name for name, command in commands() if "as_json" not in {option.name for option in command.params}}
    assert without == {"up", "demo"}


def test_the_page_on_settings_has_every_setting_with_its_default():
    page = (ROOT / "docs" / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", page, flags=re.MULTILINE))
    expected = {
        name: "none" if field.default is None else f"`{field.default}`" for name, field in Settings.model_fields.items()
    }
    assert rows == expected


def test_every_role_can_be_given():
    assert list(ROLES.choices) == list(Role)


@pytest.mark.parametrize("arguments", [["list", "--bogus"], ["nosuch"], ["show"], ["people", "add", "x@example.org"]])
def test_a_mistyped_command_is_bad_input(run, arguments):
    answer = run(*arguments)
    assert answer.code == 2
    assert "Usage: convenio" in answer.err
    asked = run(*arguments, "--json")
    assert (asked.code, asked.json["error"]) == (2, "InputError")


def test_a_home_that_cannot_be_made_is_unavailable(run, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    answer = run("people", "add", "x@example.org", "--role", "manager", "--home", tmp_path / "file" / "home", "--json")
    assert (answer.code, answer.json["error"]) == (3, "Unavailable")


def test_faulty_settings_are_bad_input(run, monkeypatch):
    monkeypatch.setenv("CONVENIO_FIXITY_DAYS", "0")
    monkeypatch.setenv("CONVENIO_ARCHIVE_URL", "tape")
    answer = run("list", "--json")
    assert (answer.code, len(answer.json["faults"])) == (2, 2)


@pytest.mark.parametrize("place", ["before", "after", "environment"])
def test_what_nobody_expected_is_told_in_words_and_kept_in_the_home(run, monkeypatch, tmp_path, place):
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("nobody thought of this")

    home = tmp_path / "broken"
    monkeypatch.setattr("archive.transaction.Transaction.add_person", breaks)
    option = ("--home", home)
    match place:
        case "before":
            answer = run(*option, *ADD)
        case "after":
            answer = run(*ADD, *option)
        case _:
            monkeypatch.setenv("CONVENIO_HOME", str(home))
            answer = run(*ADD)
    assert answer.code == 3
    assert "it is our fault" in answer.err
    assert str(home / "logs" / "unexpected.log") in answer.err
    assert "nobody thought of this" in (home / "logs" / "unexpected.log").read_text()
    asked = run(*ADD, *option, "--json")
    assert (asked.code, asked.json["error"]) == (3, "Unavailable")


def test_what_nobody_expected_is_told_even_where_it_cannot_be_kept(run, monkeypatch, tmp_path):
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr("archive.transaction.Transaction.add_person", breaks)
    home = tmp_path / "home"
    home.mkdir()
    (home / "logs").write_bytes(b"a file in the way")
    answer = run(*ADD, "--home", home)
    assert answer.code == 3
    assert "it is our fault" in answer.err


def test_an_interrupted_command_ends_as_a_shell_expects(run, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("schemas.loader.load_document", interrupted)
    assert run("check", EXAMPLE).code == 130


ADD = ("people", "add", "x@example.org", "--role", "manager")

FAST = """
import sys
from cli.main import main
sys.argv[0] = "convenio"
try:
    main()
except SystemExit as end:
    code = end.code
heavy = {"prefect", "fastapi", "boto3", "docxtpl", "pypdf", "uvicorn"} & set(sys.modules)
assert not heavy, heavy
sys.exit(code)
"""


@pytest.mark.parametrize("arguments", [["check", EXAMPLE], ["list"], ["show", "MOU-2026-0001"], ["verify", "--help"]])
def test_fast_commands_import_nothing_heavy(tmp_path, arguments):
    environment = {"CONVENIO_HOME": str(tmp_path / "home"), "PATH": ""}
    add_person(Installation(Settings(home=tmp_path / "home")), "x@example.org", name="X", roles=("manager",))
    result = subprocess.run(
        [sys.executable, "-c", FAST, *map(str, arguments)], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == (1 if arguments[0] == "show" else 0), result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_who_leaves_early_sees_no_traceback():
    command = f"{CONVENIO} check {EXAMPLE} | head -c 10"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert len(result.stdout) == 10
    assert result.stderr == ""
