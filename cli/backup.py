"""``convenio backup | restore``: what neither the published log nor the store can give back."""

from __future__ import annotations

from pathlib import Path

import click

from cli.evidence import EXIT_CODES
from cli.ledger import KEPT, print_report
from cli.output import BACKUP_PASSPHRASE, NEW_FILE, common, given_passphrase, house_at, installation, print_json

NOT_IN_IT = "Not in a backup: accounts with their passwords and tokens, links to sign, unfinished forms, webhooks."


@click.command()
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE", help="Where to write.")
@common
def backup(output: Path, home: Path | None, as_json: bool) -> None:
    """Write people, comments, keys and settings into one encrypted file. Keep its passphrase apart from it."""
    from flows.backup import make_backup, record_backup
    from flows.files import write_new

    house = installation(home)
    made = make_backup(house, given_passphrase("Passphrase for the backup", BACKUP_PASSPHRASE, confirm=True))
    write_new(output, made.content, private=True)
    record_backup(house, made)
    if as_json:
        print_json({"backup": str(output), "size_bytes": len(made.content), "files": made.files, "rows": made.rows})
    else:
        click.echo(f"{output}: encrypted backup, {len(made.content):,} bytes")
        click.echo(NOT_IN_IT)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@KEPT
@common
def restore(file: Path, kept: tuple[Path, ...], home: Path | None, as_json: bool) -> int:
    """Bring an installation back into an empty home: keys and people from a backup, the ledger from its log."""
    from flows.backup import open_backup, restore_files
    from flows.files import read_whole
    from flows.ledger_check import read_checkpoint
    from flows.restore import restore as bring_back
    from flows.restoring import restoring

    content = read_whole(file, expected="a file from: convenio backup -o FILE")
    opened = open_backup(content, given_passphrase("Passphrase of the backup", BACKUP_PASSPHRASE))
    known = [read_checkpoint(path, opened.keys.ledger) for path in kept]
    place = house_at(home, restoring=True).home
    with restoring(place):
        restore_files(opened, place)
        # read again: the settings may have come back with the files
        house = house_at(home, restoring=True)
        restored = bring_back(house, opened.keys.ledger, known=known, backup=opened)
    print_report(restored.report, as_json=as_json)
    if not as_json:
        click.echo(NOT_IN_IT)
        click.echo("Set an administrator's password (convenio accounts password EMAIL), who invites everybody else.")
    return EXIT_CODES[restored.report.verdict]
