"""The local mail folder: each message a file, written once.

A message's name is made from business keys, so that a stage that is repeated does not write to anybody twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from flows.files import write_new
from schemas.errors import ConflictingContent


@dataclass(frozen=True)
class MailFolder:
    """A folder of RFC 5322 messages, ``<key>.eml``."""

    folder: Path
    sender: str = "convenio@localhost"

    def send(self, key: str, *, to: str, subject: str, body: str, now: datetime) -> bool:
        """Write the message once and return whether this call did; raise :class:`Unavailable` where it cannot be."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{key}@convenio.localhost>"
        message.set_content(body)
        try:
            write_new(self.folder / f"{key}.eml", message.as_bytes(), private=True)
        except ConflictingContent:
            return False
        return True
