"""Homes nothing may be done in yet: a restore that has not ended, or a published ledger whose database is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flows.files import make_home, write_new
from schemas.errors import Refused

if TYPE_CHECKING:
    from flows.wiring import Installation

MARK = "restoring"
"""Lies in a home from the first step of a restore until it has ended well."""

DATABASE, LEDGER_KEY = "convenio.sqlite", "keys/ledger.pem"


@contextmanager
def restoring(home: Path) -> Iterator[None]:
    """Keep everything else out of a new home until the block ends well; whatever breaks it off leaves it marked.

    A home that was in use before is not marked: a restore that is refused there changes nothing.
    """
    make_home(home)
    if not any((home / name).exists() for name in (DATABASE, LEDGER_KEY)):
        write_new(home / MARK, b"A restore began here and has not ended.\n", private=True, same_is_fine=True)
    yield
    (home / MARK).unlink(missing_ok=True)


def require_whole(house: Installation) -> None:
    """Raise :class:`Refused` where a restore has not ended, or the database of a published ledger is gone.

    Raises :class:`Unavailable` where the database is gone and the log does not answer.
    """
    home = house.home
    if (home / MARK).exists():
        raise Refused(
            "a restore into this home began and has not ended",
            where=str(home),
            expected="a restore that succeeded",
            remedy="put the published log and the objects in their place, and repeat it: convenio restore BACKUP",
        )
    if house.settings.database_url is None and home.is_dir() and not (home / DATABASE).exists() and _published(house):
        raise Refused(
            "the database of this home is gone, and its ledger was published",
            where=str(home / DATABASE),
            got=f"a published log in {house.log_store.name}, and no database",
            expected="the database it was published from",
            remedy="bring it back: convenio restore BACKUP, or without names "
            "convenio ledger restore --from-log --keys FILE",
        )


def _published(house: Installation) -> bool:
    from archive.log_store import CHECKPOINT  # noqa: PLC0415  # a home with a database needs no log here

    # a bucket is asked only where this home had a ledger: any new home may name it
    in_home = house.settings.archive_place is None
    return (in_home or (house.home / LEDGER_KEY).exists()) and house.log_store.get(CHECKPOINT) is not None
