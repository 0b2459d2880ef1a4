"""Whether the installation is well, part by part, each by trying it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from archive.checkpoint import open_checkpoint
from archive.log_store import CHECKPOINT, token_path
from flows import fixity, object_store, readiness
from flows.failures import standing_failures
from flows.mail_tally import tally
from flows.proof import last_proof
from flows.server import LOOPBACK, PrefectPlace, answers
from flows.wiring import Installation
from schemas.errors import ConvenioError
from schemas.events import BackedUp, Event, FixityChecked, RestoreDrilled
from schemas.evidence import Evidence, Instant, Verdict

LITTLE_SPACE_BYTES = 512 * 1024 * 1024

LONG_WAIT = timedelta(seconds=60)
"""A runner that is up starts what waits within a second."""

LONG_WITHOUT_BACKUP = timedelta(days=30)

KEPT_FOR = timedelta(seconds=30)
"""How long an answer is good enough for whoever need not know the very present."""

LONGEST_LOOK = timedelta(seconds=60)
"""After so long a look is taken to hang, and what was found before it is worth nothing any more."""

FAILURES_SHOWN = 5

NEVER_STORED = "health/nothing-is-stored-here"
"""A key to ask the store for: its answer, that nothing lies there, takes the whole way to it."""

START = "start it: convenio up"


class Part(Evidence):
    """One part, whether it is well, what was seen, since when (where that is known), and what to do."""

    name: str
    well: bool
    seen: str
    since: Instant | None = None
    remedy: str = ""


class Health(Evidence):
    """All parts at one instant."""

    at: Instant
    parts: tuple[Part, ...]

    @property
    def well(self) -> bool:
        """Whether every part is."""
        return all(part.well for part in self.parts)


class Seen(NamedTuple):
    """What a look at one part found; ``since`` is when it became so, or was last seen or done."""

    well: bool
    what: str
    since: datetime | None = None
    remedy: str = ""


class HealthWatch:
    """Remembers what was found last; one looks at a time, however many ask, and nobody waits for ever."""

    def __init__(self) -> None:
        self._last: Health | None = None
        self._begun: datetime | None = None
        self._looking = Lock()

    def recent(self, house: Installation) -> Health:
        """Return what was found within the last 30 seconds; while somebody looks, what was found before that.

        A look that goes on for a minute is not well.
        """
        last, begun, now = self._last, self._begun, house.clock()
        if last is not None and begun is not None and now - begun < LONGEST_LOOK:
            return last
        return self._found_after(now - KEPT_FOR, house)

    def now(self, house: Installation) -> Health:
        """Look, once nobody else does, and return what is found; not well where that takes longer than a minute."""
        return self._found_after(house.clock(), house)

    def _found_after(self, instant: datetime, house: Installation) -> Health:
        """Return what somebody found who began to look after ``instant``, be it oneself."""
        begun, now = self._begun, house.clock()
        rest = LONGEST_LOOK - (now - begun) if begun is not None else LONGEST_LOOK
        if not self._looking.acquire(timeout=max(rest.total_seconds(), 0)):
            unended = _unwell(
                "the last look has not ended", begun, "see what does not answer, and start the portal again"
            )
            return Health(at=now, parts=(_part("Health", unended),))
        try:
            last = self._last
            if last is None or last.at <= instant:
                self._begun = house.clock()
                last = self._last = health(house)
            return last
        finally:
            self._begun = None
            self._looking.release()


def health(house: Installation) -> Health:
    """Look at every part, from the ledger to the disk; never raises."""
    looks: dict[str, Callable[[], Seen]] = {
        "Ledger": lambda: _well(f"entries: {house.ledger.size}, agreements: {house.register.count()}"),
        "Published log": lambda: _published(house),
        "Proof of the ledger": lambda: _proof(house),
        "Object store": lambda: _store(house),
        "Fixity": lambda: _fixity(house),
        "Seal and roots": lambda: Seen(*readiness.lives(house)),
        "Timestamp authority": lambda: _authority(house),
        "Backup": lambda: _backup(house),
        "Restore drill": lambda: _drill(house),
        "Mail": lambda: _mail(house),
        "Prefect server": lambda: _prefect(PrefectPlace(house.home, house.settings.prefect_port)),
        "Runner": lambda: _runner(house),
        "Stages": lambda: _stages(house),
        "Disk": lambda: _disk(house.home),
    }
    return Health(at=house.clock(), parts=tuple(_tried(name, look) for name, look in looks.items()))


def _well(what: str, since: datetime | None = None, remedy: str = "") -> Seen:
    return Seen(well=True, what=what, since=since, remedy=remedy)


def _unwell(what: str, since: datetime | None = None, remedy: str = "") -> Seen:
    return Seen(well=False, what=what, since=since, remedy=remedy)


def _tried(name: str, look: Callable[[], Seen]) -> Part:
    try:
        seen = look()
    except ConvenioError as error:
        seen = _unwell(error.what, remedy=error.remedy or "")
    except OSError as error:
        seen = _unwell(error.strerror or type(error).__name__)
    except Exception as error:  # noqa: BLE001  # whoever asks how we are gets an answer
        seen = _unwell(f"unexpected fault: {type(error).__name__}", remedy="the portal's log says more")
    return _part(name, seen)


def _part(name: str, seen: Seen) -> Part:
    return Part(name=name, well=seen.well, seen=seen.what, since=seen.since, remedy=seen.remedy)


def _store(house: Installation) -> Seen:
    house.store.stat(NEVER_STORED)
    well, seen = object_store.standing(house.settings, house.store)
    return Seen(well, f"answers; {seen}")


def _published(house: Installation) -> Seen:
    note = house.log_store.get(CHECKPOINT)
    if note is None:
        return Seen(not house.ledger.size, "nothing is published yet")
    shown = open_checkpoint(note.decode(errors="replace"), house.verifier_key).tree_size
    size = house.ledger.size
    if shown > size:
        behind = f"the database is {shown - size} entries behind it ({size} of {shown}): see convenio ledger check"
        return _unwell(behind, remedy="restore the database from a newer backup: convenio restore")
    if house.log_store.get(token_path(shown)) is None:
        return _unwell(f"covers {shown} of {size} entries, without a timestamp: it is asked for again")
    return _well(f"covers {shown} of {size} entries")


def _proof(house: Installation) -> Seen:
    last = last_proof(house)
    if last is None:
        return _well("not proved yet: auditors do, and convenio ledger check")
    if last.verdict is Verdict.INVALID:
        return _unwell("failed", last.at, "see what failed, mend it, and prove it again: convenio ledger check")
    if last.verdict is Verdict.INDETERMINATE:
        return _well("nothing contradicted, not everything could be proved", last.at)
    return _well("everything held", last.at)


def _fixity(house: Installation) -> Seen:
    well, seen = fixity.standing(house)
    since, _ = _last(house, FixityChecked)
    return Seen(well, seen, since, "" if well else "look at every fault: convenio archive fixity")


def _authority(house: Installation) -> Seen:
    answer = house.authority.look(house)
    which = "the demonstration authority" if house.settings.tsa_url is None else "the authority of the settings"
    if answer.fault is None:
        return _well(f"{which} answers", answer.asked_at)
    nothing = "nothing is sealed or signed until it does"
    return _unwell(f"{which}: {answer.fault}; {nothing}", answer.answered_at, "ask who runs it (CONVENIO_TSA_URL)")


def _backup(house: Installation) -> Seen:
    since, last = _last(house, BackedUp)
    how = "make one, and keep it elsewhere: convenio backup -o FILE"
    if since is None or not isinstance(last, BackedUp):
        first = house.keeping.first_archived()
        late = first is not None and house.clock() - first > LONG_WITHOUT_BACKUP
        days = LONG_WITHOUT_BACKUP.days
        return Seen(not late, f"none yet; one is needed within {days} days of the first archived document", remedy=how)
    late = house.clock() - since > LONG_WITHOUT_BACKUP
    seen = f"on {last.day}: {last.files} files, {last.rows} rows of personal data"
    return Seen(not late, seen, since, how if late else "")


def _drill(house: Installation) -> Seen:
    since, last = _last(house, RestoreDrilled)
    if not isinstance(last, RestoreDrilled):
        return _well("none yet", remedy="try one: convenio ledger drill BACKUP")
    seen = f"{'equal' if last.equal else 'NOT equal'} on {last.day}, {last.leaves} entries"
    return Seen(last.equal, seen, since, "" if last.equal else "read the report of the drill, and take a new backup")


def _mail(house: Installation) -> Seen:
    found = tally(house)
    if house.settings.smtp_url is None:
        kept = f"{found.written.count} messages lie in the mail folder; no mail server is set"
        return _well(kept, found.written.last)
    oldest = found.waiting.first
    if oldest is not None and house.clock() - oldest > LONG_WAIT:
        waiting = f"{found.waiting.count} messages wait for the mail server"
        return _unwell(waiting, oldest, "see whether the server is up, and CONVENIO_SMTP_URL")
    if found.refused.count:
        refused = f"the mail server refused {found.refused.count} messages for good"
        return _unwell(refused, found.refused.last, "see which and why under Mail, and mend the addresses")
    return _well(f"the mail server took {found.sent.count} messages", found.sent.last)


def _prefect(place: PrefectPlace) -> Seen:
    where = f"{LOOPBACK}:{place.port}"
    try:
        ours = answers(place)
    except (HTTPException, OSError):
        ours = False
    if not ours:
        return _unwell(f"no server of this home answers on {where}", remedy=START)
    return _well(f"answers on {where}")


def _runner(house: Installation) -> Seen:
    oldest, count = house.outbox.waiting(house.clock() - LONG_WAIT)
    if oldest is None:
        return _well("no stage waits to be started")
    stages = "1 stage waits" if count == 1 else f"{count} stages wait"
    return _unwell(f"{stages} to be started; is the runner up?", oldest.created_at, START)


def _stages(house: Installation) -> Seen:
    failed = standing_failures(house)
    refused = [row for row in failed if not row.retry]
    passing = len(failed) - len(refused)
    if refused:
        told = [f"{row.agreement}, {row.stage}: {row.failure}" for row in refused[:FAILURES_SHOWN]]
        more = [f"and {len(refused) - FAILURES_SHOWN} more"] if len(refused) > FAILURES_SHOWN else []
        since = min((row.failed_at for row in refused if row.failed_at), default=None)
        needed = "; ".join(told + more)
        return _unwell(f"a person is needed for {needed}", since, "mend what it says, then try again")
    return _well("none waits for a person to mend it" + (f"; {passing} failed and tried again" if passing else ""))


def _disk(home: Path) -> Seen:
    free = shutil.disk_usage(home).free
    enough = free > LITTLE_SPACE_BYTES
    return Seen(enough, f"{free / 1e9:.1f} GB free", remedy="" if enough else "make room: nothing can be stored soon")


def _last(house: Installation, kind: type[Event]) -> tuple[datetime | None, Event | None]:
    """Return the newest event of a kind about the installation, and when it occurred."""
    for recorded in reversed(house.stream.entries()):
        if isinstance(recorded.entry.event, kind):
            return recorded.entry.occurred_at, recorded.entry.event
    return None, None
