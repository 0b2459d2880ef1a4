"""``convenio accounts``: who signs in to the portal."""

from __future__ import annotations

from pathlib import Path

import click

from cli.output import common, given_passphrase, installation, print_json, print_table

PASSWORD = "CONVENIO_PASSWORD"  # noqa: S105  # where it stands, not what it is
"""Name in the environment of the password that is set."""


@click.group()
def accounts() -> None:
    """Set passwords for the portal; list and close accounts."""


@accounts.command()
@click.argument("email")
@common
def password(email: str, home: Path | None, as_json: bool) -> None:
    """Set the password with which a person signs in to the portal; every session of theirs ends."""
    from flows.accounts import set_password

    house = installation(home)
    person = house.people.get(email)
    chosen = given_passphrase(f"Password for {person.email}", PASSWORD, confirm=True)
    set_password(house, person.email, chosen)
    if as_json:
        print_json({"email": person.email, "roles": list(person.roles)})
    else:
        click.echo(f"{person.email} signs in at {house.settings.portal_address} with this password.")


@accounts.command("list")
@common
def list_accounts(home: Path | None, as_json: bool) -> None:
    """List who can sign in to the portal, and with what."""
    house = installation(home)
    rows = []
    for account in house.accounts.everyone():
        ways = [("password", account.password), ("provider", account.subject), ("second factor", account.second_factor)]
        rows.append(
            {
                "email": account.email,
                "state": "open" if account.closed_at is None else "closed",
                "signs_in_with": [name for name, kept in ways if kept],
                "sessions": len(house.accounts.sessions_of(account.email, now=house.clock())),
            }
        )
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("No account yet. Begin with: convenio accounts password EMAIL")
    else:
        told = [[row["email"], row["state"], ", ".join(row["signs_in_with"]), str(row["sessions"])] for row in rows]
        print_table(["email", "state", "signs in with", "sessions"], told)


@accounts.command()
@click.argument("email")
@click.option("--as", "by", envvar="CONVENIO_AS", required=True, help="Who closes it: an administrator.")
@common
def close(email: str, by: str, home: Path | None, as_json: bool) -> None:
    """Close a person's account at once: it signs in no more, and its sessions, tokens and links end."""
    from flows.commands import close_account
    from schemas.errors import Refused

    house = installation(home)
    person = house.people.get(email)
    if house.accounts.find(person.email) is None:
        raise Refused("this person has no account", got=person.email, expected="one of: convenio accounts list")
    close_account(house, person.email, by=by)
    if as_json:
        print_json({"email": person.email, "state": "closed"})
    else:
        click.echo(f"The account of {person.email} is closed.")
