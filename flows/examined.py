"""What long examinations found last, kept until the next one of the same.

::

    home/cache/examined/<name>.json     of an agreement by its id, or of the ledger; made anew at any time

What was found of an agreement may name people, as its documents do: it goes when the agreement is disposed of, and all
of it when anybody is erased.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from flows.files import replace_file
from flows.verification import Verified
from schemas.errors import Unavailable
from schemas.evidence import Evidence, Instant, VerificationReport

if TYPE_CHECKING:
    from flows.wiring import Installation

LOG = logging.getLogger("convenio.examined")


class Examined(Evidence):
    """What an examination came to: a dossier verified, the ledger checked, or why it broke off.

    ``counter`` is that of the agreement's last entry before it began: later entries were not examined.
    """

    begun_at: Instant
    ended_at: Instant
    counter: int | None = None
    verified: Verified | None = None
    checked: VerificationReport | None = None
    refused: str | None = None


def examined(house: Installation, name: str) -> Examined | None:
    """Return what was found last under ``name``; ``None`` where nothing was examined yet."""
    try:
        return Examined.model_validate_json(_kept(house, name).read_bytes())
    except (OSError, ValidationError):
        return None


def keep_examined(house: Installation, name: str, found: Examined) -> None:
    """Put what was found in place of what was found before, whole."""
    try:
        replace_file(_kept(house, name), found.model_dump_json().encode())
    except Unavailable as error:
        LOG.error("what an examination found cannot be kept: %s", error)  # noqa: TRY400  # expected


def forget_examined(house: Installation, name: str | None = None) -> None:
    """Destroy what was found under one name, or everything."""
    if name is None:
        shutil.rmtree(_folder(house), ignore_errors=True)
    else:
        _kept(house, name).unlink(missing_ok=True)


def _folder(house: Installation) -> Path:
    return house.home / "cache" / "examined"


def _kept(house: Installation, name: str) -> Path:
    return _folder(house) / f"{name}.json"
