"""Who is waited for: a narrow row for each, so that a queue is chosen without reading whole lines of the register.

The rows are written with those lines and rebuilt with them. A waiter is named as the register names them; a confirmed
delegate stands as ``delegate:<commitment>`` in place of who named them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Subquery, bindparam, delete, false, insert, select

from archive import tables
from schemas.evidence import Digest, Evidence
from schemas.state import AgreementState, Stage

awaited, people = tables.awaited, tables.catalogue_people

SYSTEM_STAGES = (Stage.REQUESTED, Stage.APPROVED, Stage.SIGNED, Stage.CONCLUDED)
"""Stages in which no person is waited for."""


class Queue(Evidence):
    """What waits for one of ``waiters``, or for whoever signs under ``address`` in person; for nobody, nothing.

    ``owner`` is who requested it, ``not_owner`` who did not.
    """

    waiters: tuple[str, ...] = ()
    address: str | None = None
    stage: Stage | None = None
    owner: Digest | None = None
    not_owner: Digest | None = None


def waiters(state: AgreementState) -> tuple[str, ...]:
    """Return who can move an agreement in ``state`` on.

    That is ``system``, ``manager``, ``office:legal`` or ``signatory:<id>``; nobody where it is archived or ended.
    """
    match state.stage:
        case Stage.IN_REVIEW:
            # While facts are open nothing can be approved: the manager is waited for beside the reviewers.
            offices = tuple(f"office:{office}" for office in state.missing_offices)
            return (*offices, "manager") if state.open_facts else offices
        case Stage.RETURNED:
            return ("manager",)
        case Stage.SIGNING:
            confirm = ("office:legal",) if any(not one.confirmed for one in state.delegations) else ()
            return (*(f"signatory:{one}" for one in state.awaited), *confirm)
        case stage if stage in SYSTEM_STAGES:
            return ("system",)
    return ()


def note(connection: Connection, states: Iterable[AgreementState]) -> None:
    """Write for whom these agreements wait, in place of what stood there of each."""
    states = list(states)
    gone = awaited.c.agreement == bindparam("its_id")
    connection.execute(delete(awaited).where(gone), [{"its_id": state.agreement} for state in states])
    if rows := [row for state in states for row in _rows(state)]:
        connection.execute(insert(awaited), rows)


def note_anew(connection: Connection, states: Iterable[AgreementState]) -> None:
    """Write for whom all agreements wait, in place of everything that stood there."""
    connection.execute(delete(awaited))
    if rows := [row for state in states for row in _rows(state)]:
        connection.execute(insert(awaited), rows)


def chosen(queue: Queue) -> Subquery:
    """Return what is in a queue, once each: ``agreement``, ``draft``, ``since`` and ``sign_by``."""
    columns = awaited.c
    statement = select(columns.agreement, columns.draft, columns.since, columns.sign_by)
    if queue.address is not None:
        own = (people.c.agreement == columns.agreement) & (columns.waiter == "signatory:" + people.c.signatory)
        statement = statement.join(people, own).where(people.c.email == queue.address.strip().lower()).distinct()
    elif len(queue.waiters) == 1:
        statement = statement.where(columns.waiter == queue.waiters[0])
    else:
        statement = statement.where(columns.waiter.in_(queue.waiters) if queue.waiters else false()).distinct()
    if queue.stage is not None:
        statement = statement.where(columns.stage == queue.stage.value)
    if queue.owner is not None:
        statement = statement.where(columns.owner == queue.owner)
    if queue.not_owner is not None:
        statement = statement.where(columns.owner.is_distinct_from(queue.not_owner))
    return statement.subquery()


def _rows(state: AgreementState) -> Iterator[dict[str, object]]:
    instead = {f"signatory:{one.signatory}": f"delegate:{one.delegate}" for one in state.delegations if one.confirmed}
    for waiter in waiters(state):
        yield {
            "waiter": instead.get(waiter, waiter),
            "stage": state.stage.value,
            "agreement": state.agreement,
            "draft": state.draft,
            "since": state.since,
            "sign_by": state.sign_by.isoformat() if state.sign_by else None,
            "owner": state.owner,
        }
