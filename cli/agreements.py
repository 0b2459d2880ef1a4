"""``convenio check | new | revise | list | show | timeline | extend | withdraw``: agreements, as managers see them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import NEW_FILE, common, house_at, installation, print_fields, print_json, print_table
from schemas.errors import InputError

if TYPE_CHECKING:
    from flows.act import Done
    from flows.wiring import Installation

FILE = click.Path(path_type=Path)
DISCARD_EDITS = click.option(
    "--discard-edits", is_flag=True, help="Render anew although the draft was edited by hand; the edits are lost."
)
VOID_SIGNATURES = click.option(
    "--void-signatures", is_flag=True, help="Although it was signed: the signatures become void and are asked for anew."
)
AS = click.option("--as", "by", metavar="EMAIL", envvar="CONVENIO_AS", required=True, help="Who acts (CONVENIO_AS).")


@click.command()
@click.argument("file", type=FILE)
@common
def check(file: Path, home: Path | None, as_json: bool) -> None:
    """Check a document's file and list every fault at once. Changes nothing."""
    from flows.deadline import require_to_come
    from schemas.advice import advice
    from schemas.fact import open_facts
    from schemas.loader import load_document

    document = load_document(file)
    require_to_come(house_at(home), document)
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
@VOID_SIGNATURES
@click.option("--wait", is_flag=True, help="Wait until the draft is ready.")
@common
def revise(
    agreement: str,
    file: Path,
    draft: int,
    by: str,
    discard_edits: bool,
    void_signatures: bool,
    wait: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Give new data in place of draft N; it becomes the next draft and voids every approval and signature."""
    from flows.commands import revise as revise_agreement
    from schemas.evidence import AgreementId
    from schemas.loader import load_document

    document, house = load_document(file), installation(home)
    done = revise_agreement(
        house,
        AgreementId(agreement),
        document,
        draft=draft,
        by=by,
        discard_edits=discard_edits,
        void_signatures=void_signatures,
    )
    report(drafted(house, done) if wait else done, "revised", as_json=as_json)


@click.command("list")
@click.option("--stage", help="Only agreements at this stage, such as 'in review'.")
@common
def list_agreements(stage: str | None, home: Path | None, as_json: bool) -> None:
    """List agreements: where each stands, whom it waits for, and the last day to sign."""
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
        table = [
            [r.id, f"draft {r.draft}", r.stage, ", ".join(r.waits_for), str(r.sign_by or ""), r.title] for r in rows
        ]
        print_table(["agreement", "draft", "stage", "waits for", "sign by", "title"], table)
        for row in rows:
            if row.id in stuck:
                click.echo(f"{row.id}: {stuck[row.id]}")


@click.command()
@click.argument("agreement", metavar="ID")
@common
def show(agreement: str, home: Path | None, as_json: bool) -> None:
    """Show one agreement: where it stands, its digests, who approved, who signs how and until when."""
    from cli.standing import described
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
        derived = {"signed": state.signed, "awaited": state.awaited}
        print_json(content | derived | {"authors": sorted(content["authors"]), "stale": stale, "trouble": stuck})
        return
    people = {person.commitment: person.name for person in house.people.everyone()}
    print_fields(described(state, people) | {"stale": " ".join(stale), "trouble": stuck or ""})


@click.command()
@click.argument("agreement", metavar="ID")
@click.option("--draft", type=int, metavar="N", help="Of draft N; by default of the newest revision.")
@click.option(
    "--what", type=click.Choice(["pdf", "docx", "data", "manifest"]), default="pdf", help="Which file; pdf by default."
)
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE", help="Where to write.")
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
    from flows.timeline import happened
    from schemas.evidence import AgreementId

    rows = happened(installation(home), AgreementId(agreement))
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    table = [[str(r.counter), f"{r.at:%Y-%m-%d %H:%M:%S} UTC", r.role, r.person, r.what, r.digest[:12]] for r in rows]
    print_table(["#", "when", "role", "who", "what", "digest"], table)


@click.command()
@click.argument("agreement", metavar="ID")
@click.option("--sign-by", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="DAY", help="The new last day.")
@AS
@click.option("--comment", required=True, help="Why.")
@common
def extend(agreement: str, sign_by: datetime, by: str, comment: str, home: Path | None, as_json: bool) -> None:
    """Give the signatories more time: until the end of DAY, such as 2030-01-31."""
    from flows.commands import extend as extend_agreement
    from schemas.evidence import AgreementId

    done = extend_agreement(installation(home), AgreementId(agreement), sign_by=sign_by.date(), by=by, reason=comment)
    report(done, "extended", as_json=as_json)


@click.command()
@click.argument("agreement", metavar="ID")
@AS
@click.option("--comment", required=True, help="Why.")
@common
def withdraw(agreement: str, by: str, comment: str, home: Path | None, as_json: bool) -> None:
    """End an agreement that is not concluded yet; everybody concerned is told."""
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
