"""``convenio review``: what legal reviewers decide."""

from __future__ import annotations

from pathlib import Path

import click

from cli.agreements import AS, drafted, report
from cli.output import common, installation

DRAFT = click.option("--draft", type=int, required=True, metavar="N", help="Which draft the decision is about.")


@click.group()
def review() -> None:
    """Approve, return or reject a draft, or edit its text."""


@review.command()
@click.argument("agreement", metavar="ID")
@DRAFT
@AS
@click.option(
    "--office", type=click.Choice(["legal", "finance", "director"]), help="For which office; the next one missing."
)
@common
def approve(agreement: str, draft: int, by: str, office: str | None, home: Path | None, as_json: bool) -> None:
    """Approve exactly the bytes of draft N."""
    from flows import commands
    from schemas.events import Office
    from schemas.evidence import AgreementId

    chosen = Office(office) if office else None
    done = commands.approve(installation(home), AgreementId(agreement), draft=draft, by=by, office=chosen)
    report(done, "approved", as_json=as_json)


@review.command("return")
@click.argument("agreement", metavar="ID")
@DRAFT
@AS
@click.option("--comment", required=True, help="What has to change.")
@common
def return_draft(agreement: str, draft: int, by: str, comment: str, home: Path | None, as_json: bool) -> None:
    """Return draft N to its manager with a comment."""
    from flows import commands
    from schemas.evidence import AgreementId

    done = commands.return_draft(installation(home), AgreementId(agreement), draft=draft, by=by, comment=comment)
    report(done, "returned", as_json=as_json)


@review.command()
@click.argument("agreement", metavar="ID")
@DRAFT
@AS
@click.option("--comment", required=True, help="Why.")
@common
def reject(agreement: str, draft: int, by: str, comment: str, home: Path | None, as_json: bool) -> None:
    """End the agreement at draft N."""
    from flows import commands
    from schemas.evidence import AgreementId

    done = commands.reject(installation(home), AgreementId(agreement), draft=draft, by=by, comment=comment)
    report(done, "rejected", as_json=as_json)


@review.command()
@click.argument("agreement", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path))
@DRAFT
@AS
@click.option("--comment", required=True, help="What was changed, and why.")
@click.option("--wait", is_flag=True, help="Wait until the next draft is ready.")
@common
def edit(
    agreement: str, file: Path, draft: int, by: str, comment: str, wait: bool, home: Path | None, as_json: bool
) -> None:
    """Put an edited Word file in place of draft N: it becomes the next draft, marked as edited by hand."""
    from flows import commands
    from flows.files import read_whole
    from schemas.evidence import AgreementId
    from templates.package import MAX_BYTES

    docx, house = read_whole(file, expected="a Word file (DOCX)", max_size_bytes=MAX_BYTES), installation(home)
    done = commands.edit(house, AgreementId(agreement), docx, draft=draft, by=by, comment=comment)
    report(drafted(house, done) if wait else done, "edited", as_json=as_json)
