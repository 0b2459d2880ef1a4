"""``convenio dossier | verify | verifier``: what auditors take home, and how they check it."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import NEW_FILE, common, installation, print_json

if TYPE_CHECKING:
    from schemas.evidence import VerificationReport

MARKS = {"valid": "valid        ", "invalid": "INVALID      ", "indeterminate": "indeterminate"}
EXIT_CODES = {"valid": 0, "invalid": 1, "indeterminate": 3}
UNWRITABLE = 74
"""The verdict could not be printed (EX_IOERR of sysexits.h)."""


@click.command()
@click.argument("agreement", metavar="ID")
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE.zip", help="Where to write.")
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Also say whether it bound its parties at the end of that day.",
)
@common
def dossier(agreement: str, output: Path, on: datetime | None, home: Path | None, as_json: bool) -> None:
    """Write everything that proves an archived agreement into one file."""
    from flows.dossiers import dossier_of
    from flows.files import write_new
    from schemas.evidence import AgreementId, digest_of

    content = dossier_of(installation(home), AgreementId(agreement), on=on.date() if on else None)
    write_new(output, content, same_is_fine=True)
    if as_json:
        print_json({"dossier": str(output), "sha256": digest_of(content), "size_bytes": len(content)})
    else:
        click.echo(f"{output}: dossier of {agreement}, {len(content):,} bytes, SHA-256 {digest_of(content)}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--keys", "keys_file", type=click.Path(path_type=Path), help="The organisation's public keys, from elsewhere."
)
@common
def verify(file: Path, keys_file: Path | None, home: Path | None, as_json: bool) -> int:  # noqa: ARG001  # works without any home
    """Verify a dossier or a signed PDF, offline. Exit 0 valid, 1 invalid, 3 indeterminate."""
    from flows.verification import read_keys, verify_file

    report = verify_file(file, read_keys(keys_file) if keys_file else None)
    try:
        _print_report(report, as_json=as_json)
        sys.stdout.flush()
    except OSError:
        # a verdict nobody could read must not be taken for one of the others
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNWRITABLE
    return EXIT_CODES[report.verdict]


@click.command()
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE.py", help="Where to write.")
@common
def verifier(output: Path, home: Path | None, as_json: bool) -> None:  # noqa: ARG001  # works without any home
    """Write the standalone verifier: one Python file that needs no Convenio."""
    from flows.files import write_new
    from flows.standalone import standalone_verifier
    from schemas.evidence import digest_of

    content = standalone_verifier()
    write_new(output, content, same_is_fine=True)
    if as_json:
        print_json({"verifier": str(output), "sha256": digest_of(content)})
    else:
        click.echo(f"{output}: verifies dossiers with cryptography and pyHanko alone, SHA-256 {digest_of(content)}")


def _print_report(report: VerificationReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.model_dump(mode="json") | {"verdict": report.verdict})
        return
    for finding in report.findings:
        place = f" [{finding.place}]" if finding.place else ""
        click.echo(f"{MARKS[finding.verdict]}  {finding.part}: {finding.reason}{place}")
    click.echo(f"{report.subject}: {report.verdict}")
    if report.subject.startswith("PDF"):
        click.echo("Not looked at: who approved it, and the ledger and archive. A dossier proves those.")
