"""Messages: each a file of the mail folder, written once, and handed to a mail server where one is set.

::

    mail/<key>.eml             the message; its name is made of business keys, so nobody is written to twice
    mail/outgoing/<key>        it is still to be handed over
    mail/sent/<key>            the server took it
    mail/undeliverable/<key>   the server refused it for good; holds why

The first note is written before the message and moved after the server took it: a crash between these sends a message
again under the same Message-ID, and never loses one. What was written while no server was set is never sent later.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING

from flows.files import write_new
from flows.smtp import MailDeferred, MailRefused, Post
from schemas.errors import ConflictingContent, Unavailable

if TYPE_CHECKING:
    from flows.wiring import Installation

LONGEST_LINE_BYTES = 998
"""What a line may be at most (RFC 5322 2.1.1)."""

LARGEST_SHOWN_BYTES = 256 * 1024


class Delivery(StrEnum):
    """What became of a message."""

    KEPT = "kept"
    """It lies in the folder only: no server was set when it was written."""
    SENT = "sent"
    """The mail server took it."""
    WAITING = "waiting"
    """The mail server has not taken it yet."""
    UNDELIVERABLE = "undeliverable"
    """The mail server refused it for good."""


@dataclass(frozen=True)
class MailFolder:
    """A folder of RFC 5322 messages, ``<key>.eml``; ``post`` hands them to a mail server."""

    folder: Path
    sender: str = "convenio@localhost"
    post: Post | None = None

    def send(self, key: str, *, to: str, subject: str, body: str, now: datetime) -> bool:
        """Write the message once, hand it over, and return whether this call wrote it.

        A server that does not take it now holds nothing up: what is written is handed over by the sweep. Raises
        :class:`Unavailable` where it cannot be written.
        """
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{key}@convenio.localhost>"
        message.set_content(body, cte=_encoding(body))
        path = self.folder / f"{key}.eml"
        if self.post is not None and not path.exists():
            with suppress(ConflictingContent):
                write_new(self._outgoing / key, b"", private=True)
        try:
            write_new(path, message.as_bytes(), private=True)
            wrote = True
        except ConflictingContent:
            wrote = False
        with suppress(Unavailable):
            self.hand_over(key)
        return wrote

    def hand_over(self, key: str) -> bool:
        """Hand a message to the mail server that it is still to be handed to, and return whether it is settled now.

        Raises :class:`Unavailable` where the server takes nothing.
        """
        path = self.folder / f"{key}.eml"
        if self.post is None or not path.exists():
            return False
        with self._alone(key) as mine:
            if not mine:
                return False
            content = path.read_bytes()
            to = str(BytesParser(policy=policy.SMTP).parsebytes(content, headersonly=True)["To"])
            try:
                self.post(self.sender, to, content)
                become, why = self._sent, b""
            except MailRefused as refusal:
                become, why = self._undeliverable, str(refusal).encode()
            except MailDeferred:
                return False
            with suppress(ConflictingContent):
                write_new(become / key, why, private=True)
            (self._outgoing / key).unlink(missing_ok=True)
        return True

    def hand_over_waiting(self) -> int:
        """Hand over every message that still waits for that, and return how many are settled.

        Raises :class:`Unavailable` where the server takes nothing.
        """
        return sum(self.hand_over(key) for key in self.waiting()) if self.post is not None else 0

    def waiting(self) -> list[str]:
        """Return the keys of the messages that are still to be handed over, the longest-waiting first."""
        notes = self._outgoing.glob("[!.]*")
        return [note.name for note in sorted(notes, key=lambda note: (_written(note), note.name))]

    def delivery_of(self, key: str) -> Delivery:
        """Return what became of a message."""
        if (self._undeliverable / key).exists():
            return Delivery.UNDELIVERABLE
        if (self._outgoing / key).exists():
            return Delivery.WAITING
        return Delivery.SENT if (self._sent / key).exists() else Delivery.KEPT

    def refusal_of(self, key: str) -> str | None:
        """Return why the server refused a message for good, if it did."""
        try:
            return (self._undeliverable / key).read_text(encoding="utf-8")[:200]
        except OSError:
            return None

    def forget(self, key: str) -> None:
        """Remove what is noted beside a message."""
        for folder in (self._outgoing, self._sent, self._undeliverable):
            (folder / key).unlink(missing_ok=True)

    @property
    def _outgoing(self) -> Path:
        return self.folder / "outgoing"

    @property
    def _sent(self) -> Path:
        return self.folder / "sent"

    @property
    def _undeliverable(self) -> Path:
        return self.folder / "undeliverable"

    @contextmanager
    def _alone(self, key: str) -> Iterator[bool]:
        """Hold a message's note (flock(2)), and yield whether it is there and nobody else holds it."""
        try:
            descriptor = os.open(self._outgoing / key, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            yield False
            return
        except OSError as error:
            raise Unavailable("the mail folder cannot be used", got=error.strerror) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # another may have handed it over between our opening and our locking
            yield (self._outgoing / key).exists()
        except BlockingIOError:
            yield False
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class Message:
    """One message as administrators see it. ``body`` is ``None`` where it may hold somebody's link or code."""

    key: str
    to: str
    subject: str
    at: datetime
    delivery: Delivery
    refusal: str | None = None
    body: str | None = None


def messages(house: Installation, *, limit: int = 100) -> list[Message]:
    """Return the newest messages of the mail folder, the newest first.

    Only a demonstration shows what they say: in production whoever read a link or a code there could sign with it.
    """
    shown = house.settings.env == "development"
    paths = nlargest(limit, house.mail.folder.glob("*.eml"), key=lambda path: (_written(path), path.name))
    return [_read(house.mail, path, shown=shown) for path in paths if path.exists()]


def message(house: Installation, key: str) -> Message | None:
    """Return one message by its key, if there is one."""
    path = house.mail.folder / f"{key}.eml"
    known = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,199}", key) is not None and path.is_file()
    return _read(house.mail, path, shown=house.settings.env == "development") if known else None


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _read(mail: MailFolder, path: Path, *, shown: bool) -> Message:
    with path.open("rb") as file:
        parsed = BytesParser(policy=policy.default).parsebytes(file.read(LARGEST_SHOWN_BYTES))
    body = None
    if shown:
        part = parsed.get_body(preferencelist=("plain",))
        body = "" if part is None else str(part.get_content())
    return Message(
        key=path.stem,
        to=str(parsed["To"] or ""),
        subject=str(parsed["Subject"] or ""),
        at=_date_of(parsed, path),
        delivery=mail.delivery_of(path.stem),
        refusal=mail.refusal_of(path.stem),
        body=body,
    )


def _date_of(parsed: EmailMessage, path: Path) -> datetime:
    written = getattr(parsed["Date"], "datetime", None)
    if written is None or written.tzinfo is None:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return written.astimezone(UTC)


def _encoding(body: str) -> str | None:
    """Return how a body is carried: as it stands, so that no link is broken, unless a line is too long for that."""
    return "8bit" if all(len(line.encode()) <= LONGEST_LINE_BYTES for line in body.splitlines()) else None
