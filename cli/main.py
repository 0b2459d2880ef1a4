"""The command ``convenio``: finds the command's module, and turns every fault into words and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.output import Place, print_error
from schemas.errors import ConvenioError, InputError, Unavailable

COMMANDS = {
    "schema": "cli.schema:schema",
    "check": "cli.agreements:check",
    "new": "cli.agreements:new",
    "revise": "cli.agreements:revise",
    "list": "cli.agreements:list_agreements",
    "show": "cli.agreements:show",
    "fetch": "cli.agreements:fetch",
    "redline": "cli.redline:redline",
    "timeline": "cli.agreements:timeline",
    "extend": "cli.agreements:extend",
    "withdraw": "cli.agreements:withdraw",
    "facts": "cli.facts:facts",
    "review": "cli.review:review",
    "sign": "cli.sign:sign",
    "code": "cli.sign:code",
    "link": "cli.sign:link",
    "sign-paper": "cli.sign:sign_paper",
    "decline": "cli.sign:decline",
    "delegate": "cli.delegate:delegate",
    "delegation": "cli.delegate:delegation",
    "dossier": "cli.evidence:dossier",
    "verify": "cli.evidence:verify",
    "verifier": "cli.evidence:verifier",
    "archive": "cli.archive:archive",
    "renew": "cli.renew:renew",
    "templates": "cli.templates:templates",
    "keys": "cli.keys:keys",
    "people": "cli.people:people",
    "ledger": "cli.ledger:ledger",
    "witness": "cli.witness:witness",
    "register": "cli.ledger:register",
    "backup": "cli.backup:backup",
    "restore": "cli.backup:restore",
    "up": "cli.run:up",
    "demo": "cli.run:demo",
}
"""Where each command lives, in the order ``--help`` shows them; a module is imported when its command is used."""

INTERRUPTED = 128 + 2
"""How a shell speaks of a program that SIGINT ended."""


class Commands(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order of a document's way."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        return getattr(importlib.import_module(module), name)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", type=click.Path(path_type=Path), help="Where everything lies (CONVENIO_HOME).")
@click.version_option(package_name="convenio")
@click.pass_context
def convenio(ctx: click.Context, home: Path | None) -> None:
    """Partnership agreements from a manager's data to a signed, archived, provable PDF."""
    ctx.ensure_object(Place).home = home


def main() -> None:
    """Run the command line; exit 0 fine, 1 refused or invalid, 2 bad input, 3 unavailable or indeterminate."""
    os.umask(0o077)
    as_json, place = "--json" in sys.argv, Place()
    try:
        _require_text(sys.argv[1:])
        code = convenio(standalone_mode=False, obj=place)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        _show(error, as_json=as_json)
        sys.exit(InputError.exit_code)
    except ConvenioError as error:
        print_error(error, as_json=as_json)
        sys.exit(error.exit_code)
    except Exception:  # noqa: BLE001  # the last line of defence: a person gets words, the log the traceback
        error = _unexpected(place, traceback.format_exc())
        print_error(error, as_json=as_json)
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _require_text(arguments: list[str]) -> None:
    """Refuse what the shell handed over as bytes that are no text: nothing could print or keep it."""
    for argument in arguments:
        if any("\udc80" <= character <= "\udcff" for character in argument):
            raise InputError("an argument is not UTF-8 text", got=ascii(argument), expected="UTF-8")


def _show(error: click.ClickException, *, as_json: bool) -> None:
    if as_json:
        print_error(InputError(error.format_message(), remedy="see --help"), as_json=True)
    else:
        error.show()


def _unexpected(place: Place, particulars: str) -> Unavailable:
    from flows.settings import read_settings

    what = "This should not have happened, and it is our fault."
    try:
        log = read_settings(place.home).home / "logs" / "unexpected.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("a") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n{particulars}\n")
    except (ConvenioError, OSError):
        return Unavailable(what)
    return Unavailable(what, where=str(log), remedy="send that file to whoever looks after this installation")
