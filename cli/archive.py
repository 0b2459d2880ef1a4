"""``convenio archive``: how the store holds what is archived, how long, and its disposal."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import NEW_FILE, common, installation, print_fields, print_json, print_table
from schemas.retention import SMALL_GRANT_EUR_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.act import Done
    from flows.retention import Kept
    from flows.wiring import Installation
    from schemas.state import AgreementState

AS = click.option("--as", "by", metavar="EMAIL", envvar="CONVENIO_AS", required=True, help="Who acts (CONVENIO_AS).")
REASON = click.option("--reason", required=True, help="Why; kept erasably, the ledger holds a commitment to it.")
DAY = click.DateTime(formats=["%Y-%m-%d"])
ID = click.argument("agreement", metavar="ID")


@click.group()
def archive() -> None:
    """Probe the store, sweep for fixity, and see to retention, legal holds and disposal."""


@archive.command()
@common
def probe(home: Path | None, as_json: bool) -> int:
    """Try now what the store really does, on keys of the probe's own. Exit 1 where WORM is required and not found."""
    from flows.object_store import ProbedStore, require_worm, standing
    from schemas.errors import NotWorm

    house = installation(home, make=True)
    store = house.store
    found = store.probing.again().found if isinstance(store, ProbedStore) else store.capabilities
    well, said = standing(house.settings, store)
    if as_json:
        facts = [fact.model_dump(mode="json") for fact in found.findings]
        print_json({"mode": found.mode, "facts": facts, "promise": found.promise, "well": well})
        return 0 if well else NotWorm.exit_code
    for fact in found.findings:
        click.echo(f"{'yes' if fact.holds else 'NO '}  {fact.behaviour}: {fact.seen}")
    click.echo(f"The store is {said}" + (f", lock mode {found.lock_mode}." if found.worm else "."))
    require_worm(house.settings, store)
    return 0


@archive.command()
@click.option("--all", "everything", is_flag=True, help="Read every object now, not only those that are due today.")
@common
def fixity(everything: bool, home: Path | None, as_json: bool) -> int:
    """List every stored version, read what is due, and name what is wrong. Exit 1 where anything is."""
    from flows.fixity import check_fixity, told

    report = check_fixity(installation(home), everything=everything)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        for fault in report.faults:
            click.echo(f"FAULT  {told(fault)}")
        read = f"{report.listed} versions listed, {report.read} read whole ({report.read_bytes:,} bytes)"
        click.echo(f"{report.day}: {read}, {len(report.faults)} faults; the store is {report.promise}")
    return 1 if report.faults else 0


@archive.command()
@click.argument("agreement", metavar="ID", required=False)
@common
def retention(agreement: str | None, home: Path | None, as_json: bool) -> None:
    """Show until when agreements are kept, and how the store holds them."""
    from flows.retention import look
    from schemas.state import Stage

    house = installation(home)
    ids = [agreement] if agreement else [row.id for row in house.register.rows() if row.stage is Stage.ARCHIVED]
    states = [house.ledger.state(one) for one in ids]
    shown = [_shown(state, () if state.stage is Stage.DISPOSED else look(house, state)) for state in states]
    if as_json:
        print_json(shown if agreement is None else shown[0])
    elif not shown:
        click.echo("Nothing is archived yet.")
    else:
        columns = ["agreement", "stage", "kept_until", "legal_hold", "lock"]
        print_table([name.replace("_", " ") for name in columns], [[one[name] for name in columns] for one in shown])


@archive.command()
@ID
@click.option("--on", "paid_on", type=DAY, required=True, help="The day the funding's balance was paid, YYYY-MM-DD.")
@click.option(
    "--small-grant",
    is_flag=True,
    help=f"The grant is at most EUR {SMALL_GRANT_EUR_MAX:,}: three years in place of five.",
)
@REASON
@AS
@common
def paid(
    agreement: str, paid_on: datetime, small_grant: bool, reason: str, by: str, home: Path | None, as_json: bool
) -> None:
    """Say when the balance was paid, which begins retention. A manager's act."""
    from flows.retention import balance_paid
    from schemas.evidence import AgreementId

    house, day = installation(home), paid_on.date()
    done = balance_paid(house, AgreementId(agreement), by=by, paid_on=day, small_grant=small_grant, reason=reason)
    _tell(house, done, f"kept until {done.state.retention_until}", as_json=as_json)


