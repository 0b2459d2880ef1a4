"""How answers are printed, for a person or as JSON, and the options every command has."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from schemas.errors import ConvenioError, InputError

if TYPE_CHECKING:
    from flows.wiring import Installation

Command = TypeVar("Command", bound=Callable[..., object])


class _NewFile(click.Path):
    """A file or folder to be written. The folder above it must be there: a misspelt one is refused, and never made."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(super().convert(value, param, ctx))
        if not path.parent.is_dir():
            raise InputError(
                "the folder to write to is not there",
                where=str(path),
                got=f"{path.parent} is a file" if path.parent.exists() else f"no {path.parent}",
                expected="a folder that exists",
                remedy="make the folder first, or write elsewhere",
            )
        return path


NEW_FILE = _NewFile(path_type=Path)
"""What ``-o`` takes."""


def common(command: Command) -> Command:
    """Give a command ``--home`` and ``--json``."""
    command = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")(command)
    return click.option("--home", type=click.Path(path_type=Path), help="Where everything lies (CONVENIO_HOME).")(
        command
    )


@dataclass
class Place:
    """The installation that this run of the command line is about; ``None`` where nothing was said or opened yet."""

    home: Path | None = None
    house: Installation | None = None


def house_at(home: Path | None, *, restoring: bool = False) -> Installation:
    """Return what ``--home``, the environment and ``convenio.toml`` describe, whether or not it was begun."""
    from flows.settings import read_settings
    from flows.wiring import Installation

    place = click.get_current_context().ensure_object(Place)
    place.house = Installation(read_settings(home or place.home), restoring=restoring)
    place.home = place.house.home
    return place.house


def installation(home: Path | None, *, make: bool = False) -> Installation:
    """Return the installation as :func:`house_at` does, which must have been begun.

    Only what begins an installation may ``make`` one: a misspelt home is refused, and never answered with new keys.
    """
    from flows.restoring import DATABASE, require_whole

    house = house_at(home)
    require_whole(house)
    if not make and house.settings.database_url is None and not (house.home / DATABASE).exists():
        raise InputError(
            "there is no installation here",
            where=str(house.home),
            expected="a home that has been used before",
            remedy="name it with --home or CONVENIO_HOME, or begin one: convenio people add EMAIL --role manager",
        )
    return house


BACKUP_PASSPHRASE = "CONVENIO_BACKUP_PASSPHRASE"  # noqa: S105  # where it stands, not what it is
"""Name in the environment of the passphrase of a backup."""


def given_passphrase(question: str, variable: str, *, confirm: bool = False) -> str:
    """Return the passphrase that stands in the environment as ``variable``, else ask for it."""
    given = os.environ.get(variable)
    return given if given is not None else asked_passphrase(question, variable=variable, confirm=confirm)


def asked_passphrase(question: str, *, variable: str = "CONVENIO_P12_PASSPHRASE", confirm: bool = False) -> str:
    """Ask for a passphrase without showing it; raise :class:`InputError` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise InputError(
            "nobody can be asked for the passphrase here",
            expected=f"{variable} in the environment, or a terminal",
        )
    return click.prompt(
        question, hide_input=True, default="", show_default=False, err=True, confirmation_prompt=confirm
    )


def print_json(value: object) -> None:
    """Print plain content as indented JSON; Unicode as it is."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns under headings."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    for row in [headings, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_fields(fields: dict[str, str]) -> None:
    """Print names and values, one a line, values aligned; empty ones are left out."""
    shown = {name: value for name, value in fields.items() if value}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        click.echo(f"{name.ljust(width)}  {value}")


def print_error(error: ConvenioError, *, as_json: bool) -> None:
    """Print a fault: in words to standard error, or as JSON to standard output."""
    if not as_json:
        click.echo(error.diagnosis(), err=True)
        return
    content: dict[str, object] = {
        "error": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "got": error.got,
        "expected": error.expected,
        "remedy": error.remedy,
    }
    if isinstance(error, InputError):
        names = ("path", "message", "line", "column", "read", "expected", "proposal")
        content["faults"] = [{name: getattr(problem, name) for name in names} for problem in error.faults]
    print_json(content)
