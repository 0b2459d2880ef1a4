"""``convenio people``: who may do what."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import common, installation, print_json, print_table

ROLES = click.Choice(["manager", "reviewer", "signatory", "auditor", "administrator"])
OFFICES = click.Choice(["legal", "finance", "director"])


@click.group()
def people() -> None:
    """Add and list the people who use this installation."""


@people.command()
@click.argument("email")
@click.option("--name", default="", help="Their name; the address by default.")
@click.option("--role", "roles", type=ROLES, multiple=True, required=True, help="What they may do; may be repeated.")
@click.option(
    "--office", "offices", type=OFFICES, multiple=True, help="For which office a reviewer approves; legal by default."
)
@common
def add(
    email: str, name: str, roles: tuple[str, ...], offices: tuple[str, ...], home: Path | None, as_json: bool
) -> None:
    """Add a person, or roles and offices to one who is there."""
    from flows.commands import add_person

    person = add_person(installation(home, make=True), email, name=name or email, roles=roles, offices=offices)
    if as_json:
        print_json(person.model_dump(mode="json", exclude={"salt"}))
    else:
        offices = f", for the office {' and '.join(person.offices)}" if person.offices else ""
        click.echo(f"{person.email} is {' and '.join(person.roles)}{offices}.")


@people.command("list")
@common
def list_people(home: Path | None, as_json: bool) -> None:
    """List everybody with their roles."""
    found = installation(home).people.everyone()
    if as_json:
        print_json([person.model_dump(mode="json", exclude={"salt"}) for person in found])
    elif not found:
        click.echo("Nobody yet. Begin with: convenio people add EMAIL --role manager")
    else:
        rows = [[p.email, ", ".join(p.roles), ", ".join(p.offices), p.name, p.handle] for p in found]
        print_table(["email", "roles", "offices", "name", "handle"], rows)
