"""``convenio redline``: what changed from one draft to another, or from the template."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import NEW_FILE, common, installation, print_json
from schemas.errors import InputError


def page_or_word_file(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """Return where a redline is to be written; raise :class:`InputError` before anything is done."""
    if path is not None and path.suffix not in {".html", ".docx"}:
        raise InputError("a redline is written as a page or a Word file", got=str(path), expected=".html or .docx")
    return path


@click.command()
@click.argument("agreement", metavar="ID")
@click.option("--draft", type=click.IntRange(min=1), metavar="N", help="Which draft; the current one by default.")
@click.option(
    "--against", metavar="N|template", help="An earlier draft, or its bare template; the draft before by default."
)
@click.option(
    "-o",
    "output",
    type=NEW_FILE,
    metavar="FILE",
    callback=page_or_word_file,
    help="Write a page to read (.html) or a Word file with tracked changes (.docx).",
)
@common
def redline(
    agreement: str, draft: int | None, against: str | None, output: Path | None, home: Path | None, as_json: bool
) -> None:
    """Compare a draft with the one before, with another, or with its template: data, clauses, Word file."""
    from flows import redlines
    from flows.files import write_new
    from schemas.evidence import AgreementId

    house, number = installation(home), AgreementId(agreement)
    if against == "template":
        found = redlines.against_template(house, number, draft=draft)
    else:
        found = redlines.between_drafts(house, number, draft=draft, against=_draft(against))
    if output is not None:
        content = found.page() if output.suffix == ".html" else redlines.as_word_file(house, found)
        write_new(output, content, same_is_fine=True)
    changes = [change.as_json() for change in found.changes]
    if as_json:
        print_json(
            {"before": found.before_label, "after": found.after_label, "data": changes, "clauses": found.clauses}
        )
        return
    click.echo(f"{agreement}, {found.before_label} to {found.after_label}")
    for change in found.changes:
        click.echo(f"  {change.kind} {change.path}: {change.before or 'nothing'} -> {change.after or 'nothing'}")
    click.echo("  clauses that differ: " + (", ".join(found.clauses) or "none"))
    if output is not None:
        click.echo(f"written: {output}")


def _draft(against: str | None) -> int | None:
    if against is None or (against.isdecimal() and int(against) >= 1):
        return None if against is None else int(against)
    raise InputError("that is no draft", got=against, expected="the number of a draft, or template")
