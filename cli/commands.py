"""The command ``convenio`` and its commands, each imported on use."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from cli.output import Place

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
    "accounts": "cli.accounts:accounts",
    "ledger": "cli.ledger:ledger",
    "witness": "cli.witness:witness",
    "register": "cli.ledger:register",
    "backup": "cli.backup:backup",
    "restore": "cli.backup:restore",
    "up": "cli.run:up",
    "demo": "cli.run:demo",
}
"""Where each command lives, in the order ``--help`` shows them; a module is imported when its command is used."""


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
