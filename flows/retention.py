"""How long archived agreements are kept, and that the store holds them as the ledger says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from archive.store import Holding
from archive.transaction import op_id_of
from flows.act import Done, acting, as_actor, keep_remark
from flows.deadline import local_day
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import ConvenioError, InputError, Unavailable
from schemas.evidence import AgreementId, DepositReceipt
from schemas.people import Role
from schemas.retention import end_of_day, last_day, locked_through
from schemas.state import AgreementState, Stage


@dataclass(frozen=True)
class Kept:
    """One deposit, and what the store says of it (``None``: it is not there)."""

    receipt: DepositReceipt
    holding: Holding | None


def balance_paid(
    house: Installation, agreement: AgreementId, *, by: str, paid_on: date, small_grant: bool, reason: str
) -> Done:
    """Record when the funding's balance was paid, which begins retention, and have the store hold the deposits so long.

    Raises :class:`NotAuthorised` for who is no manager, :class:`InputError` for a day to come or before the agreement
    was concluded, and :class:`RefusedTransition` where retention has begun already with another day.
    """
    manager, now = acting(house, by, Role.MANAGER), house.clock()
    if paid_on > (today := local_day(house, now)):
        raise InputError(
            "the balance cannot have been paid on a day to come", got=paid_on, expected=f"{today} or before"
        )
    concluded = _concluded_on(house, agreement)
    if concluded is not None and paid_on < concluded:
        raise InputError(
            "the balance cannot have been paid before the agreement was concluded",
            where=agreement,
            got=paid_on,
            expected=f"{concluded} or later",
        )
    op_id = op_id_of("balance paid", agreement, paid_on.isoformat(), str(small_grant))
    with house.ledger.transaction() as tx:
        repeated = tx.find(op_id) is not None
        if not repeated:
            event = ev.BalancePaid(
                paid_on=paid_on,
                small_grant=small_grant,
                until=last_day(paid_on, small_grant=small_grant),
                remark=keep_remark(tx, reason),
            )
            tx.append(agreement, op_id, now, as_actor(Role.MANAGER, manager), event)
    return _secured(house, agreement, changed=not repeated)


def extend_retention(house: Installation, agreement: AgreementId, *, by: str, until: date, reason: str) -> Done:
    """Keep an agreement longer, with a reason; retention is never shortened.

    Raises :class:`NotAuthorised` for who is no administrator, :class:`RefusedTransition` where retention has not begun
    or ends later already.
    """
    administrator = acting(house, by, Role.ADMINISTRATOR)
    op_id = op_id_of("retention extended", agreement, until.isoformat())
    with house.ledger.transaction() as tx:
        repeated = tx.find(op_id) is not None
        if not repeated:
            event = ev.RetentionExtended(until=until, remark=keep_remark(tx, reason))
            tx.append(agreement, op_id, house.clock(), as_actor(Role.ADMINISTRATOR, administrator), event)
    return _secured(house, agreement, changed=not repeated)


def new_lock_end(house: Installation, state: AgreementState) -> datetime | None:
    """Return until when a store that locks must hold what is deposited now.

    Retention that is over locks nothing, as no store takes an end in the past; under a legal hold the lock rolls.
    """
    now = house.clock()
    today = local_day(house, now)
    end = lock_end(house, state.retention_until, today)
    if end > now:
        return end
    return lock_end(house, None, today) if state.held else None


def lock_end(house: Installation, retention_until: date | None, today: date) -> datetime:
    """Return until when a store that locks must hold a deposit on ``today``."""
    return end_of_day(locked_through(retention_until, today), ZoneInfo(house.settings.time_zone))


def secure(house: Installation, state: AgreementState) -> tuple[Kept, ...]:
    """Have the store lock and hold every deposit as the ledger says, where it can, and return what it then says.

    Nothing is shortened. Repeating changes nothing; raises what the store raises.
    """
    now = house.clock()
    until = lock_end(house, state.retention_until, local_day(house, now))
    kept = []
    for receipt in state.deposits:
        if until > now:
            house.store.extend(receipt, until)
        kept.append(Kept(receipt, house.store.hold(receipt, on=state.held)))
    return tuple(kept)


def secure_all(house: Installation) -> int:
    """Secure every archived agreement whose deposits are still there, and return how many there are.

    A deposit that is missing is the fixity sweep's to report. No agreement keeps the others from being secured: each is
    tried once, and then the first fault is raised, one that no repeating mends before one that the store did not
    answer.
    """
    count, faults = 0, list[ConvenioError]()
    for row in house.register.rows():
        if row.stage is not Stage.ARCHIVED:
            continue
        try:
            state = house.ledger.state(row.id)
            if all(one.holding is not None for one in look(house, state)):
                secure(house, state)
                count += 1
        except ConvenioError as fault:
            faults.append(fault)
    if faults:
        raise min(faults, key=lambda fault: isinstance(fault, Unavailable))
    return count


@dataclass
class Securing:
    """The day on which everything was secured last, so that it is done daily, at each start, and again until it is."""

    _day: date | None = None

    def once_on(self, house: Installation, today: date) -> None:
        """Secure everything unless that was done ``today``; raises as :func:`secure_all`."""
        if self._day != today:
            secure_all(house)
            self._day = today


def look(house: Installation, state: AgreementState) -> tuple[Kept, ...]:
    """Return what the store says of every deposit; nothing is changed."""
    return tuple(Kept(receipt, house.store.inspect(receipt.key, receipt.version)) for receipt in state.deposits)


def _concluded_on(house: Installation, agreement: AgreementId) -> date | None:
    """Return the legal day on which the agreement was concluded, if it was."""
    for recorded in house.ledger.entries(agreement):
        if isinstance(recorded.entry.event, ev.Concluded):
            return local_day(house, recorded.entry.occurred_at)
    return None


def _secured(house: Installation, agreement: AgreementId, *, changed: bool) -> Done:
    """Have the store follow what the ledger says; where it does not answer, the daily round repeats this."""
    state = house.ledger.state(agreement)
    secure(house, state)
    return Done(state, changed=changed)
