"""``convenio ledger | register``: proving the ledger again, publishing it, and making it anew after a loss."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.evidence import EXIT_CODES, MARKS
from cli.output import (
    BACKUP_PASSPHRASE,
    NEW_FILE,
    common,
    given_passphrase,
    house_at,
    installation,
    print_fields,
    print_json,
)

if TYPE_CHECKING:
    from schemas.evidence import VerificationReport

KEPT = click.option(
    "--checkpoint",
    "kept",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A checkpoint kept elsewhere: by a witness, an auditor, in a dossier; may be repeated.",
)

NOT_IN_THE_LOG = "Not in the log: who people are, comments, accounts, mailed links, unfinished forms, webhooks, keys."


@click.group()
def ledger() -> None:
    """Prove the ledger and the stores again, publish, prove one agreement, restore."""


@ledger.command()
@KEPT
@click.option("--keys", "keys_file", type=click.Path(path_type=Path), help="Pinned public keys, from elsewhere.")
@click.option("--listed-only", is_flag=True, help="Read deposits only; compare everything else by its listing.")
@common
def check(kept: tuple[Path, ...], keys_file: Path | None, listed_only: bool, home: Path | None, as_json: bool) -> int:
    """Prove everything again, and name every attack. Exit 0 all holds, 1 attacked, 3 not proven yet."""
    from flows.proof import prove_ledger
    from flows.verification import read_keys

    key = read_keys(keys_file).ledger if keys_file else None
    report = prove_ledger(installation(home), kept=kept, verifier_key=key, read_all=not listed_only)
    print_report(report, as_json=as_json)
    return EXIT_CODES[report.verdict]


@ledger.command()
@click.argument("agreement", metavar="ID")
@click.option("-o", "folder", type=NEW_FILE, required=True, metavar="FOLDER", help="Where to write.")
@common
def prove(agreement: str, folder: Path, home: Path | None, as_json: bool) -> None:
    """Write the leaves of an agreement with their proofs (C2SP tlog-proof)."""
    from flows.ledger_check import write_proofs
    from schemas.evidence import AgreementId

    files = write_proofs(installation(home), AgreementId(agreement), folder)
    if as_json:
        print_json([str(path) for path in files])
    else:
        click.echo(f"{folder}: {len(files) // 2} leaves of {agreement}, each with its proof")


@ledger.command()
@common
def publish(home: Path | None, as_json: bool) -> None:
    """Publish what is new: tiles, then a signed checkpoint."""
    from flows.checkpoints import published

    found = published(installation(home))
    size, root = found.checkpoint.tree_size, found.checkpoint.root
    if as_json:
        print_json({"size": size, "root": root, "timestamped": found.token is not None, "missing": found.complaints})
        return
    print_fields({"size": str(size), "root": root, "timestamp": "RFC 3161" if found.token else "not yet"})
    for complaint in found.complaints:
        click.echo(f"missing: {complaint}")


@ledger.command()
@click.option("--from-log", is_flag=True, required=True, help="Make the database anew from the published log.")
@click.option(
    "--keys", "keys_file", type=click.Path(path_type=Path), required=True, help="The public keys, pinned elsewhere."
)
@KEPT
@common
def restore(from_log: bool, keys_file: Path, kept: tuple[Path, ...], home: Path | None, as_json: bool) -> int:  # noqa: ARG001  # the only source yet, named so that nobody restores by mistake
    """Make a lost database anew. Names and comments come from a backup: `convenio restore`."""
    from flows.ledger_check import read_checkpoint
    from flows.restore import restore as bring_back
    from flows.restoring import restoring
    from flows.verification import read_keys

    key = read_keys(keys_file).ledger
    known = [read_checkpoint(path, key) for path in kept]
    house = house_at(home, restoring=True)
    with restoring(house.home):
        report = bring_back(house, key, known=known).report
    print_report(report, as_json=as_json)
    if not as_json:
        click.echo(NOT_IN_THE_LOG)
    return EXIT_CODES[report.verdict]


@ledger.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="BACKUP")
@common
def drill(file: Path, home: Path | None, as_json: bool) -> int:
    """Restore into a scratch folder from a backup, the log and the store, and compare. Exit 0 equal, 1 not."""
    from flows.backup import open_backup
    from flows.drill import drill as run_drill
    from flows.files import read_whole

    house = installation(home)
    content = read_whole(file, expected="a file from: convenio backup -o FILE")
    backup = open_backup(content, given_passphrase("Passphrase of the backup", BACKUP_PASSPHRASE))
    with tempfile.TemporaryDirectory(prefix="convenio-drill-") as scratch:
        result = run_drill(house, backup, Path(scratch))
    if as_json:
        print_json(result.model_dump(mode="json") | {"equal": result.equal})
    else:
        for difference in result.differences:
            click.echo(f"differs: {difference}")
        for agreement in result.disposed:
            click.echo(f"not compared: {agreement} was disposed of while the drill went on")
        said = "equal" if result.equal else "NOT equal"
        click.echo(
            f"{said}: {result.leaves} leaves, root {result.root}, {result.agreements} agreements, "
            f"{result.dossiers} dossiers verified"
        )
    return 0 if result.equal else 1


@click.group()
def register() -> None:
    """Look after the register, which follows from the ledger."""


@register.command()
@common
def rebuild(home: Path | None, as_json: bool) -> None:
    """Make the register anew from the ledger."""
    from flows import rebuild as derived

    lines = derived.rebuild(installation(home))
    if as_json:
        print_json({"lines": lines})
    else:
        click.echo(f"The register has {lines} lines, made from the ledger.")


def print_report(report: VerificationReport, *, as_json: bool) -> None:
    """Print every finding, then the verdict."""
    if as_json:
        print_json(report.model_dump(mode="json") | {"verdict": report.verdict})
        return
    for finding in report.findings:
        place = f" [{finding.place}]" if finding.place else ""
        click.echo(f"{MARKS[finding.verdict]}  {finding.part}: {finding.reason}{place}")
    click.echo(f"{report.subject}: {report.verdict}")
