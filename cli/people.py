"""``convenio people``: who may do what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import common, installation, print_json, print_table

if TYPE_CHECKING:
    from flows.erasure import Erasure
    from flows.wiring import Installation

ROLES = click.Choice(["manager", "reviewer", "signatory", "auditor", "administrator"])
OFFICES = click.Choice(["legal", "finance", "director"])


@click.group()
def people() -> None:
    """Add, list and erase the people who use this installation."""


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


@people.command()
@click.argument("email")
@click.option("--reason", required=True, help="Why, without names; kept as a remark of yours.")
@click.option("--as", "by", envvar="CONVENIO_AS", required=True, help="Who erases: an administrator.")
@click.option("--yes", is_flag=True, help="Erase; without it only what would happen is shown.")
@common
def erase(email: str, reason: str, by: str, yes: bool, home: Path | None, as_json: bool) -> None:
    """Erase what opens the ledger's commitments to a person. The ledger's proofs hold as before."""
    from flows import erasure

    house = installation(home)
    if yes:
        told = erasure.erase(house, email, reason=reason, by=by)
    else:
        erasure.require_erasable(told := erasure.erasure_of(house, email))
    if as_json:
        print_json(
            {
                "handle": told.handle,
                "erased": yes,
                "remarks": told.remarks,
                "mails": len(told.mails),
                "acted_in": told.acted_in,
                "named_in": told.named_in,
            }
        )
        return
    _tell(house, told, "were" if yes else "would be")
    if not yes:
        click.echo("Nothing was erased. Repeat with --yes; an erasure cannot be taken back.")


def _tell(house: Installation, erasure: Erasure, tense: str) -> None:
    from schemas.state import Stage

    click.echo(f"Name, address and salt of {erasure.handle} {tense} erased, with")
    click.echo(f"  {erasure.remarks} of their comments, {len(erasure.mails)} messages to or about them,")
    click.echo("  and what opens the records of their clicks.")
    if erasure.acted_in:
        click.echo(f"The timelines of {', '.join(erasure.acted_in)} then say: erased.")
    if erasure.named_in:
        click.echo("Kept by law, for as long as the documents are: the name and address inside the data and the")
        click.echo(
            f"signed PDF of {', '.join(erasure.named_in)}. Also what left the house: dossiers, backups, mail sent."
        )
    for ended in (one for one in erasure.named_in if house.register.show(one).stage is Stage.ENDED):
        click.echo(f"No law keeps {ended}, which has ended: convenio archive dispose {ended} --propose destroys it.")
