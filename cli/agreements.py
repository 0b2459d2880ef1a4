"""``convenio check | new | revise | list | show | timeline | withdraw``: agreements, as managers see them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import common, installation, print_fields, print_json, print_table
from schemas.errors import InputError

if TYPE_CHECKING:
    from flows.act import Done
    from flows.wiring import Installation
    from schemas.state import AgreementState

FILE = click.Path(path_type=Path)
DISCARD_EDITS = click.option(
    "--discard-edits", is_flag=True, help="Render anew although the draft was edited by hand; the edits are lost."
)
AS = click.option("--as", "by", metavar="EMAIL", envvar="CONVENIO_AS", required=True, help="Who acts (CONVENIO_AS).")


@click.command()
@click.argument("file", type=FILE)
@common
def check(file: Path, home: Path | None, as_json: bool) -> None:  # noqa: ARG001  # needs no home
    """Check a document's file and list every fault at once. Changes nothing."""
    from schemas.advice import advice
    from schemas.fact import open_facts
    from schemas.loader import load_document

    document = load_document(file)
    if document.choices or document.clauses:
        from templates.catalog import load_template
        from templates.selection import select

        select(load_template(document.document_type, document.edition), document)
    notes, unknown = advice(document), open_facts(document)
    if as_json:
        print_json(
            {
                "type": document.document_type,
                "title": str(document.title),
                "notes": [str(note) for note in notes],
                "open_facts": {path: fact.status for path, fact in unknown},
            }
        )
        return
    click.echo(f"{file} is a sound {document.document_type}: {document.title}")
    for note in notes:
        click.echo(f"  note: {note}")
    for path, fact in unknown:
        owner = f", {fact.owner} confirms it" if fact.owner else ""
        click.echo(f"  open: {path} is {fact.status}{owner} ({fact.source or 'no source'})")


@click.command()
@click.argument("file", type=FILE)
@AS
@click.option("--wait", is_flag=True, help="Wait until the draft is ready.")
@common
def new(file: Path, by: str, wait: bool, home: Path | None, as_json: bool) -> None:
    """Request an agreement from a file; its draft 1 is rendered by the flows."""
    from flows.commands import request
    from schemas.loader import load_document

    document, house = load_document(file), installation(home)
    done = request(house, document, by=by)
    report(drafted(house, done) if wait else done, "requested", as_json=as_json)


