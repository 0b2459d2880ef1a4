"""``convenio renew``: further timestamps on archived documents, now and not only when they are due."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import common, installation, print_json


@click.command()
@click.argument("agreement", metavar="[ID]", required=False)
@common
def renew(agreement: str | None, home: Path | None, as_json: bool) -> None:
    """Add a further timestamp to an archived document, or to every one whose newest timestamp ends soon.

    The earlier files stay in the archive; the new one becomes the file of record.
    """
    from flows.renew import receipt_of, renew as renew_one
    from schemas.evidence import AgreementId

    house = installation(home)
    if agreement is None:
        due = [(entry.agreement, entry.version) for entry in house.renewals.due(house)]
    else:
        state = house.ledger.state(AgreementId(agreement))
        receipt_of(state)
        due = [(AgreementId(agreement), len(state.deposits))]
    outcomes = [renew_one(house, one, deposits) for one, deposits in due]
    if as_json:
        print_json([{"agreement": one.agreement, "acted": one.acted, **one.particulars} for one in outcomes])
        return
    for outcome in outcomes:
        click.echo(outcome.summary)
    if not outcomes:
        days = house.settings.renew_days
        click.echo(f"No timestamp of an archived document ends within {days} days.")
