"""``convenio backup | restore``: what neither the published log nor the store can give back."""

from __future__ import annotations

from pathlib import Path

import click

from cli.evidence import EXIT_CODES
from cli.ledger import KEPT, print_report
from cli.output import BACKUP_PASSPHRASE, common, given_passphrase, installation, print_json


@click.command()
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where to write.")
@common
def backup(output: Path, home: Path | None, as_json: bool) -> None:
    """Write people, comments, keys and settings into one encrypted file. Keep its passphrase apart from it."""
    from flows.backup import back_up
    from flows.files import write_new

    house = installation(home)
    content = back_up(house, given_passphrase("Passphrase for the backup", BACKUP_PASSPHRASE, confirm=True))
    write_new(output, content, private=True)
    if as_json:
        print_json({"backup": str(output), "size_bytes": len(content)})
    else:
        click.echo(f"{output}: encrypted backup, {len(content):,} bytes")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@KEPT
@common
def restore(file: Path, kept: tuple[Path, ...], home: Path | None, as_json: bool) -> int:
    """Bring an installation back into an empty home: keys and people from a backup, the ledger from its log."""
    from flows.backup import open_backup, restore_files
    from flows.files import read_whole
    from flows.ledger_check import read_checkpoint
    from flows.restore import restore_ledger

    content = read_whole(file, expected="a file from: convenio backup -o FILE")
    opened = open_backup(content, given_passphrase("Passphrase of the backup", BACKUP_PASSPHRASE))
    restore_files(opened, installation(home, make=True).home)
    # read again: the settings may have come back with the files
    house = installation(home, make=True)
    known = [read_checkpoint(path, opened.keys.ledger) for path in kept]
    restored = restore_ledger(house, opened.keys.ledger, known=known, backup=opened)
    print_report(restored.report, as_json=as_json)
    return EXIT_CODES[restored.report.verdict]
