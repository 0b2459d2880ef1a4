"""What every command has in common: who acts, on what, and what it leaves behind."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from archive.layout import data_key
from archive.transaction import Transaction
from flows.wiring import Installation
from schemas.documents import Document, read_data
from schemas.errors import InputError, NotAuthorised, Refused, RefusedTransition, StaleBase
from schemas.events import Covered
from schemas.evidence import Digest
from schemas.people import Actor, Office, Person, Role
from schemas.state import AgreementState, Stage
from schemas.text import printable


@dataclass(frozen=True)
class Done:
    """What a command left behind: the agreement's state, and whether this call changed it."""

    state: AgreementState
    changed: bool


def acting(house: Installation, email: str, role: Role) -> Person:
    """Return the person with this mail address; raise :class:`NotAuthorised` where they lack the role."""
    try:
        person = house.people.get(email)
    except Refused as error:
        raise NotAuthorised(f"{email} is nobody here", expected=f"a {role}", remedy=error.remedy) from error
    if role not in person.roles:
        raise NotAuthorised(
            f"{email} is no {role}",
            got="roles: " + (", ".join(person.roles) or "none"),
            expected=f"the role {role}",
            remedy=f"ask somebody who has the role {role}; who has it, an administrator decides",
        )
    return person


def require_office(person: Person, office: Office, what: str, *, where: str | None = None) -> None:
    """Raise :class:`NotAuthorised`, in the words ``what``, for a reviewer who does not hold ``office``."""
    if office not in person.offices:
        raise NotAuthorised(
            what,
            where=where,
            got="offices: " + ", ".join(person.offices),
            expected=f"the office {office}",
            remedy=f"ask a reviewer of the {office} office; who is one, an administrator decides",
        )


def as_actor(role: Role, person: Person) -> Actor:
    """Return how the ledger names a person who acts in a role."""
    return Actor(role=role, person=person.commitment)


def data_of(house: Installation, data: Digest) -> Document:
    """Return the document whose data has this digest."""
    return read_data(house.store.get(data_key(data)))


def one_line(text: str, *, what: str) -> str:
    """Return ``text`` without outer spaces; raise :class:`InputError` where it is empty or cannot be printed."""
    try:
        line = printable(text)
    except PydanticCustomError as error:
        raise InputError(
            f"{what} cannot be kept", got=error.message(), expected="printable text on one line"
        ) from error
    if not line:
        raise InputError(f"{what} is needed", expected="a few words that say it")
    return line


def keep_remark(tx: Transaction, text: str) -> Digest:
    """Keep a comment or a reason erasably and return the commitment to it."""
    return tx.remember_remark(one_line(text, what="a reason"), secrets.token_hex(32))


def reviewed(state: AgreementState, draft: int, *, covers: Covered | None = None) -> Covered:
    """Return the content of draft ``draft``, which must be the current one and rendered.

    ``covers``, where it is known, is what the reviewer was shown; raises :class:`StaleBase` where that is not it.
    """
    require_draft(state, draft)
    if state.content is None:
        raise RefusedTransition(
            f"draft {draft} is not rendered yet", where=state.agreement, got=state.stage, expected=Stage.IN_REVIEW
        )
    if covers is not None and covers != state.content:
        shown, now = covers.model_dump(), state.content.model_dump()
        raise StaleBase(
            f"draft {draft} is not what you were shown",
            where=state.agreement,
            got=", ".join(f"{name} {digest[:12]}" for name, digest in shown.items() if digest != now[name]),
            expected=", ".join(f"{name} {digest[:12]}" for name, digest in now.items() if digest != shown[name]),
            remedy="read the current draft and decide about it",
        )
    return state.content


def require_seen(state: AgreementState, seen: int | None) -> None:
    """Raise :class:`StaleBase` where ``seen``, the counter of the last entry somebody read, is not the last now."""
    if seen is not None and state.counter != seen:
        raise StaleBase(
            "the agreement changed since it was read",
            where=state.agreement,
            got=f"entry {seen}",
            expected=f"entry {state.counter}",
            remedy="read it again, then decide",
        )


def require_draft(state: AgreementState, draft: int) -> None:
    """Raise :class:`StaleBase` unless ``draft`` is the current one."""
    if state.draft != draft:
        raise StaleBase(
            f"draft {state.draft} is the current one",
            where=state.agreement,
            got=f"draft {draft}",
            expected=f"draft {state.draft}",
            remedy="read the current draft and decide about it",
        )
