"""``convenio facts``: what nobody has confirmed yet."""

from __future__ import annotations

from pathlib import Path

import click

from cli.agreements import AS, drafted, report
from cli.output import common, installation, print_json


@click.group()
def facts() -> None:
    """List open facts, and confirm them."""


@facts.command("list")
@click.argument("agreement", metavar="ID")
@common
def list_facts(agreement: str, home: Path | None, as_json: bool) -> None:
    """List the facts of the current draft that block its approval."""
    from flows.act import data_of
    from schemas.evidence import AgreementId
    from schemas.fact import open_facts

    house = installation(home)
    state = house.ledger.state(AgreementId(agreement))
    found = open_facts(data_of(house, state.data))
    if as_json:
        print_json({path: fact.model_dump(mode="json") for path, fact in found})
        return
    for path, fact in found:
        click.echo(f"{path}: {fact.value if fact.value is not None else '(blank)'}")
        click.echo(f"    {fact.status}; {fact.source}" + (f"; {fact.owner} confirms it" if fact.owner else ""))
        for claim in fact.claims:
            click.echo(f"    {claim.source} says: {claim.value}")
    if not found:
        click.echo(f"No fact of {agreement} is open.")


@facts.command()
@click.argument("agreement", metavar="ID")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--all", "everything", is_flag=True, help="Confirm every open fact as it stands.")
@click.option("--basis", required=True, help="On what grounds; it becomes part of the data.")
@AS
@click.option("--wait", is_flag=True, help="Wait until the next draft is ready.")
@common
def confirm(
    agreement: str,
    paths: tuple[str, ...],
    everything: bool,
    basis: str,
    by: str,
    wait: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Confirm open facts as they stand. It makes the next draft, in which they are no longer marked."""
    from flows.commands import confirm_facts
    from schemas.errors import InputError
    from schemas.evidence import AgreementId

    if bool(paths) == everything:
        raise InputError(
            "which facts?", expected="their paths, or --all", remedy=f"see convenio facts list {agreement}"
        )
    house = installation(home)
    done = confirm_facts(house, AgreementId(agreement), paths, basis=basis, by=by)
    report(drafted(house, done) if wait else done, "confirmed", as_json=as_json)
