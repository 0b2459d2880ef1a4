"""Long examinations that auditors ask for: done beside the request, one of each at a time.

A process that ends takes those under way with it; what was found before stays, and the next one finds it anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

from flows.dossiers import dossier_of
from flows.examined import Examined, keep_examined
from flows.proof import prove_ledger
from flows.verification_apart import verify_apart
from schemas.errors import ConvenioError
from schemas.evidence import AgreementId

if TYPE_CHECKING:
    from flows.wiring import Installation

LOG = logging.getLogger("convenio.examinations")

LEDGER = "ledger"
"""The name under which the ledger is examined; agreements are by their ids."""

PATIENCE_SECONDS = 20.0
"""How long somebody who asks waits for the end before they are told that it takes longer."""

_lock = Lock()
_under_way: dict[tuple[Path, str], Thread] = {}


def examine_agreement(house: Installation, agreement: AgreementId, *, patience: float = PATIENCE_SECONDS) -> None:
    """Begin to verify the dossier that an agreement has now; return when that ended, or takes longer.

    Raises :class:`Refused` where the agreement is not archived, and what else :func:`flows.dossiers.dossier_of` raises.
    """
    counter = house.ledger.state(agreement).counter
    dossier, keys = dossier_of(house, agreement), house.verification_keys()
    begun = house.clock()

    def verify() -> Examined:
        found = verify_apart(dossier, keys, pinned=True, now=begun)
        return Examined(begun_at=begun, ended_at=house.clock(), counter=counter, verified=found)

    _begin(house, agreement, verify, patience)


def examine_ledger(house: Installation, *, patience: float = PATIENCE_SECONDS) -> None:
    """Begin to prove ledger and store again; return when that ended, or takes longer."""
    begun = house.clock()

    def check() -> Examined:
        return Examined(begun_at=begun, checked=prove_ledger(house), ended_at=house.clock())

    _begin(house, LEDGER, check, patience)


def is_under_way(house: Installation, name: str) -> bool:
    """Whether an agreement, or the ledger, is being examined."""
    with _lock:
        return (house.home, name) in _under_way


def _begin(house: Installation, name: str, act: Callable[[], Examined], patience: float) -> None:
    key = (house.home, name)
    with _lock:
        thread = _under_way.get(key)
        if thread is None:
            thread = _under_way[key] = Thread(target=_run, args=(house, key, act), name=f"examine {name}", daemon=True)
            thread.start()
    thread.join(patience)


def _run(house: Installation, key: tuple[Path, str], act: Callable[[], Examined]) -> None:
    begun = house.clock()
    try:
        try:
            found = act()
        except ConvenioError as error:
            found = Examined(begun_at=begun, ended_at=house.clock(), refused=error.what)
        except Exception:
            LOG.exception("an examination broke off")
            found = Examined(begun_at=begun, ended_at=house.clock(), refused="it broke off; the portal's log says why")
        keep_examined(house, key[1], found)
    finally:
        with _lock:
            _under_way.pop(key, None)
