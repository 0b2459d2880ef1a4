"""``convenio sign | decline``: what signatories do."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cli.agreements import AS, report
from cli.output import asked_passphrase, common, installation


@click.command()
@click.argument("agreement", metavar="ID")
@AS
@click.option(
    "--p12", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Your PKCS#12 file (.p12, .pfx)."
)
@common
def sign(agreement: str, by: str, p12: Path, home: Path | None, as_json: bool) -> None:
    """Sign with your own certificate. The passphrase is CONVENIO_P12_PASSPHRASE, or asked for."""
    from flows import commands
    from flows.files import read_whole
    from schemas.evidence import AgreementId

    content = read_whole(p12, expected="a PKCS#12 file", max_size_bytes=1024 * 1024)
    passphrase = os.environ.get("CONVENIO_P12_PASSPHRASE")
    if passphrase is None:
        passphrase = asked_passphrase("Passphrase")
    house = installation(home)
    done = commands.sign(house, AgreementId(agreement), by=by, p12=content, passphrase=passphrase.encode() or None)
    report(done, "signed", as_json=as_json)


@click.command()
@click.argument("agreement", metavar="ID")
@AS
@click.option("--comment", required=True, help="Why.")
@common
def decline(agreement: str, by: str, comment: str, home: Path | None, as_json: bool) -> None:
    """Refuse to sign. The agreement ends."""
    from flows import commands
    from schemas.evidence import AgreementId

    done = commands.decline(installation(home), AgreementId(agreement), by=by, reason=comment)
    report(done, "declined", as_json=as_json)