@click.command()
@click.argument("agreement", metavar="ID")
@click.argument("file", type=FILE)
@click.option("--draft", type=int, required=True, metavar="N", help="Which draft the new data replaces.")
@AS
@DISCARD_EDITS
@click.option("--wait", is_flag=True, help="Wait until the draft is ready.")
@common
def revise(
    agreement: str,
    file: Path,
    draft: int,
    by: str,
    discard_edits: bool,
    wait: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Give new data in place of draft N; it becomes the next draft and voids every approval."""
    from flows.commands import revise as revise_agreement
    from schemas.evidence import AgreementId
    from schemas.loader import load_document

    document, house = load_document(file), installation(home)
    done = revise_agreement(house, AgreementId(agreement), document, draft=draft, by=by, discard_edits=discard_edits)
    report(drafted(house, done) if wait else done, "revised", as_json=as_json)


@click.command("list")
@click.option("--stage", help="Only agreements at this stage, such as 'in review'.")
@common
def list_agreements(stage: str | None, home: Path | None, as_json: bool) -> None:
    """List agreements: where each stands and whom it waits for."""
    from flows.queries import troubles
    from schemas.state import Stage

    if stage is not None and stage not in list(Stage):
        raise InputError(f"{stage!r} is no stage", expected=", ".join(Stage))
    house = installation(home)
    rows, stuck = house.register.rows(stage=Stage(stage) if stage else None), troubles(house)
    if as_json:
        print_json([row.model_dump(mode="json") | {"trouble": stuck.get(row.id)} for row in rows])
    elif not rows:
        click.echo("No agreement yet. Begin with: convenio new FILE --as EMAIL")
    else:
        table = [[r.id, f"draft {r.draft}", r.stage, ", ".join(r.waits_for), r.title] for r in rows]
        print_table(["agreement", "draft", "stage", "waits for", "title"], table)
        for row in rows:
            if row.id in stuck:
                click.echo(f"{row.id}: {stuck[row.id]}")


@click.command()
@click.argument("agreement", metavar="ID")
@common
def show(agreement: str, home: Path | None, as_json: bool) -> None:
    """Show one agreement: where it stands, its digests, who approved and signed."""
    from flows.act import data_of
    from flows.queries import trouble
    from schemas.evidence import AgreementId

    house = installation(home)
    state, stuck = house.ledger.state(AgreementId(agreement)), trouble(house, AgreementId(agreement))
    stale: tuple[str, ...] = ()
    if (document := data_of(house, state.data)).pins:
        from flows.pins import overtaken

        stale = overtaken(house, document)
    if as_json:
        content = state.model_dump(mode="json")
        print_json(content | {"authors": sorted(content["authors"]), "stale": stale, "trouble": stuck})
        return
    print_fields(_described(state) | {"stale": " ".join(stale), "trouble": stuck or ""})


@click.command()
@click.argument("agreement", metavar="ID")
@click.option("--draft", type=int, metavar="N", help="Of draft N; by default of the newest revision.")
@click.option(
    "--what", type=click.Choice(["pdf", "docx", "data", "manifest"]), default="pdf", help="Which file; pdf by default."
)
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where to write.")
@common
def fetch(agreement: str, draft: int | None, what: str, output: Path, home: Path | None, as_json: bool) -> None:
    """Write a draft's PDF, DOCX, data or manifest, or the newest revision, into a file: read before you decide."""
    from flows.files import write_new
    from flows.queries import content_of
    from schemas.evidence import AgreementId, digest_of

    content = content_of(installation(home), AgreementId(agreement), what, draft=draft)
    write_new(output, content, same_is_fine=True)
    if as_json:
        print_json({"file": str(output), "sha256": digest_of(content), "size_bytes": len(content)})
    else:
        click.echo(f"{output}: {what} of {agreement}, SHA-256 {digest_of(content)}")


@click.command()
@click.argument("agreement", metavar="ID")
@common
def timeline(agreement: str, home: Path | None, as_json: bool) -> None:
    """Show everything that happened to an agreement: when (UTC), in which role, who, what, on which digest."""
    from flows.queries import happened
    from schemas.evidence import AgreementId

    rows = happened(installation(home), AgreementId(agreement))
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    table = [[str(r.counter), f"{r.at:%Y-%m-%d %H:%M:%S} UTC", r.role, r.person, r.what, r.digest[:12]] for r in rows]
    print_table(["#", "when", "role", "who", "what", "digest"], table)


@click.command()
@click.argument("agreement", metavar="ID")
@AS
@click.option("--comment", required=True, help="Why.")
@common
def withdraw(agreement: str, by: str, comment: str, home: Path | None, as_json: bool) -> None:
    """End an agreement that not everybody has signed yet."""
    from flows.commands import withdraw as withdraw_agreement
    from schemas.evidence import AgreementId

    report(
        withdraw_agreement(installation(home), AgreementId(agreement), by=by, reason=comment),
        "withdrawn",
        as_json=as_json,
    )


def report(done: Done, verb: str, *, as_json: bool) -> None:
    """Print what a command left behind."""
    state = done.state
    if as_json:
        print_json(
            {
                "agreement": state.agreement,
                "stage": state.stage,
                "draft": state.draft,
                "changed": done.changed,
                "data": state.data,
            }
        )
    elif done.changed:
        click.echo(f"{state.agreement} {verb}: {state.stage}, draft {state.draft}.")
    else:
        click.echo(f"{state.agreement} was {verb} already: {state.stage}, draft {state.draft}.")


def drafted(house: Installation, done: Done) -> Done:
    """Wait until the draft that was asked for is rendered, and return where the agreement then stands."""
    from flows.queries import wait_until
    from flows.up import is_up
    from schemas.errors import OrchestrationUnavailable
    from schemas.evidence import AgreementId
    from schemas.state import Stage

    if done.state.stage is Stage.REQUESTED and not is_up(house):
        raise OrchestrationUnavailable(
            f"{done.state.agreement} is recorded, but nobody renders draft {done.state.draft}",
            where=str(house.home),
            remedy="start the flows with: convenio up",
        )
    click.echo(f"{done.state.agreement}: waiting for draft {done.state.draft} ...", err=True)
    state = wait_until(house, AgreementId(done.state.agreement), lambda state: state.stage is not Stage.REQUESTED)
    return replace(done, state=state)


def _described(state: AgreementState) -> dict[str, str]:
    from archive.register import waiters

    content = state.content
    return {
        "agreement": state.agreement,
        "title": state.title,
        "state": f"draft {state.draft}, {state.stage} since {state.since:%Y-%m-%d %H:%M} UTC",
        "waits for": ", ".join(waiters(state)),
        "open facts": ", ".join(state.open_facts),
        "data": state.data,
        "template": content.template if content else "",
        "docx": content.docx if content else "",
        "draft pdf": content.pdf if content else "",
        "approved for": ", ".join(approval.office for approval in state.approvals),
        "signatories": ", ".join(f"{s} (signed)" if s in state.signed else s for s in state.signatories),
        "newest pdf": state.pdf or "",
        "level": state.level or "",
        "archived as": state.receipt.key if state.receipt else "",
        "held": "" if not state.receipt else state.receipt.lock_mode or "tamper-evident",
    }
