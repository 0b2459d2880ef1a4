"""Who is waited for: a narrow row for each, so that a queue is chosen without reading whole lines of the register.

The rows are written with those lines and rebuilt with them. A waiter is named as the register names them; a confirmed
delegate stands as ``delegate:<commitment>`` in place of who named them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Subquery, bindparam, delete, false, insert, select, union

from archive import tables
from schemas.evidence import Digest, Evidence
from schemas.state import SYSTEM, AgreementState, Stage

awaited, people = tables.awaited, tables.catalogue_people


class Queue(Evidence):
    """What waits for any of ``waiters``, and for who signs under ``address`` in person; for nobody, nothing.

    ``owner`` is who requested it, ``not_owner`` who did not.
    """

    waiters: tuple[str, ...] = ()
    address: str | None = None
    stage: Stage | None = None
    owner: Digest | None = None
    not_owner: Digest | None = None


def note(connection: Connection, states: Iterable[AgreementState]) -> None:
    """Write for whom these agreements wait, in place of what stood there of each."""
    states = list(states)
    gone = awaited.c.agreement == bindparam("its_id")
    connection.execute(delete(awaited).where(gone), [{"its_id": state.agreement} for state in states])
    _insert(connection, states)


def note_anew(connection: Connection, states: Iterable[AgreementState]) -> None:
    """Write for whom all agreements wait, in place of everything that stood there."""
    connection.execute(delete(awaited))
    _insert(connection, states)


def rows_of(state: AgreementState) -> Iterator[dict[str, object]]:
    """Yield the row of each person, office or role that an agreement waits for; the system is in no queue."""
    instead = {f"signatory:{one.signatory}": f"delegate:{one.delegate}" for one in state.delegations if one.confirmed}
    for waiter in dict.fromkeys(instead.get(one, one) for one in state.waiters if one != SYSTEM):
        yield {
            "waiter": waiter,
            "stage": state.stage.value,
            "agreement": state.agreement,
            "draft": state.draft,
            "since": state.since,
            "sign_by": state.sign_by.isoformat() if state.sign_by else None,
            "owner": state.owner,
        }


def chosen(queue: Queue) -> Subquery:
    """Return what is in a queue, once each: ``id``, ``draft``, ``since`` and ``sign_by``."""
    columns = awaited.c
    whole = select(columns.agreement.label("id"), columns.draft, columns.since, columns.sign_by)
    if queue.stage is not None:
        whole = whole.where(columns.stage == queue.stage.value)
    if queue.owner is not None:
        whole = whole.where(columns.owner == queue.owner)
    if queue.not_owner is not None:
        whole = whole.where(columns.owner.is_distinct_from(queue.not_owner))
    parts = [whole.where(columns.waiter == waiter) for waiter in queue.waiters]
    if queue.address is not None:
        own = (people.c.agreement == columns.agreement) & (columns.waiter == "signatory:" + people.c.signatory)
        parts.append(whole.join(people, own).where(people.c.email == queue.address.strip().lower()).distinct())
    if not parts:
        return whole.where(false()).subquery()
    return (parts[0] if len(parts) == 1 else union(*parts)).subquery()


def _insert(connection: Connection, states: Iterable[AgreementState]) -> None:
    if rows := [row for state in states for row in rows_of(state)]:
        connection.execute(insert(awaited), rows)
