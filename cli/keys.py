"""``convenio keys``: what auditors pin, and certificates for demonstrations."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli.output import asked_passphrase, common, installation, print_json


@click.group()
def keys() -> None:
    """Export the organisation's public keys; issue demonstration certificates."""


@keys.command()
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where to write.")
@common
def export(output: Path, home: Path | None, as_json: bool) -> None:
    """Write the public keys that `convenio verify --keys` takes. Hand them over apart from any dossier."""
    from flows.files import write_new

    public = installation(home).verification_keys()
    write_new(output, public.model_dump_json(indent=2).encode() + b"\n", same_is_fine=True)
    if as_json:
        print_json({"keys": str(output), "ledger": public.ledger, "demonstration": public.demonstration})
    else:
        click.echo(f"{output}: public keys of {public.organisation}, ledger {public.ledger}")


@keys.command()
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
@click.option("--organisation", default="Demonstration", help="Their organisation.")
@click.option(
    "-o", "output", type=click.Path(path_type=Path), required=True, metavar="FILE.p12", help="Where to write."
)
@common
def issue(email: str, name: str, organisation: str, output: Path, home: Path | None, as_json: bool) -> None:
    """Issue a demonstration certificate to a person. It is worth nothing outside a demonstration."""
    from flows.files import write_new

    passphrase = os.environ.get("CONVENIO_P12_PASSPHRASE")
    if passphrase is None:
        passphrase = asked_passphrase("Passphrase for the new file", confirm=True)
    house = installation(home)
    content = house.pki.issue_signatory(name, email, organisation, passphrase.encode(), house.clock())
    write_new(output, content, private=True)
    if as_json:
        print_json({"p12": str(output), "email": email})
    else:
        click.echo(f"{output}: DEMONSTRATION certificate for {name} <{email}>")
