"""Reminders: whoever an agreement waits for hears of it again, each at most once on one day.

The message itself is the record: its name holds the day and the person, and a name is written once.
"""

from __future__ import annotations

from dataclasses import dataclass

from flows.act import acting, data_of
from flows.deadline import local_day
from flows.delegation import signer_for
from flows.wiring import Installation
from schemas.errors import RefusedTransition
from schemas.evidence import AgreementId
from schemas.people import Office, Person, Role
from schemas.state import AgreementState, Stage


@dataclass(frozen=True)
class Reminded:
    """Who was written to now, and who had been on this day already; names."""

    now: tuple[str, ...]
    before: tuple[str, ...]


def remind(house: Installation, agreement: AgreementId, *, by: str) -> Reminded:
    """Write to everybody an agreement waits for, in the name of the manager ``by``.

    Raises :class:`RefusedTransition` where it waits for nobody, :class:`Unavailable` where the mail cannot be sent:
    repeating it writes to those who were left out.
    """
    manager, state, now = acting(house, by, Role.MANAGER), house.ledger.state(agreement), house.clock()
    people = waited_for(house, state)
    if not people:
        raise RefusedTransition(
            "nobody is waited for who could be reminded",
            where=agreement,
            got=state.stage,
            expected=f"{Stage.IN_REVIEW} or {Stage.SIGNING}",
        )
    told, before = [], []
    day = local_day(house, now)
    for person in people:
        wrote = house.mail.send(
            f"{agreement}-reminder-{day:%Y%m%d}-{person.handle}",
            to=person.email,
            subject=f"{agreement} still waits for you",
            body=_words(house, state, manager, person),
            now=now,
        )
        (told if wrote else before).append(person.name)
    return Reminded(tuple(told), tuple(before))


def waited_for(house: Installation, state: AgreementState) -> tuple[Person, ...]:
    """Return the people an agreement waits for, each once: who decides, signs, confirms a delegation, or owns it."""
    found: dict[str, Person] = {}
    offices = set(state.missing_offices) if state.stage is Stage.IN_REVIEW and not state.open_facts else set()
    if state.stage is Stage.SIGNING and any(not one.confirmed for one in state.delegations):
        offices.add(Office.LEGAL)
    for person in house.people.everyone(role=Role.REVIEWER):
        if offices & set(person.offices) and person.commitment not in state.authors:
            found[person.email] = person
    if state.stage is Stage.SIGNING:
        document = data_of(house, state.data)
        for turn in state.awaited:
            if turn in state.invited:
                person = signer_for(house, state, document, turn).person
                found[person.email] = person
    manages = state.stage is Stage.RETURNED or (state.stage is Stage.IN_REVIEW and bool(state.open_facts))
    owner = house.people.behind(state.owner) if manages and state.owner else None
    if owner is not None:
        found[owner.email] = owner
    return tuple(found.values())


def _words(house: Installation, state: AgreementState, manager: Person, reader: Person) -> str:
    agreement, where, portal = state.agreement, f"{manager.name} reminds you", house.settings.portal_address
    if state.stage is Stage.SIGNING and reader.commitment not in _legal(house):
        until = f" It can be signed until the end of {state.sign_by:%d %B %Y}." if state.sign_by else ""
        return (
            f"{state.title}\n\n{where}: {agreement} still waits for your signature.{until}\n\n"
            f"Open the link in the message that asked you to sign, or, with an account:\n  {portal}/sign/{agreement}\n"
            f"If you do not have the link any more, have another one sent to you:\n"
            f"  convenio link {agreement} --as {reader.email}\n"
        )
    show = f"convenio show {agreement}"
    if state.open_facts and reader.commitment == state.owner:
        what = f"{len(state.open_facts)} facts of draft {state.draft} are still open"
        page, command = f"documents/{agreement}/facts", f"convenio facts list {agreement}"
    elif state.stage is Stage.RETURNED:
        what = f"draft {state.draft} was returned and waits for your answer"
        page, command = f"documents/{agreement}/timeline", f"convenio timeline {agreement}"
    elif state.stage is Stage.SIGNING:
        what = "somebody named another person to sign for them, and the legal office has not confirmed it yet"
        page, command = "delegations", show
    else:
        what = f"draft {state.draft} still waits for your decision"
        page, command = f"review/{agreement}", show
    return (
        f"{state.title}\n\n{where}: {what}.\n\n"
        f"See where it stands:\n  {portal}/{page}\nor on the command line:\n  {command}\n"
    )


def _legal(house: Installation) -> frozenset[str]:
    reviewers = house.people.everyone(role=Role.REVIEWER)
    return frozenset(one.commitment for one in reviewers if Office.LEGAL in one.offices)
