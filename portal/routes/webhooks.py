"""Webhooks: which programs are told of what happens to agreements, and whether they took it."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows import commands
from flows.webhooks import KINDS, MOST_WEBHOOKS, PATIENCE
from portal.faults import by_field
from portal.forms import Posted
from portal.refusals import status_of
from portal.visit import Administrator, Visit
from schemas.errors import ConvenioError, InputError, Refused
from schemas.webhook import Webhook

router = APIRouter()

WEBHOOKS = "/administration/webhooks"
SHOWN = 50


@router.get("/administration/webhooks")
def every(visit: Administrator) -> Response:
    """List the webhooks, and offer to register another one."""
    return _every(visit)


@router.post("/administration/webhooks")
def register(visit: Administrator, form: Posted) -> Response:
    """Register a webhook, and show its secret this once."""
    url, kinds = form.text("url"), form.texts("kinds")
    try:
        webhook, secret = commands.register_webhook(visit.house, url, kinds=kinds, by=visit.who.email)
    except (InputError, Refused) as error:
        return _every(visit, url=url, kinds=kinds, error=error)
    # shown in the answer itself: an address or a cookie would keep it
    return visit.show("administration_webhook_made.html", status=201, webhook=webhook, secret=secret)


@router.get("/administration/webhooks/{webhook}")
def one(visit: Administrator, webhook: str) -> Response:
    """Show a webhook and its newest deliveries."""
    found = _known(visit, webhook)
    return visit.show(
        "administration_webhook.html",
        webhook=found,
        counts=visit.house.webhooks.counts(webhook),
        deliveries=visit.house.webhooks.deliveries(webhook, limit=SHOWN),
        patience_days=PATIENCE.days,
        shown=SHOWN,
    )


@router.post("/administration/webhooks/{webhook}/test")
def send_test(visit: Administrator, webhook: str, form: Posted) -> Response:  # noqa: ARG001  # from our own page only
    """Send a test message, and say what was answered."""
    _known(visit, webhook)
    answer = commands.send_test(visit.house, webhook, by=visit.who.email)
    say = visit.language.say
    notice = (
        say("The test message was taken: %(answer)s.", answer=answer.said)
        if answer.taken
        else say("The test message was not taken: %(answer)s.", answer=answer.said)
    )
    return visit.go(f"{WEBHOOKS}/{webhook}", notice=notice)


@router.get("/administration/webhooks/{webhook}/end")
def ask_to_end(visit: Administrator, webhook: str) -> Response:
    """Say what ending a webhook means."""
    return visit.show("administration_webhook_end.html", webhook=_known(visit, webhook))


@router.post("/administration/webhooks/{webhook}/end")
def end(visit: Administrator, webhook: str, form: Posted) -> Response:  # noqa: ARG001  # from our own page only
    """Tell a webhook nothing any more."""
    commands.end_webhook(visit.house, webhook, by=visit.who.email)
    return visit.go(WEBHOOKS, notice=visit.language.say("The webhook is ended. Nothing is told there any more."))


def _every(
    visit: Visit, *, url: str = "", kinds: list[str] | None = None, error: ConvenioError | None = None
) -> Response:
    webhooks = [(one, visit.house.webhooks.counts(one.id)) for one in visit.house.webhooks.every()]
    return visit.show(
        "administration_webhooks.html",
        status=status_of(error) if error else 200,
        webhooks=webhooks,
        url=url,
        chosen=kinds or (),
        kinds=KINDS,
        most=MOST_WEBHOOKS,
        error=error,
        faults=by_field(error),
    )


def _known(visit: Visit, webhook: str) -> Webhook:
    found = visit.house.webhooks.find(webhook)
    if found is None:
        raise HTTPException(404)
    return found
