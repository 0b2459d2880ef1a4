"""``convenio keys``: what auditors pin, and certificates for demonstrations."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli.output import NEW_FILE, asked_passphrase, common, installation, print_json


@click.group()
def keys() -> None:
    """Export the organisation's public keys; issue demonstration certificates."""


@keys.command()
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE", help="Where to write.")
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
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE.p12", help="Where to write.")
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


@keys.command("trusted-list")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--signer",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.pem",
    help="The scheme operator's certificate, as the Official Journal or the list of lists has it.",
)
@common
def trusted_list(file: Path, signer: Path, home: Path | None, as_json: bool) -> None:
    """Adopt a trusted list (ETSI TS 119 612): from then on it says which signatures are qualified.

    Nothing is fetched. A list that the operator's certificate did not sign, a stale one, and one older than the adopted
    one of the same territory are refused.
    """
    from flows.trusted_lists import adopt

    house = installation(home, make=True)
    name, said = adopt(house.home, file, signer, now=house.clock())
    if as_json:
        until = said.next_update.isoformat() if said.next_update else None
        print_json({"name": name, "territory": said.territory, "issued": said.issued.isoformat(), "next_update": until})
    else:
        click.echo(f"Adopted the trusted list of {said.territory}, to be relied on until {said.next_update:%Y-%m-%d}.")
