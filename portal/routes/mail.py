"""The mail folder: what was written to whom and what became of it. In production the texts stay closed."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows.mail import Delivery, message, messages
from portal.visit import Administrator, Visit

router = APIRouter()

SHOWN = 100


@router.get("/administration/mail")
def folder(visit: Administrator) -> Response:
    """List the newest messages."""
    found = messages(visit.house, limit=SHOWN)
    return visit.show("administration_mail.html", messages=found, shown=SHOWN, **_words(visit))


@router.get("/administration/mail/{key}")
def one(visit: Administrator, key: str) -> Response:
    """Show one message."""
    found = message(visit.house, key)
    if found is None:
        raise HTTPException(404)
    return visit.show("administration_message.html", message=found, **_words(visit))


def _words(visit: Visit) -> dict[str, object]:
    say, settings = visit.language.say, visit.house.settings
    return {
        "deliveries": {
            Delivery.KEPT: (say("In the folder"), ""),
            Delivery.SENT: (say("✓ Sent"), "good"),
            Delivery.WAITING: (say("… Waits"), "wait"),
            Delivery.UNDELIVERABLE: (say("✗ Refused"), "bad"),
        },
        "production": settings.env == "production",
        "server": settings.smtp_url is not None,
    }
