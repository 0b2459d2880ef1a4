"""Handing a message to a mail server (RFC 5321), in TLS where the server is asked for it."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from flows.settings import Settings
from flows.smtp_url import MailServer, parse_smtp_url
from schemas.errors import Unavailable

TIMEOUT_SECONDS = 20.0
REFUSED_FOR_GOOD = range(500, 600)
"""Replies after which sending the same again is of no use (RFC 5321 4.2.1)."""

Post = Callable[[str, str, bytes], None]
"""Hands a message over: from whom, to whom, and its bytes."""


class MailRefused(Exception):
    """The mail server refuses this message or its recipient for good; never crosses the mail folder."""


class MailDeferred(Exception):
    """The mail server does not take this message now, and others perhaps; never crosses the mail folder."""


@dataclass(frozen=True)
class PostOffice:
    """A mail server that takes messages."""

    server: MailServer

    def __call__(self, sender: str, to: str, message: bytes) -> None:
        """Hand a message over; a 2xx reply to its content makes the server responsible for it.

        Raises :class:`MailRefused` where it will never be taken, :class:`MailDeferred` where it may be later, and
        :class:`Unavailable` where the server takes nothing at all.
        """
        try:
            with self._spoken_to() as smtp:
                wide = ["BODY=8BITMIME"] if smtp.has_extn("8bitmime") else []
                smtp.sendmail(sender, [to], message, mail_options=[*wide, *_in_unicode(smtp, sender, to)])
        except smtplib.SMTPRecipientsRefused as refusal:
            [(code, _)] = refusal.recipients.values()
            raise _judged(code) from refusal
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
            raise _judged(refusal.smtp_code) from refusal
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable(
                "the mail server does not take messages now",
                where=f"{self.server.host}:{self.server.port}",
                got=type(error).__name__,
                remedy="it is tried again by itself; if it stays so, look at CONVENIO_SMTP_URL",
            ) from error

    def _spoken_to(self) -> smtplib.SMTP:
        host, port = self.server.host, self.server.port
        context = ssl.create_default_context()
        if self.server.tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        try:
            if self.server.starttls:
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if self.server.user is not None and self.server.password is not None:
                smtp.login(self.server.user, self.server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def post_office(settings: Settings) -> PostOffice | None:
    """Return the mail server that is set, or ``None`` where messages stay in the folder."""
    return None if settings.smtp_url is None else PostOffice(parse_smtp_url(settings.smtp_url.get_secret_value()))


def _judged(code: int) -> MailRefused | MailDeferred:
    if code in REFUSED_FOR_GOOD:
        return MailRefused(f"the mail server refuses it with reply {code}")
    return MailDeferred(f"the mail server puts it off with reply {code}")


def _in_unicode(smtp: smtplib.SMTP, *addresses: str) -> list[str]:
    """Ask for addresses beyond ASCII to be taken as they are (RFC 6531), where there are any."""
    if all(address.isascii() for address in addresses):
        return []
    if not smtp.has_extn("smtputf8"):
        raise MailRefused("the mail server takes no address beyond ASCII")
    return ["SMTPUTF8"]
