"""``convenio templates``: the Word templates that lawyers own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.agreements import AS
from cli.output import NEW_FILE, common, installation, print_json, print_table
from cli.redline import page_or_word_file
from schemas.errors import InputError

if TYPE_CHECKING:
    from templates.catalog import Template
    from templates.checking.findings import Finding


def _known_edition(_context: click.Context, _parameter: click.Parameter, edition: str) -> str:
    """Return the edition; raise :class:`InputError` unless Convenio writes its languages."""
    from templates.catalog import LOCALES

    languages = edition.split("-")
    if len(languages) > 2 or len(set(languages)) < len(languages) or not set(languages) <= LOCALES.keys():
        known = ", ".join(LOCALES)
        raise InputError("this is no edition", got=edition, expected=f"one of {known}, or two such as en-es")
    return edition


EDITION = click.option(
    "--edition",
    default="en",
    metavar="EDITION",
    callback=_known_edition,
    help="Language, or two such as en-es; en by default.",
)
TYPE = click.option("--type", "document_type", metavar="TYPE", help="The document type a Word file is for.")


@click.group()
def templates() -> None:
    """List, check, preview and adopt Word templates."""


@templates.command("list")
@click.option("--clauses", is_flag=True, help="List the clauses of the library instead.")
@common
def list_templates(clauses: bool, home: Path | None, as_json: bool) -> None:
    """List every template: type, version, editions, clauses; or the clause library."""
    from templates.catalog import document_types_with_templates, editions_of, load_template
    from templates.clauses import clause_files, load_clause

    folders = _folders(home)
    if clauses:
        known = [load_clause(name, folders=folders) for name in clause_files(folders)]
        if as_json:
            print_json([{"id": c.id, "version": c.version, "position": c.position, "instead_of": c.standard,
                         "subject": c.subject, "languages": c.languages, "note": c.note} for c in known])  # fmt: skip
            return
        rows = [[c.id, f"v{c.version}", c.position, c.standard or "", ", ".join(c.languages), c.note] for c in known]
        print_table(["clause", "version", "position", "instead of", "languages", "note"], rows)
        return
    found = [
        load_template(name, edition, version, folders=folders)
        for name in document_types_with_templates(folders=folders)
        for version, editions in editions_of(name, folders=folders).items()
        for edition in editions
    ]
    if as_json:
        print_json([{"type": t.document_type, "version": t.version, "edition": t.edition, "title": t.title,
                     "sha256": t.digest, "clauses": len(t.clauses)} for t in found])  # fmt: skip
        return
    print_table(
        ["type", "version", "edition", "clauses", "title"],
        [[t.document_type, f"v{t.version}", t.edition, str(len(t.clauses)), t.title] for t in found],
    )


@templates.command()
@click.argument("what", metavar="TYPE|FILE", required=False)
@TYPE
@EDITION
@common
def check(what: str | None, document_type: str | None, edition: str, home: Path | None, as_json: bool) -> int:
    """Check a Word file, the templates of a type, or all: every fault at once, with its place."""
    from schemas.documents import model_of
    from templates.adopt import clauses_for
    from templates.catalog import document_types_with_templates, editions_of, load_template
    from templates.checking.check import check_template

    folders = _folders(home)
    findings: dict[str, tuple[Finding, ...]] = {}
    if what is not None and what.endswith(".docx"):
        model = model_of(document_type or _no_type(what))
        languages = tuple(edition.split("-"))
        findings[what] = check_template(
            _word_file(Path(what)), model, clauses=clauses_for(model.document_type, folders), languages=languages
        )
    else:
        for name in [what] if what else document_types_with_templates(folders=folders):
            model = model_of(name)
            for one in max(editions_of(name, folders=folders).items(), default=(0, (edition,)))[1]:
                found = load_template(name, one, folders=folders)
                findings[found.place] = check_template(
                    found.docx, model, clauses=found.clauses, languages=found.languages
                )
    return _report(findings, as_json=as_json)


@templates.command()
@click.argument("document_type", metavar="TYPE")
@common
def fields(document_type: str, home: Path | None, as_json: bool) -> None:  # noqa: ARG001  # needs no home
    """List every name a template of TYPE may use, with type, meaning and an example."""
    from flows.previews import sample_of
    from schemas.documents import model_of
    from templates.checking.fields import usable_fields

    model = model_of(document_type)
    try:
        sample = sample_of(document_type, "en")
    except InputError:
        sample = None
    found = usable_fields(model, sample=sample)
    if as_json:
        print_json([field.as_json() for field in found])
        return
    for field in found:
        click.echo(f"{field.path}  ({field.type}{', may be missing' if field.optional else ''})")
        click.echo(
            f"    {field.meaning} {field.tag}" + (f"  e.g. {field.example}" if field.example != field.tag else "")
        )


@templates.command()
@click.argument("what", metavar="TYPE|FILE")
@TYPE
@EDITION
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="FILE", help="Fill it with this; an example by default."
)
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE", help="Where to write the PDF.")
@common
def preview(
    what: str,
    document_type: str | None,
    edition: str,
    data: Path | None,
    output: Path,
    home: Path | None,
    as_json: bool,
) -> None:
    """Fill a template with sample data and write the PDF that a reviewer would get."""
    from datetime import UTC, datetime

    from flows.files import write_new
    from flows.previews import preview as render_preview, sample_of

    name = (document_type or _no_type(what)) if what.endswith(".docx") else what
    template = _template(what, name, edition, _folders(home))
    pdf = render_preview(template, sample_of(name, edition, data), now=datetime.now(UTC))
    write_new(output, pdf, same_is_fine=True)
    if as_json:
        print_json({"written": str(output), "template": template.place})
    else:
        click.echo(f"written: {output}")


@templates.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--type", "document_type", metavar="TYPE", required=True, help="The document type it is for.")
@EDITION
@click.option(
    "--redline",
    type=NEW_FILE,
    metavar="FILE",
    callback=page_or_word_file,
    help="Write what changed, .html or .docx.",
)
@click.option("--newest-clauses", is_flag=True, help="Move to the newest version of every clause.")
@AS
@common
def adopt(
    file: Path,
    document_type: str,
    edition: str,
    redline: Path | None,
    newest_clauses: bool,
    by: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Bring an edited Word file in as the next version of a template; agreements under way keep theirs."""
    from flows.adoption import adopt_template
    from flows.files import write_new

    house = installation(home)
    adopted = adopt_template(
        house, _word_file(file), document_type=document_type, edition=edition, by=by, newest_clauses=newest_clauses
    )
    page = None if redline is None else adopted.redline(redline.suffix, now=house.clock())
    if redline is not None and page is not None:
        write_new(redline, page, same_is_fine=True)
    if as_json:
        print_json(adopted.as_json())
        return
    told = "adopted" if adopted.adopted.new else "is adopted already"
    click.echo(f"{file} {told}: {adopted.adopted.template.place}")
    for line in adopted.told:
        click.echo(f"  {line}")


