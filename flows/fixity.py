"""The daily round of the archive: fixity, an alarm by name, and locks and holds as the ledger says."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, timedelta

from archive.fixity import Deposit, Fault, FixityReport, due_on, sweep
from archive.layout import working_key
from archive.named import Place, named_by, naming
from archive.transaction import op_id_of
from flows.deadline import local_day
from flows.retention import lock_end
from flows.stage import keep
from flows.wiring import Installation
from schemas import events as ev
from schemas.evidence import AgreementId, Digest, canonical_json, digest_of
from schemas.installation import INSTALLATION
from schemas.people import SYSTEM, Role
from schemas.state import Stage

LOG = logging.getLogger("convenio.fixity")

FAULTS_MAILED = 50

LATE = timedelta(days=2)
"""A sweep is daily; one that is missing for so long is no longer a matter of hours."""


def daily_round(house: Installation) -> FixityReport | None:
    """Once a day, where anything is archived: sweep for fixity, then lock and hold what the ledger says.

    The sweep is recorded and its alarm given before anything is secured, whatever comes of that. Returns ``None`` where
    today's was done. Raises what the store raises; the next round repeats what failed.
    """
    today, last = local_day(house, house.clock()), last_checked(house)
    if not _archived(house):
        return None
    report = None
    if last is None or last.day < today:
        report = _recorded(house, _swept(house, today, last, everything=False), everything=False)
    house.securing.once_on(house, today)
    return report


def check_fixity(house: Installation, *, everything: bool = False) -> FixityReport:
    """List the whole store, read what is due (or ``everything``), record what was found and raise the alarm.

    The first sweep of a day is the day's: it is recorded once, and found again by repeating it. Reading everything is
    a sweep of its own each time. Raises :class:`StoreUnavailable` where the store does not answer.
    """
    today, last = local_day(house, house.clock()), last_checked(house)
    if not everything and last is not None and last.day >= today:
        return read_report(house, last.report)
    return _recorded(house, _swept(house, today, last, everything=everything), everything=everything)


def last_checked(house: Installation) -> ev.FixityChecked | None:
    """Return the newest sweep, as it was recorded."""
    for recorded in reversed(house.ledger.installation_entries()):
        if isinstance(recorded.entry.event, ev.FixityChecked):
            return recorded.entry.event
    return None


def read_report(house: Installation, digest: Digest) -> FixityReport:
    """Return a recorded report."""
    return FixityReport.model_validate_json(house.store.get(working_key(INSTALLATION, digest, "json")))


def standing(house: Installation) -> tuple[bool, str]:
    """Return whether the newest sweep was in time and found nothing wrong, and what it saw."""
    last, archived = last_checked(house), _archived(house)
    if last is not None and last.faults:
        return False, f"{_counted(last.faults)} on {last.day}; name them: convenio archive fixity"
    if archived:
        since = last.day if last is not None else _first_deposit(house, archived)
        if local_day(house, house.clock()) - since > LATE:
            ever = "" if last is not None else " ever, with deposits"
            return False, f"no sweep{ever} since {since}; is the runner up? Start it: convenio up"
    if last is None:
        return True, "no sweep yet; the first one follows the first deposit"
    return True, f"nothing wrong on {last.day}: {last.listed} versions listed, {last.read} read whole"


def _archived(house: Installation) -> list[AgreementId]:
    return [row.id for row in house.register.rows() if row.stage is Stage.ARCHIVED]


def _first_deposit(house: Installation, archived: Iterable[AgreementId]) -> date:
    """Return the day of the first deposit of ``archived``, at least one."""
    entries = (recorded.entry for agreement in archived for recorded in house.ledger.entries(agreement))
    return local_day(house, min(entry.occurred_at for entry in entries if isinstance(entry.event, ev.Deposited)))


def told(fault: Fault) -> str:
    """Return one fault as a line for a person."""
    where = f"{fault.key}, version {fault.version}" if fault.version else fault.key
    got = f"; got {fault.got}" if fault.got else ""
    expected = f"; expected {fault.expected}" if fault.expected else ""
    return f"{fault.damage}: {where}{got}{expected}"


def _swept(house: Installation, today: date, last: ev.FixityChecked | None, *, everything: bool) -> FixityReport:
    deposits, named, records = _expected(house, today if last is None else min(today, last.day))
    due = due_on(today, last.day if last else None, house.settings.fixity_days)
    return sweep(
        house.store,
        deposits=deposits,
        named=named,
        naming=records,
        due=(lambda _: True) if everything else due,
        day=today,
    )


def _recorded(house: Installation, report: FixityReport, *, everything: bool) -> FixityReport:
    """Record the report, or find the one another run recorded meanwhile, and raise the alarm."""
    content = canonical_json(report.model_dump(mode="json"))
    event = ev.FixityChecked(
        day=report.day,
        listed=report.listed,
        read=report.read,
        read_bytes=report.read_bytes,
        faults=len(report.faults),
        report=keep(house, INSTALLATION, content, "json"),
    )
    op_id = op_id_of("fixity checked", report.day.isoformat(), event.report if everything else "")
    with house.ledger.transaction() as tx:
        first = tx.find(op_id)
        if first is None:
            tx.append_installation(op_id, house.clock(), SYSTEM, event)
    if first is not None and isinstance(first.entry.event, ev.FixityChecked):
        report = read_report(house, first.entry.event.report)
    if report.faults:
        _alarm(house, report)
    return report


def _expected(house: Installation, secured_on: date) -> tuple[list[Deposit], set[Place], set[Place]]:
    """Return all deposits, the places of all other objects the ledger names, and which of these name further files.

    What was disposed of is left out. ``secured_on`` is when locks were last moved on: the day's own move comes after
    the sweep.
    """
    deposits, named, records = [], set(), set()
    for row in house.register.rows():
        entries = house.ledger.entries(row.id)
        if row.stage is Stage.DISPOSED:
            entries = entries[-1:]
        named |= {place for recorded in entries for place in named_by(recorded.entry)}
        records |= {place for recorded in entries for place in naming(recorded.entry)}
        if row.stage is Stage.ARCHIVED:
            state = house.ledger.state(row.id)
            until = lock_end(house, state.retention_until, secured_on)
            deposits += [Deposit(receipt, until, state.held) for receipt in state.deposits]
    named |= {place for recorded in house.ledger.installation_entries() for place in named_by(recorded.entry)}
    return deposits, named, records


def _alarm(house: Installation, report: FixityReport) -> None:
    body = "\n".join(
        [
            f"The fixity sweep of {report.day} found {_counted(len(report.faults))}.",
            "The versions that were deposited are read by their VersionId and are not affected by what lies over them.",
            "",
            *(told(fault) for fault in report.faults[:FAULTS_MAILED]),
            *([f"and {len(report.faults) - FAULTS_MAILED} more"] if len(report.faults) > FAULTS_MAILED else []),
            "",
            f"How the archive is:\n  {house.settings.portal_address}/administration",
            "Every fault, on the command line:\n  convenio archive fixity",
        ]
    )
    found = digest_of(canonical_json([fault.model_dump(mode="json") for fault in report.faults]))[:12]
    told_of_it = house.people.everyone(role=Role.ADMINISTRATOR)
    if not told_of_it:
        LOG.error("%s in the archive, and no administrator to tell: managers are told", _counted(len(report.faults)))
        told_of_it = house.people.everyone(role=Role.MANAGER)
    for person in told_of_it:
        house.mail.send(
            f"fixity-{report.day}-{found}-{person.handle}",
            to=person.email,
            subject=f"ALARM: {_counted(len(report.faults))} in the archive",
            body=body,
            now=house.clock(),
        )


def _counted(faults: int) -> str:
    return "1 fault" if faults == 1 else f"{faults} faults"
