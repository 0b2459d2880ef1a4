"""Whom an agreement waits for, and which agreements wait for one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archive.awaited import Queue
from archive.catalogue import Line
from archive.register import RegisterRow
from archive.wanted import Wanted
from flows.catalogue import to_sign, urgency
from portal.reading import signatories_of
from portal.review_words import office
from portal.visit import READERS, Visit
from schemas.evidence import SignatoryId
from schemas.people import Office, Role
from schemas.state import AgreementState, Stage

SHOWN = 12
"""So many documents stand under one heading of the home page; the list has them all."""

UNDER_WAY = (
    Stage.REQUESTED,
    Stage.IN_REVIEW,
    Stage.RETURNED,
    Stage.APPROVED,
    Stage.SIGNING,
    Stage.SIGNED,
    Stage.CONCLUDED,
)


@dataclass(frozen=True)
class Waiting:
    """What the home page shows of documents: three lists without anything twice."""

    mine: tuple[Line, ...]
    others: tuple[Line, ...]
    recent: tuple[Line, ...]


def waiting_for(visit: Visit, *, limit: int = SHOWN) -> tuple[Line, ...]:
    """Return what this person can move on, as owner, signatory or for an office they hold, the most urgent first.

    Urgent is what is to be signed soonest; what has no such day comes after it, the longest-waiting first.
    """
    house, person = visit.house, visit.who
    found: dict[str, Line] = {}
    if Role.REVIEWER in person.roles:
        # drafts, and delegations to confirm; nobody approves what they asked for themselves
        offices = tuple(f"office:{office}" for office in person.offices)
        queue = Queue(waiters=offices, not_owner=person.commitment)
        found |= {line.row.id: line for line in house.catalogue.awaiting(queue, limit=limit)}
    if Role.MANAGER in person.roles:
        queue = Queue(waiters=("manager",), owner=person.commitment)
        found |= {line.row.id: line for line in house.catalogue.awaiting(queue, limit=limit)}
    found |= {line.row.id: line for line in to_sign(house, person, limit=limit)}
    return tuple(sorted(found.values(), key=urgency)[:limit])


def waiting(visit: Visit) -> Waiting:
    """Return what the home page shows to this visitor."""
    mine = waiting_for(visit)
    shown, owner = {line.row.id for line in mine}, visit.who.commitment
    others: tuple[Line, ...] = ()
    if visit.may(Role.MANAGER):
        own = visit.house.catalogue.urgent(Wanted(stages=UNDER_WAY, owner=owner), limit=2 * SHOWN)
        others = tuple(line for line in own if line.row.id not in shown)[:SHOWN]
        shown |= {line.row.id for line in others}
    recent: tuple[Line, ...] = ()
    if visit.may(*READERS):
        changed = visit.house.catalogue.page(Wanted(), limit=2 * SHOWN)
        recent = tuple(line for line in changed if line.row.id not in shown)[: SHOWN // 2]
    return Waiting(mine, others, recent)


def unconfirmed(visit: Visit) -> list[tuple[AgreementState, SignatoryId, str]]:
    """Return the delegations nobody has confirmed: agreement, signatory and their name; the most urgent first."""
    ids = visit.house.catalogue.ids_awaiting(Queue(waiters=(f"office:{Office.LEGAL}",), stage=Stage.SIGNING))
    states = visit.house.ledger.states(ids)
    return [
        (state, one.signatory, signatories_of(visit, state)[one.signatory])
        for state in (states[its_id] for its_id in ids)
        for one in state.delegations
        if not one.confirmed
    ]


def words_for(visit: Visit, row: RegisterRow, names: Mapping[str, str] | None = None) -> str:
    """Return whom a document waits for, in words; empty where nobody is waited for.

    ``names`` are those of its signatories by id; a list does not read them, and says how many.
    """
    say = visit.language.say
    known = {
        "system": say("Convenio"),
        "manager": say("the manager"),
        **{f"office:{one}": office(visit.language, one) for one in Office},
    }
    signing = [name.partition(":")[2] for name in row.waits_for if name not in known]
    named = [known[name] for name in row.waits_for if name in known]
    if signing and names:
        named += [names.get(one, one) for one in signing]
    elif signing:
        named.append(say("a signature") if len(signing) == 1 else say("%(number)s signatures", number=len(signing)))
    return ", ".join(named)
