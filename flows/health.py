"""Whether the installation is well, part by part, each by trying it."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException

from flows.wiring import Installation
from schemas.errors import ConvenioError
from schemas.evidence import Evidence, Instant

LITTLE_SPACE_BYTES = 512 * 1024 * 1024

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
    """Look at ledger, store, Prefect server and disk; never raises."""
    parts = (
        _tried(
            "Ledger",
            lambda: (True, f"{house.ledger.size} entries, {len(house.register.rows())} agreements"),
        ),
        _tried("Object store", lambda: _store(house)),
        _tried("Prefect server", lambda: _prefect(house.settings.prefect_port)),
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
    return Part(name=name, well=well, seen=seen)


def _store(house: Installation) -> tuple[bool, str]:
    house.store.stat(NEVER_STORED)
    return True, f"answers; {house.store.capabilities.promise}"


def _prefect(port: int) -> tuple[bool, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2) as answer:  # loopback
            return answer.status == 200, f"answers on 127.0.0.1:{port}"
    except urllib.error.HTTPError as error:
        # an unauthorised answer still comes from a living server
        return error.code in {401, 403}, f"answers on 127.0.0.1:{port}"
    except (urllib.error.URLError, HTTPException, OSError):
        return False, f"does not answer on 127.0.0.1:{port}; start it with: convenio up"


def _disk(house: Installation) -> tuple[bool, str]:
    free = shutil.disk_usage(house.home).free
    return free > LITTLE_SPACE_BYTES, f"{free / 1e9:.1f} GB free"