def _report(findings: dict[str, tuple[Finding, ...]], *, as_json: bool) -> int:
    wrong = any(finding.severity == "error" for found in findings.values() for finding in found)
    if as_json:
        print_json({place: [finding.as_json() for finding in found] for place, found in findings.items()})
        return int(wrong)
    for place, found in findings.items():
        errors = sum(finding.severity == "error" for finding in found)
        click.echo(f"{place}: {errors} faults, {len(found) - errors} to look at" if found else f"{place}: sound")
        for finding in found:
            click.echo(f"  {finding}")
    return int(wrong)


def _template(what: str, document_type: str, edition: str, folders: tuple[Path, ...]) -> Template:
    from flows.previews import template_in
    from templates.catalog import load_template

    if not what.endswith(".docx"):
        return load_template(document_type, edition, folders=folders)
    return template_in(_word_file(Path(what)), document_type=document_type, edition=edition, folders=folders)


def _word_file(path: Path) -> bytes:
    from flows.files import read_whole
    from templates.package import MAX_BYTES

    return read_whole(path, expected="a Word file (DOCX)", max_size_bytes=MAX_BYTES)


def _folders(home: Path | None) -> tuple[Path, ...]:
    """Return where templates lie: those of Convenio, then those an installation adopted, where there is one."""
    from cli.output import Place
    from flows.settings import read_settings
    from flows.wiring import Installation

    place = click.get_current_context().ensure_object(Place)
    return Installation(read_settings(home or place.home)).template_folders


def _no_type(what: str) -> str:
    raise InputError(
        f"for which document type is {what}?", expected="--type TYPE", remedy="see convenio templates list"
    )
