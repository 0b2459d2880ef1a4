"""Links by mail to choose a password: for who is invited, and for who forgot theirs. Single-use, kept as hashes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive.accounts import hash_of_token
from flows.accounts import require_few_tries, require_password, set_password
from schemas.errors import Refused

if TYPE_CHECKING:
    from archive.accounts import Account
    from flows.wiring import Installation
    from schemas.people import Person

LINK_LASTS = timedelta(days=3)
MOST_LINKS = 5
"""While so many links of an address are good, no other is mailed to whoever asks: their inbox is not for filling."""

FORGOTTEN_TRIES = 5
"""How often a link may be asked for within a window."""

FORGOTTEN_TRIES_OF_A_NETWORK = 20


def mail_link(house: Installation, account: Account, person: Person, *, invited: bool) -> None:
    """Mail a link to choose a password; using one of several ends them all.

    Raises :class:`Unavailable` where the message cannot be written or handed over.
    """
    now = house.clock()
    link = house.account_links.make(account.email, now=now, lasts=LINK_LASTS)
    subject = "Your account in Convenio" if invited else "Choose a new password for Convenio"
    first = (
        f"You have an account at {house.settings.organisation}, and sign in with this mail address. Choose a password:"
        if invited
        else "Somebody, most likely you, asked for a new password. Choose it here:"
    )
    last = (
        "If you did not expect this, delete this message: nothing happens."
        if invited
        else "If it was not you, delete this message: your password stays as it is."
    )
    house.mail.send(
        f"ACCOUNT-{'invited' if invited else 'forgotten'}-{person.handle}-{hash_of_token(link)[:12]}",
        to=person.email,
        subject=subject,
        body=(
            f"{first}\n\n  {house.settings.portal_address}/welcome/{link}\n\n"
            f"The link works once, until {now + LINK_LASTS:%Y-%m-%d %H:%M} UTC. Give it to nobody.\n\n{last}\n"
        ),
        now=now,
    )


def require_few_requests(house: Installation, email: str, *, network: str) -> None:
    """Raise :class:`TooManyTries` where links were asked for too often, for an address or from a network."""
    now = house.clock()
    require_few_tries(house, ("forgotten from", network), now=now, limit=FORGOTTEN_TRIES_OF_A_NETWORK)
    require_few_tries(house, ("forgotten", email.strip().lower()), now=now, limit=FORGOTTEN_TRIES)


def forgot(house: Installation, email: str) -> None:
    """Mail a link where there is an open account of this address, unless :data:`MOST_LINKS` are good already.

    Whoever asked is told the same in every case. To be done after the answer, whose time would tell otherwise.
    """
    account = house.accounts.find(email)
    person = None if account is None else house.people.find(account.email)
    if account is None or account.closed_at is not None or person is None:
        return
    if house.account_links.good(account.email, now=house.clock()) < MOST_LINKS:
        mail_link(house, account, person, invited=False)


def person_of_link(house: Installation, link: str) -> Person:
    """Return for whom a link is good; raise :class:`Refused`, in one way, where it is not good for anybody."""
    email = house.account_links.find(link, now=house.clock())
    account = None if email is None else house.accounts.find(email)
    person = None if account is None or account.closed_at is not None else house.people.find(account.email)
    if person is None:
        raise _not_good()
    return person


def choose_password(house: Installation, link: str, password: str) -> None:
    """Set a password by a link; it is used up then, with all others of the account, and every session ends.

    Raises :class:`InputError` for a password that cannot be taken, with which the link stays good, and :class:`Refused`
    for a link that is not.
    """
    person = person_of_link(house, link)
    require_password(password, person)
    if not house.account_links.use(link, now=house.clock()):
        raise _not_good()
    set_password(house, person.email, password)


def _not_good() -> Refused:
    return Refused(
        "this link is not good any more",
        expected=f"one that was mailed within {LINK_LASTS.days} days, and not used yet",
        remedy="have another one mailed to you",
    )
