"""Backup: what neither the published log nor the store can give back, in one encrypted file.

::

    personal.json          people, remarks and openings (RFC 8785)
    files.json             files of the home by path: keys/, trust/ and convenio.toml, base64
    verification-keys.json the public keys, as an auditor pins them
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from archive.backup import COST, read_backup, write_backup
from archive.exact import exact_json
from archive.personal import dump_personal
from archive.transaction import op_id_of
from flows.deadline import local_day
from flows.files import write_new
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import Invalid, Refused
from schemas.evidence import VerificationKeys, canonical_json, digest_of
from schemas.people import SYSTEM

PERSONAL, FILES, KEYS = "personal.json", "files.json", "verification-keys.json"

LEDGER_KEY = "keys/ledger.pem"

KEPT = ("keys", "trust", "convenio.toml")
"""What of the home goes into a backup; everything else is in the published log or the store, or can be made anew."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as opened: dumped personal rows, files by their path in the home, and the public keys."""

    personal: bytes
    files: Mapping[PurePosixPath, bytes]
    keys: VerificationKeys


@dataclass(frozen=True, slots=True)
class MadeBackup:
    """A new backup, encrypted, and how many files and personal rows are in it."""

    content: bytes
    files: int
    rows: int


def back_up(house: Installation, passphrase: str, *, cost: int = COST) -> bytes:
    """Return the backup of an installation; see :func:`make_backup`."""
    return make_backup(house, passphrase, cost=cost).content


def make_backup(house: Installation, passphrase: str, *, cost: int = COST) -> MadeBackup:
    """Make a backup, encrypted under ``passphrase``; see :func:`archive.backup.write_backup`.

    Symbolic links are read through. Raises :class:`Refused` where a key would not be in it.
    """
    keys, personal = house.verification_keys(), dump_personal(house.engine)
    files = {name: base64.b64encode(content).decode() for name, content in _kept_files(house)}
    members = {PERSONAL: personal, FILES: canonical_json(files), KEYS: exact_json(keys)}
    content = write_backup(members, passphrase, secrets.token_bytes, cost=cost)
    return MadeBackup(content, len(files), sum(map(len, json.loads(personal).values())))


def record_backup(house: Installation, made: MadeBackup) -> bool:
    """Record a backup once it is written where it stays; return whether this call did."""
    event = ev.BackedUp(
        day=local_day(house, now := house.clock()),
        backup=digest_of(made.content),
        size_bytes=len(made.content),
        files=made.files,
        rows=made.rows,
    )
    with house.ledger.transaction() as tx:
        return not tx.append_installation(op_id_of("backed up", event.backup), now, SYSTEM, event).repeated


def open_backup(content: bytes, passphrase: str) -> Backup:
    """Return what a backup holds; raises as :func:`archive.backup.read_backup`, and :class:`Invalid`."""
    members = read_backup(content, passphrase)
    try:
        encoded = json.loads(members[FILES])
        files = {_inside(name): base64.b64decode(content, validate=True) for name, content in encoded.items()}
        return Backup(members[PERSONAL], files, VerificationKeys.model_validate_json(members[KEYS]))
    except (KeyError, AttributeError, TypeError, ValidationError, binascii.Error, ValueError) as cause:
        raise Invalid(
            "the backup opens, but does not hold what a backup holds",
            got=type(cause).__name__,
            expected=f"{PERSONAL}, {FILES} and {KEYS}",
        ) from cause


def restore_files(backup: Backup, home: Path) -> int:
    """Write the files of a backup into ``home`` and return how many; equal ones may be there.

    Raises :class:`ConflictingContent` where another file is in the place of one: keys are never replaced.
    """
    for name, content in backup.files.items():
        write_new(home / name, content, private=True, same_is_fine=True)
    return len(backup.files)


def _kept_files(house: Installation) -> Iterator[tuple[str, bytes]]:
    """Yield every file to keep with its path in the home; raises :class:`Refused` for one that is missing."""
    home, needed = house.home, {(house.home / LEDGER_KEY).resolve()}
    kind, _, seal = house.settings.seal_key.partition(":")
    if kind == "pkcs12":
        needed.add((home / seal).resolve())
    missing = []
    for path in _places(home):
        try:
            content = path.read_bytes()
        except OSError:
            missing.append(path)
            continue
        needed.discard(path.resolve())
        yield path.relative_to(home).as_posix(), content
    if missing := [*missing, *sorted(needed)]:
        raise Refused(
            "keys or settings of this installation would not be in the backup",
            where=", ".join(str(path) for path in missing),
            expected="readable files in keys/ and trust/, or symbolic links to files",
            remedy="put each file, or a symbolic link to it, into keys/",
        )


def _places(home: Path) -> Iterator[Path]:
    """Yield whatever is to be read: all but real folders, and a file of the settings only where there is one."""
    for name in KEPT:
        place = home / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                yield path


def _inside(name: str) -> PurePosixPath:
    """Return the path of a file below the home; raises ``ValueError`` for one that leads out of what is kept."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.parts[:1] not in [(kept,) for kept in KEPT]:
        raise ValueError(name)
    return path
