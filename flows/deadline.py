"""The last day to sign, in the time zone of the house: kept, extended, and what happens after it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from archive.transaction import op_id_of
from flows.act import Done, acting, as_actor, keep_remark, require_seen
from flows.notices import tell
from flows.stage import record
from flows.wiring import Installation
from schemas import events as ev
from schemas.documents import Document
from schemas.errors import Fault, InputError, Refused, RefusedTransition
from schemas.evidence import AgreementId
from schemas.people import Role
from schemas.state import AgreementState, Stage


def local_day(house: Installation, instant: datetime) -> date:
    """Return the legal day that ``instant`` falls on where the house is."""
    return instant.astimezone(ZoneInfo(house.settings.time_zone)).date()


def is_over(house: Installation, state: AgreementState, now: datetime) -> bool:
    """Whether the last day to sign has passed; the whole of that day still counts."""
    return state.sign_by is not None and local_day(house, now) > state.sign_by


def term_over(house: Installation, document: Document) -> date | None:
    """Return the last day of a document's term where that is over; ``None`` where it is not, or is not known."""
    term = getattr(document, "term", None)
    last = None if term is None else term.end.value
    return last if last is not None and last < local_day(house, house.clock()) else None


def require_in_time(house: Installation, state: AgreementState, now: datetime) -> None:
    """Raise :class:`RefusedTransition` for who would sign after the last day, whether or not it was noticed yet."""
    if is_over(house, state, now):
        raise RefusedTransition(
            "the last day to sign is over",
            where=state.agreement,
            got=local_day(house, now),
            expected=f"{state.sign_by} or earlier ({house.settings.time_zone})",
            remedy="the manager asks for the agreement anew, with a later day",
        )


def require_to_come(house: Installation, document: Document) -> None:
    """Raise :class:`InputError` where a document is to be signed by a day that is over already."""
    sign_by, today = document.signing and document.signing.sign_by, local_day(house, house.clock())
    if sign_by is not None and sign_by < today:
        raise InputError(
            "nobody could sign in time",
            [Fault("signing.sign_by", "is over already", read=sign_by.isoformat(), expected=f"{today} or later")],
        )


def lapse(house: Installation, agreement: AgreementId) -> bool:
    """End an agreement whose last day to sign is over, and have people told; return whether this call did it."""
    state, now = house.ledger.state(agreement), house.clock()
    if state.stage is not Stage.SIGNING or state.sign_by is None or not is_over(house, state, now):
        return False
    event, op_id = ev.Lapsed(sign_by=state.sign_by), op_id_of("lapsed", agreement, str(state.draft))
    return record(
        house,
        agreement,
        op_id,
        now,
        event,
        waits=lambda after: after.stage is Stage.SIGNING and after.sign_by == event.sign_by,
    )


def extend(
    house: Installation, agreement: AgreementId, *, sign_by: date, by: str, reason: str, seen: int | None = None
) -> Done:
    """Give the signatories until the end of ``sign_by``, up to the last day that holds so far and never after it.

    ``seen`` is as for :func:`flows.act.require_seen`.

    Raises :class:`RefusedTransition` outside of signing, for an earlier day, and where the last day is over.
    """
    manager, now = acting(house, by, Role.MANAGER), house.clock()
    with house.ledger.transaction() as tx:
        state = tx.state(agreement)
        op_id = op_id_of("extended", agreement, str(state.draft), sign_by.isoformat())
        if tx.find(op_id) is not None:
            return Done(state, changed=False)
        require_seen(state, seen)
        if is_over(house, state, now):
            raise Refused(
                "what is over is not extended",
                where=f"{agreement}, {state.stage}",
                got=local_day(house, now),
                expected=f"{state.sign_by} or earlier",
                remedy="ask for the agreement anew, with a later day",
            )
        event = ev.Extended(sign_by=sign_by, remark=keep_remark(tx, reason))
        tell(tx, tx.append(agreement, op_id, now, as_actor(Role.MANAGER, manager), event))
        return Done(tx.state(agreement), changed=True)
