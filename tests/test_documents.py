"""Documents keep up with the program: every setting, every command, every line a reader may type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.main import convenio
from flows.settings import Settings

ROOT = Path(__file__).parents[1]
SETTINGS_PAGE = ROOT / "docs" / "settings.md"
COMMANDS_PAGE = ROOT / "docs" / "cli.md"
HELP_WIDTH = 100

ROW = re.compile(r"^\| `(CONVENIO_\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
SECTION = re.compile(r"^## `(convenio[^`]*)`\n\n```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _settings() -> Iterator[tuple[str, str, str]]:
    for name, field in Settings.model_fields.items():
        default = "none" if field.default is None else f"`{field.default}`"
        yield f"CONVENIO_{name.upper()}", default, str(field.description)


def _commands() -> dict[str, tuple[click.Command, str]]:
    """Return each command that does something, by what is typed, with its help."""
    found = {}

    def visit(command: click.Command, context: click.Context) -> None:
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                part = command.get_command(context, name)
                assert part is not None, name
                visit(part, click.Context(part, parent=context, info_name=name, terminal_width=HELP_WIDTH))
        else:
            found[context.command_path] = (command, command.get_help(context))

    visit(convenio, click.Context(convenio, info_name="convenio", terminal_width=HELP_WIDTH))
    return found


def _typed(page: str) -> Iterator[list[str]]:
    """Yield the words of each line in the page's shell blocks."""
    for block in SHELL.findall(page):
        for line in block.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield [word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)]


def test_every_setting_is_documented_with_its_default():
    assert ROW.findall(SETTINGS_PAGE.read_text()) == list(_settings())


def test_every_command_is_documented_with_its_help():
    documented = dict(SECTION.findall(COMMANDS_PAGE.read_text()))
    assert list(documented) == list(_commands())
    for path, (_, text) in _commands().items():
        assert documented[path] == text, path


@pytest.mark.parametrize("page", ["README.md", "docs/settings.md", "docs/cli.md"])
def test_what_a_page_tells_to_type_exists(page):
    text = (ROOT / page).read_text()
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    commands = _commands()
    for words in _typed(text):
        if words[0] == "make":
            assert set(words[1:]) <= set(targets), words
        if words[0] != "convenio":
            continue
        path = next(
            (p for p in sorted(commands, key=len, reverse=True) if f"{' '.join(words)} ".startswith(f"{p} ")), ""
        )
        assert path, words
        options = {option for parameter in commands[path][0].params for option in parameter.opts} | {"--help", "-h"}
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= options, words
