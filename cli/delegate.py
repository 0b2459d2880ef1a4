"""``convenio delegate`` and ``convenio delegation``: who signs in the place of a signatory."""

from __future__ import annotations

from pathlib import Path

import click

from cli.agreements import AS, report
from cli.output import NEW_FILE, common, installation, print_json

FOR = click.option("--for", "signatory", required=True, metavar="SIGNATORY", help="Id of the signatory.")


@click.command()
@click.argument("agreement", metavar="ID")
@AS
@click.option("--to", required=True, metavar="EMAIL", help="Who is to sign.")
@click.option("--name", required=True, help="Their name, as their certificate has it.")
@click.option(
    "--authority",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Evidence that they may: PDF, PNG or JPEG.",
)
@click.option("--comment", required=True, help="Why, and what the evidence is.")
@common
def delegate(
    agreement: str, by: str, to: str, name: str, authority: Path, comment: str, home: Path | None, as_json: bool
) -> None:
    """Name a person to sign in your place; a reviewer of the legal office has to confirm it.

    Who is known here already keeps the name they have; the office sees both. They may sign once it has confirmed it.
    """
    from flows import commands
    from flows.delegation import MAX_BYTES
    from flows.files import read_whole
    from schemas.evidence import AgreementId

    content = read_whole(authority, expected="a PDF, PNG or JPEG file", max_size_bytes=MAX_BYTES)
    done = commands.delegate(
        installation(home), AgreementId(agreement), by=by, to=to, name=name, authority=content, reason=comment
    )
    report(done, f"delegated to {done.delegate.name}", as_json=as_json)


@click.group()
def delegation() -> None:
    """Look at the evidence of a delegation, confirm it, or take it back."""


@delegation.command()
@click.argument("agreement", metavar="ID")
@FOR
@AS
@common
def confirm(agreement: str, signatory: str, by: str, home: Path | None, as_json: bool) -> None:
    """Confirm that the evidence lets the delegate sign; the delegate is then asked to."""
    from flows import commands
    from schemas.evidence import AgreementId

    done = commands.confirm_delegation(installation(home), AgreementId(agreement), signatory=signatory, by=by)
    report(done, "confirmed", as_json=as_json)


@delegation.command()
@click.argument("agreement", metavar="ID")
@AS
@click.option("--comment", required=True, help="Why.")
@common
def revoke(agreement: str, by: str, comment: str, home: Path | None, as_json: bool) -> None:
    """Take back the delegation you gave, until the delegate has signed; you are then asked to sign yourself."""
    from flows import commands
    from schemas.evidence import AgreementId

    done = commands.revoke_delegation(installation(home), AgreementId(agreement), by=by, reason=comment)
    report(done, "delegation revoked", as_json=as_json)


@delegation.command()
@click.argument("agreement", metavar="ID")
@FOR
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE", help="Where to write.")
@common
def evidence(agreement: str, signatory: str, output: Path, home: Path | None, as_json: bool) -> None:
    """Write the evidence of a delegate's authority into a file, as it was received."""
    from flows.delegation import evidence_of
    from flows.files import write_new
    from schemas.evidence import AgreementId, digest_of

    content, ending = evidence_of(installation(home), AgreementId(agreement), signatory=signatory)
    write_new(output, content, same_is_fine=True)
    if as_json:
        print_json({"file": str(output), "kind": ending, "sha256": digest_of(content), "size_bytes": len(content)})
    else:
        click.echo(f"{output}: {ending.upper()}, SHA-256 {digest_of(content)}")
