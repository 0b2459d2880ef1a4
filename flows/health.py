"""Whether the installation is well, part by part, each by trying it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPException

from archive.checkpoint import open_checkpoint
from archive.log_store import CHECKPOINT, token_path
from flows import fixity, object_store, readiness
from flows.failures import standing_failures
from flows.server import LOOPBACK, PrefectPlace, answers
from flows.wiring import Installation
from schemas.errors import ConvenioError
from schemas.events import RestoreDrilled
from schemas.evidence import Evidence, Instant

LITTLE_SPACE_BYTES = 512 * 1024 * 1024

LONG_WAIT = timedelta(seconds=60)
"""A runner that is up starts what waits within a second."""

FAILURES_SHOWN = 5

NEVER_STORED = "health/nothing-is-stored-here"
"""A key to ask the store for: its answer, that nothing lies there, takes the whole way to it."""


class Part(Evidence):
    """One part, whether it is well, and what was seen."""

    name: str
    well: bool
    seen: str


class Health(Evidence):
    """All parts at one instant."""

    at: Instant
    parts: tuple[Part, ...]

    @property
    def well(self) -> bool:
        """Whether every part is."""
        return all(part.well for part in self.parts)


def health(house: Installation) -> Health:
    """Look at ledger, log, store, fixity, keys, drills, Prefect server, runner, stages and disk; never raises."""
    parts = (
        _tried(
            "Ledger",
            lambda: (True, f"{house.ledger.size} entries, {len(house.register.rows())} agreements"),
        ),
        _tried("Published log", lambda: _published(house)),
        _tried("Object store", lambda: _store(house)),
        _tried("Fixity", lambda: fixity.standing(house)),
        _tried("Seal and roots", lambda: readiness.lives(house)),
        _tried("Restore drill", lambda: _drill(house)),
        _tried("Prefect server", lambda: _prefect(PrefectPlace(house.home, house.settings.prefect_port))),
        _tried("Runner", lambda: _runner(house)),
        _tried("Stages", lambda: _stages(house)),
        _tried("Disk", lambda: _disk(house)),
    )
    return Health(at=house.clock(), parts=parts)


def _tried(name: str, look: Callable[[], tuple[bool, str]]) -> Part:
    try:
        well, seen = look()
    except ConvenioError as error:
        well, seen = False, error.what
    except OSError as error:
        well, seen = False, error.strerror or type(error).__name__
    except Exception as error:  # noqa: BLE001  # whoever asks how we are gets an answer
        well, seen = False, f"unexpected fault: {type(error).__name__}"
    return Part(name=name, well=well, seen=seen)


def _store(house: Installation) -> tuple[bool, str]:
    house.store.stat(NEVER_STORED)
    well, seen = object_store.standing(house.settings, house.store)
    return well, f"answers; {seen}"


def _published(house: Installation) -> tuple[bool, str]:
    note = house.log_store.get(CHECKPOINT)
    if note is None:
        return not house.ledger.size, "nothing is published yet"
    shown = open_checkpoint(note.decode(errors="replace"), house.checkpoint_key.verifier_key).tree_size
    size = house.ledger.size
    if shown > size:
        return False, f"it covers {shown} entries, the database has {size}: stop, and see convenio ledger check"
    if house.log_store.get(token_path(shown)) is None:
        return False, f"covers {shown} of {size} entries, without a timestamp: it is asked for again"
    return True, f"covers {shown} of {size} entries"


def _drill(house: Installation) -> tuple[bool, str]:
    events = [recorded.entry.event for recorded in house.ledger.installation_entries()]
    last = next((event for event in reversed(events) if isinstance(event, RestoreDrilled)), None)
    if last is None:
        return True, "none yet; try one: convenio ledger drill BACKUP"
    return last.equal, f"{'equal' if last.equal else 'NOT equal'} on {last.day}, {last.leaves} entries"


def _prefect(place: PrefectPlace) -> tuple[bool, str]:
    where = f"{LOOPBACK}:{place.port}"
    try:
        ours = answers(place)
    except (HTTPException, OSError):
        ours = False
    if not ours:
        return False, f"no server of this home answers on {where}; start it with: convenio up"
    return True, f"answers on {where}"


def _runner(house: Installation) -> tuple[bool, str]:
    oldest, count = house.outbox.waiting(house.clock() - LONG_WAIT)
    if oldest is None:
        return True, "no stage waits to be started"
    stages = "1 stage waits" if count == 1 else f"{count} stages wait"
    return False, f"{stages} since {oldest.created_at:%Y-%m-%d %H:%M:%S} UTC; is the runner up? Start it: convenio up"


def _stages(house: Installation) -> tuple[bool, str]:
    failed = standing_failures(house)
    refused = [f"{row.agreement}, {row.stage}: {row.failure}" for row in failed if not row.retry]
    passing = len(failed) - len(refused)
    if refused:
        more = [f"and {len(refused) - FAILURES_SHOWN} more"] if len(refused) > FAILURES_SHOWN else []
        return False, "a person is needed for " + "; ".join(refused[:FAILURES_SHOWN] + more)
    return True, "none waits for a person to mend it" + (f"; {passing} failed and tried again" if passing else "")


def _disk(house: Installation) -> tuple[bool, str]:
    free = shutil.disk_usage(house.home).free
    return free > LITTLE_SPACE_BYTES, f"{free / 1e9:.1f} GB free"