@archive.command()
@ID
@click.option("--until", type=DAY, required=True, help="The new last day of retention, YYYY-MM-DD.")
@REASON
@AS
@common
def extend(agreement: str, until: datetime, reason: str, by: str, home: Path | None, as_json: bool) -> None:
    """Keep an agreement longer. An administrator's act; nothing shortens retention."""
    from flows.retention import extend_retention
    from schemas.evidence import AgreementId

    house = installation(home)
    done = extend_retention(house, AgreementId(agreement), by=by, until=until.date(), reason=reason)
    _tell(house, done, f"kept until {done.state.retention_until}", as_json=as_json)


@archive.command()
@ID
@REASON
@AS
@common
def hold(agreement: str, reason: str, by: str, home: Path | None, as_json: bool) -> None:
    """Place a legal hold: nothing is disposed of until it is released. An act of the legal office."""
    from flows.holds import place_hold
    from schemas.evidence import AgreementId

    house = installation(home)
    done = place_hold(house, AgreementId(agreement), by=by, reason=reason)
    _tell(house, done, "under legal hold", as_json=as_json)


@archive.command()
@ID
@REASON
@AS
@common
def release(agreement: str, reason: str, by: str, home: Path | None, as_json: bool) -> None:
    """Release the legal hold. An act of the legal office."""
    from flows.holds import release_hold
    from schemas.evidence import AgreementId

    house = installation(home)
    done = release_hold(house, AgreementId(agreement), by=by, reason=reason)
    _tell(house, done, "under no legal hold", as_json=as_json)


@archive.command()
@ID
@click.option("--propose", is_flag=True, help="Propose it; another administrator carries it out without this option.")
@REASON
@AS
@common
def dispose(agreement: str, propose: bool, reason: str, by: str, home: Path | None, as_json: bool) -> None:
    """Destroy what is stored of an agreement after retention, or of one that ended. Two administrators' act."""
    from flows import disposal
    from schemas.evidence import AgreementId

    house = installation(home)
    if propose:
        done = disposal.propose_disposal(house, AgreementId(agreement), by=by, reason=reason)
        said = "proposed for disposal; another administrator carries it out"
    else:
        done = disposal.dispose(house, AgreementId(agreement), by=by, authority=reason)
        said = f"disposed of; the certificate: convenio archive certificate {agreement} -o FILE"
    _tell(house, done, said, as_json=as_json)


@archive.command()
@ID
@click.option("-o", "output", type=NEW_FILE, required=True, metavar="FILE", help="Where to write.")
@common
def certificate(agreement: str, output: Path, home: Path | None, as_json: bool) -> None:
    """Write the certificate of destruction of a disposed agreement, signed with the ledger's key."""
    from flows import disposal
    from flows.files import write_new
    from schemas.evidence import AgreementId, digest_of

    content = disposal.certificate(installation(home), AgreementId(agreement))
    write_new(output, content, same_is_fine=True)
    if as_json:
        print_json({"certificate": str(output), "sha256": digest_of(content)})
    else:
        click.echo(f"{output}: certificate of destruction of {agreement}, SHA-256 {digest_of(content)}")


def _tell(house: Installation, done: Done, said: str, *, as_json: bool) -> None:
    from flows.retention import look
    from schemas.state import Stage

    kept = () if done.state.stage is Stage.DISPOSED else look(house, done.state)
    if as_json:
        print_json(_shown(done.state, kept) | {"changed": done.changed})
        return
    click.echo(f"{done.state.agreement} is {said}" + ("." if done.changed else " already."))
    for one in kept:
        print_fields({"deposit": one.receipt.key, "version": one.receipt.version or "", "held": _held(one)})


def _shown(state: AgreementState, kept: Sequence[Kept]) -> dict[str, str]:
    return {
        "agreement": state.agreement,
        "stage": state.stage,
        "kept_until": _day(state.retention_until),
        "legal_hold": "yes" if state.held else "no",
        "lock": "; ".join(_held(one) for one in kept),
    }


def _day(until: date | None) -> str:
    return until.isoformat() if until else "no end is known"


def _held(one: Kept) -> str:
    if one.holding is None:
        return "MISSING"
    if one.holding.lock_mode is None or one.receipt.lock_mode is None:
        return "tamper-evident"
    held = ", legal hold" if one.holding.held else ""
    return f"{one.holding.lock_mode} until {one.holding.retain_until:%Y-%m-%d}{held}"
