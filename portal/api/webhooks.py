"""Webhooks, for programs of administrators: registered, tried out, ended, and what became of each delivery."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from flows import commands
from portal.api.access import ApiAdministrator
from portal.api.route import ApiRoute
from portal.api.shapes import PREFIX, READ, refusals
from portal.visit import Visit
from schemas.evidence import Instant
from schemas.webhook import Delivery, Webhook

router = APIRouter(prefix=f"{PREFIX}/webhooks", route_class=ApiRoute, tags=["webhooks"])

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="the id of a webhook")]


class NewWebhook(BaseModel):
    """Where entries are told, and which; all where no kind is named."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=500, examples=["https://tracker.example.org/convenio"])
    kinds: list[str] = Field(default=[], max_length=50, examples=[["signed", "deposited"]])


class WebhookShown(BaseModel):
    """One webhook. Its secret is shown once, where it is registered."""

    id: str
    url: str
    kinds: tuple[str, ...]
    made_at: Instant


class WebhookMade(WebhookShown):
    """A webhook that was just registered, with the secret its messages are signed with."""

    secret: str


class Tried(BaseModel):
    """Whether a test message was taken, and what was answered."""

    taken: bool
    said: str


@router.get("", responses=refusals())
def every(visit: ApiAdministrator) -> list[WebhookShown]:
    """List the webhooks, the oldest first."""
    return [_shown(one) for one in visit.house.webhooks.every()]


@router.post("", status_code=201, responses=refusals(400, 409))
def register(visit: ApiAdministrator, sent: NewWebhook, response: Response) -> WebhookMade:
    """Have entries told at an address from now on; the secret is shown in this answer only."""
    webhook, secret = commands.register_webhook(visit.house, sent.url, kinds=sent.kinds, by=visit.who.email)
    response.headers["Location"] = f"{PREFIX}/webhooks/{webhook.id}"
    return WebhookMade(secret=secret, **_shown(webhook).model_dump())


@router.get("/{webhook}", responses=READ)
def one(visit: ApiAdministrator, webhook: Id) -> WebhookShown:
    """Show one webhook."""
    return _shown(_known(visit, webhook))


@router.delete("/{webhook}", status_code=204, response_class=Response, responses=READ)
def end(visit: ApiAdministrator, webhook: Id) -> Response:
    """Tell nothing there any more."""
    _known(visit, webhook)
    commands.end_webhook(visit.house, webhook, by=visit.who.email)
    return Response(status_code=204)


@router.post("/{webhook}/tests", responses=READ | refusals(400))
def send_test(visit: ApiAdministrator, webhook: Id) -> Tried:
    """Send a message of the type ``test`` once, and say what was answered."""
    _known(visit, webhook)
    answer = commands.send_test(visit.house, webhook, by=visit.who.email)
    return Tried(taken=answer.taken, said=answer.said)


@router.get("/{webhook}/deliveries", responses=READ)
def deliveries(visit: ApiAdministrator, webhook: Id, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[Delivery]:
    """List the newest deliveries, those tried last first."""
    _known(visit, webhook)
    return list(visit.house.webhooks.deliveries(webhook, limit=limit))


def _known(visit: Visit, webhook: str) -> Webhook:
    found = visit.house.webhooks.find(webhook)
    if found is None:
        raise HTTPException(404)
    return found


def _shown(webhook: Webhook) -> WebhookShown:
    return WebhookShown(id=webhook.id, url=webhook.url, kinds=webhook.kinds, made_at=webhook.made_at)
