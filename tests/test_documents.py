"""What a page tells a reader to type exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.commands import convenio

ROOT = Path(__file__).parents[1]
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _commands() -> dict[str, click.Command]:
    """Return each command that does something, by what is typed."""
    found = {}

    def visit(command: click.Command, context: click.Context) -> None:
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                part = command.get_command(context, name)
                assert part is not None, name
                visit(part, click.Context(part, parent=context, info_name=name))
        else:
            found[context.command_path] = command

    visit(convenio, click.Context(convenio, info_name="convenio"))
    return found


def _typed(page: str) -> Iterator[list[str]]:
    """Yield the words of each line in the page's shell blocks."""
    for block in SHELL.findall(page):
        for line in block.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield [word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)]


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
        options = {option for parameter in commands[path].params for option in parameter.opts} | {"--help", "-h"}
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= options, words
