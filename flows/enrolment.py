"""What administrators do with people and their accounts; each act stands in the ledger, by commitments.

Nobody does any of it to themselves: what they may do, another administrator decides, or whoever has the command line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archive.transaction import op_id_of
from flows.account_links import mail_link
from flows.act import acting, as_actor, one_line
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import Fault, InputError, Refused
from schemas.installation_events import AccountAct
from schemas.people import Office, Person, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archive.accounts import Account
    from archive.transaction import Transaction


ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")
LONGEST_ADDRESS = 254
LONGEST_NAME = 200


def add_person(
    house: Installation, email: str, *, name: str, roles: tuple[str, ...], offices: tuple[str, ...] = ()
) -> Person:
    """Add a person, or roles and offices to one who is there.

    Raises :class:`InputError` for what is no address, name, role or office.
    """
    unknown = [role for role in roles if role not in list(Role)]
    if unknown or not roles:
        raise InputError("that is no role", got=", ".join(unknown) or "none", expected=", ".join(Role))
    if strange := [office for office in offices if office not in list(Office)]:
        raise InputError("that is no office", got=", ".join(strange), expected=", ".join(Office))
    address = one_line(email, what="a mail address")
    if address.count("@") != 1 or address.startswith("@") or "." not in address.rpartition("@")[2] or " " in address:
        raise InputError("that is no mail address", got=repr(email), expected="name@example.org")
    held = [Office(office) for office in offices]
    with house.ledger.transaction() as tx:
        return tx.add_person(address, one_line(name, what="a name"), [Role(role) for role in roles], offices=held)


def enrol(
    house: Installation,
    email: str,
    *,
    name: str,
    roles: Iterable[Role],
    offices: Iterable[Office] = (),
    by: str,
) -> Person:
    """Add a person who is not there yet, and return them.

    Raises :class:`NotAuthorised` for who is no administrator, :class:`InputError` with every fault of the input.
    """
    administrator, wanted = acting(house, by, Role.ADMINISTRATOR), tuple(roles)
    faults = []
    address = email.strip().lower()
    if not ADDRESS.fullmatch(address) or not address.isprintable() or len(address) > LONGEST_ADDRESS:
        faults.append(Fault("email", "this is no mail address", expected="name@example.org"))
    elif house.people.find(address) is not None:
        faults.append(_taken())
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        faults.append(Fault("name", "this cannot be a name", expected="how the person is called, on one line"))
    faults += _faults(wanted, offices)
    if faults:
        raise InputError("the person cannot be added", faults)
    with house.ledger.transaction() as tx:
        if tx.knows(address):
            raise InputError("the person cannot be added", [_taken()])
        person = tx.add_person(address, one_line(name, what="a name"), wanted, offices=tuple(offices))
        _record(house, tx, administrator, _given(person))
    return person


def give_roles(
    house: Installation, email: str, *, roles: Iterable[Role], offices: Iterable[Office] = (), by: str
) -> Person:
    """Put roles and offices in place of those a person holds; the same again changes nothing.

    Raises :class:`NotAuthorised` for who is no administrator, :class:`InputError` for no role, and for offices of
    nobody who reviews, :class:`Refused` for oneself.
    """
    administrator, wanted, held = acting(house, by, Role.ADMINISTRATOR), set(roles), set(offices)
    _require_another(administrator, house.people.get(email))
    if faults := _faults(wanted, held):
        raise InputError("the roles cannot be given", faults)
    with house.ledger.transaction() as tx:
        before = tx.person(email)
        person = tx.give_roles(email, wanted, held)
        if (person.roles, person.offices) != (before.roles, before.offices):
            _record(house, tx, administrator, _given(person))
    return person


def invite(house: Installation, email: str, *, by: str) -> None:
    """Mail a person a link to choose a password; where they had no account, they have one from now on.

    Raises :class:`Refused` for a closed account, :class:`Unavailable` where the message cannot be sent: repeat then.
    """
    person = _change(house, email, AccountAct.INVITED, by, where=_require_open)
    account = house.accounts.find(person.email)
    if account is not None:
        mail_link(house, account, person, invited=True)


def close_account(house: Installation, email: str, *, by: str) -> None:
    """Close a person's account: it signs in no more, and its sessions, tokens and links end at once."""
    _change(house, email, AccountAct.CLOSED, by, where=_is_open)


def reopen_account(house: Installation, email: str, *, by: str) -> None:
    """Open a closed account again, with the password it had."""
    _change(house, email, AccountAct.REOPENED, by, where=_is_closed)


def sign_out(house: Installation, email: str, *, by: str) -> None:
    """End every session of a person's account."""
    _change(house, email, AccountAct.SIGNED_OUT, by)


def reset_second_factor(house: Installation, email: str, *, by: str) -> None:
    """Forget a person's second factor, whose device is lost; every session of theirs ends."""
    _change(house, email, AccountAct.SECOND_FACTOR_RESET, by, where=_has_second_factor)


def _change(
    house: Installation, email: str, act: AccountAct, by: str, *, where: Callable[[Account | None], bool] | None = None
) -> Person:
    """Do something to a person's account, where ``where`` says so of it, and return the person."""
    administrator = acting(house, by, Role.ADMINISTRATOR)
    _require_another(administrator, house.people.get(email))
    with house.ledger.transaction() as tx:
        person = tx.person(email)
        if where is None or where(tx.account(person.email)):
            tx.change_account(person.email, act, house.clock())
            _record(house, tx, administrator, ev.AccountChanged(person=person.commitment, act=act))
    return person


def _is_open(known: Account | None) -> bool:
    return known is not None and known.closed_at is None


def _is_closed(known: Account | None) -> bool:
    return known is not None and known.closed_at is not None


def _has_second_factor(known: Account | None) -> bool:
    return known is not None and known.second_factor is not None


def _require_open(known: Account | None) -> bool:
    if known is not None and known.closed_at is not None:
        raise Refused("the account is closed", remedy="open it again first")
    return True


def _record(house: Installation, tx: Transaction, administrator: Person, event: ev.Event) -> None:
    # the same may be done again after it was undone: the ledger's size makes it another act
    op_id = op_id_of(event.type, administrator.commitment, str(tx.size))
    tx.append_installation(op_id, house.clock(), as_actor(Role.ADMINISTRATOR, administrator), event)


def _given(person: Person) -> ev.RolesGiven:
    return ev.RolesGiven(person=person.commitment, roles=person.roles, offices=person.offices)


def _taken() -> Fault:
    return Fault("email", "this is somebody's who is here already", expected="a person who is not here yet")


def _faults(roles: Iterable[Role], offices: Iterable[Office]) -> list[Fault]:
    faults, roles = [], set(roles)
    if not roles:
        faults.append(Fault("roles", "none is chosen", expected="at least one role"))
    if set(offices) and Role.REVIEWER not in roles:
        faults.append(Fault("offices", "these are for reviewers only", expected="the role reviewer, or no office"))
    return faults


def _require_another(administrator: Person, person: Person) -> None:
    if administrator.commitment == person.commitment:
        raise Refused(
            "administrators do not change their own roles and account here",
            expected="another person",
            remedy="ask another administrator; your password and second factor are in your profile",
        )
