"""Which messages in the mail folder say something of a person or an agreement, and removing them.

What a message is about is known by its file's name, never by searching its text for words that others may use too.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from email import policy
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path

from flows.mail import MailFolder
from flows.notices import PURPOSES, DelegationEvent
from flows.wiring import Installation
from schemas.errors import Unavailable
from schemas.events import Delegated, Entry, Revised
from schemas.evidence import Digest, SignatoryId
from schemas.people import Person


def mails_about(house: Installation, person: Person, fields: Collection[tuple[str, str]]) -> list[Path]:
    """Return the messages to a person, and those that tell others what the person did or what became of them.

    ``fields`` are where they sign: agreement and id.
    """
    notices = tuple(_notices_about(house, person, fields))
    paths = sorted(house.mail.folder.glob("*.eml"))
    return [path for path in paths if path.name.startswith(notices) or person.email in _recipients(path)]


def mails_of(house: Installation, agreement: str) -> list[Path]:
    """Return every message about an agreement."""
    return sorted(house.mail.folder.glob(f"{agreement}-*.eml"))


def remove(mail: Path) -> None:
    """Overwrite and unlink a message, and what is noted beside it; one that is gone already is success.

    Raises :class:`Unavailable`.
    """
    try:
        MailFolder(mail.parent).forget(mail.stem)
        mail.chmod(0o600)
        with mail.open("r+b") as file:
            file.write(bytes(mail.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        mail.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable(
            "a message could not be removed", where=mail.name, got=error.strerror, remedy="repeat what was to remove it"
        ) from error


def _notices_about(house: Installation, person: Person, fields: Collection[tuple[str, str]]) -> Iterator[str]:
    """Yield how the names of files begin whose notices name the person, or hold a remark of theirs."""
    for row in house.register.rows():
        delegates: dict[SignatoryId, Digest] = {}
        for recorded in house.ledger.entries(row.id):
            entry = recorded.entry
            if isinstance(entry.event, Delegated):
                delegates[entry.event.signatory] = entry.event.delegate
            delegate = delegates.get(entry.event.signatory) if isinstance(entry.event, DelegationEvent) else None
            purpose = PURPOSES.get(type(entry.event))
            named = person.commitment in {entry.actor.person, delegate} or any(one in fields for one in _named(entry))
            if purpose and named:
                yield f"{entry.agreement}-{purpose}-{entry.counter}-"


def _named(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield the signatories whom the notice of an entry calls by name."""
    signatory = getattr(entry.event, "signatory", None)
    if signatory is not None:
        yield entry.agreement, signatory
    if isinstance(entry.event, Revised):
        yield from ((entry.agreement, void.signatory) for void in entry.event.voids)


def _recipients(path: Path) -> set[str]:
    with path.open("rb") as file:
        headers = BytesHeaderParser(policy=policy.SMTP).parse(file)
    return {address.lower() for _, address in getaddresses([str(header) for header in headers.get_all("To", [])])}
