"""Webhooks: whoever administers the installation has programs told of what happens to agreements.

::

    an entry is appended ──> outbox: webhook, agreement, counter ──> sent to every webhook that wants it
                                      ^                                   │ not taken
                                      └── sweep: later and later ─────────┘ ── after three days: given up, visibly

Sent at least once, recorded exactly once; a receiver tells messages apart by ``id``.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from archive.transaction import op_id_of
from flows.accounts import portal_secret
from flows.act import acting, as_actor
from flows.stage import Outcome
from flows.webhook_post import Answer, address_of, post
from flows.wiring import Installation
from schemas import events as ev
from schemas.errors import Fault, InputError, Invalid, Refused
from schemas.events import Covered, Entry
from schemas.evidence import AgreementId, Digest, canonical_json, digest_of
from schemas.installation_events import WebhookAct, WebhookChanged
from schemas.lifecycle import fold
from schemas.people import Role
from schemas.state import Stage
from schemas.webhook import Delivery, DeliveryState, Told, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.fernet import Fernet

PATIENCE = timedelta(days=3)
"""How long a receiver may be away."""

MOST_WEBHOOKS = 20

KINDS = (
    "requested", "revised", "edited", "drafted", "approved", "returned", "rejected", "prepared", "invited", "signed",
    "delegated", "delegation confirmed", "delegation revoked", "concluded", "deposited", "renewed", "balance paid",
    "retention extended", "hold placed", "hold released", "disposal proposed", "disposed", "lapsed", "extended",
    "withdrawn", "declined",
)  # fmt: skip
"""Types of the entries that webhooks can be told of: those of agreements."""

FILES = ("data", "template", "manifest", "docx", "pdf", "report", "authority", "listing", "certificate", "evidence")
"""Fields of events that are digests of files; commitments to people and their words are none."""

TEST_KIND = "test"


def register_webhook(house: Installation, url: str, *, kinds: Iterable[str] = (), by: str) -> tuple[Webhook, str]:
    """Have entries told at ``url`` from now on; return the webhook, and its secret, which is shown once.

    Raises :class:`NotAuthorised` for who is no administrator, :class:`InputError` with every fault,
    :class:`Refused` beyond :data:`MOST_WEBHOOKS`.
    """
    administrator, now, url, chosen = acting(house, by, Role.ADMINISTRATOR), house.clock(), url.strip(), set(kinds)
    address_of(url, production=house.settings.env == "production")
    if unknown := chosen - set(KINDS):
        fault = Fault("kinds", "is no kind of event", read=", ".join(sorted(unknown)), expected=", ".join(KINDS))
        raise InputError("the webhook cannot be registered", [fault])
    secret = f"whsec_{secrets.token_hex(32)}"
    webhook = Webhook(
        id=secrets.token_hex(8),
        url=url,
        kinds=tuple(kind for kind in KINDS if kind in chosen),
        secret=_box(house).encrypt(secret.encode()).decode(),
        made_at=now,
    )
    event = WebhookChanged(webhook=webhook.id, act=WebhookAct.REGISTERED, url=digest_of(url.encode()))
    with house.ledger.transaction() as tx:
        tx.append_installation(
            op_id_of(event.type, webhook.id, event.act), now, as_actor(Role.ADMINISTRATOR, administrator), event
        )
        tx.register_webhook(webhook, most=MOST_WEBHOOKS)
    return webhook, secret


def end_webhook(house: Installation, webhook: str, *, by: str) -> bool:
    """Tell a webhook nothing any more, and forget it with its deliveries; return whether this call did it.

    Raises :class:`NotAuthorised` for who is no administrator.
    """
    administrator, now = acting(house, by, Role.ADMINISTRATOR), house.clock()
    found = house.webhooks.find(webhook)
    if found is None:
        return False
    event = WebhookChanged(webhook=webhook, act=WebhookAct.ENDED, url=digest_of(found.url.encode()))
    with house.ledger.transaction() as tx:
        if not tx.end_webhook(webhook):
            return False
        tx.append_installation(
            op_id_of(event.type, webhook, event.act), now, as_actor(Role.ADMINISTRATOR, administrator), event
        )
    return True


def send_test(house: Installation, webhook: str, *, by: str) -> Answer:
    """Send a message of the type ``test`` once, and say what was answered; nothing is recorded of it.

    Raises :class:`NotAuthorised` for who is no administrator, :class:`Refused` for an unknown webhook.
    """
    acting(house, by, Role.ADMINISTRATOR)
    found = house.webhooks.find(webhook)
    if found is None:
        raise Refused("there is no such webhook", got=webhook)
    told = Told(
        id=secrets.token_hex(32),
        agreement=AgreementId("TEST-0000-0000"),
        counter=0,
        type=TEST_KIND,
        at=house.clock(),
        stage=Stage.REQUESTED,
        digests={},
    )
    return _posted(house, found, told)


def deliver(house: Installation, agreement: AgreementId, counter: int) -> Outcome:
    """Tell one entry to every webhook that wants it and was not told yet.

    What is not taken stays undone in the outbox, so that the sweep repeats it, until it is given up.
    """
    entries = [recorded.entry for recorded in house.ledger.entries(agreement)][: counter + 1]
    if len(entries) != counter + 1:
        house.outbox.mark_done("webhook", agreement, counter, house.clock())
        return Outcome(agreement, "webhook", acted=False, summary=f"Nothing to do: {agreement} has no such entry.")
    entry, told = entries[-1], _told(entries)
    wanting = [one for one in house.webhooks.every() if one.wants(entry.event.type, entry.occurred_at)]
    sent = taken = left = 0
    for webhook in wanting:
        before = house.webhooks.delivery(webhook.id, agreement, counter)
        if before is not None and before.state is not DeliveryState.WAITING:
            continue
        after = _tried(house, webhook, told, since=before.first_at if before else house.clock())
        if after is None:
            continue
        sent += 1
        taken += after.state is DeliveryState.DELIVERED
        left += after.state is DeliveryState.WAITING
    if not left:
        house.outbox.mark_done("webhook", agreement, counter, house.clock())
    return Outcome(
        agreement,
        "webhook",
        acted=sent > 0,
        summary=f"{taken} of {sent} webhooks took entry {counter} of {agreement}.",
        particulars={"entry": str(counter), "left": str(left)},
    )


def told_of(entry: Entry, stage: Stage) -> Told:
    """Return what a webhook is told of an entry after which its agreement is in ``stage``."""
    return Told(
        id=entry.op_id,
        agreement=AgreementId(entry.agreement),
        counter=entry.counter,
        type=entry.event.type,
        at=entry.occurred_at,
        stage=stage,
        digests=_digests(entry.event),
    )


def _told(entries: list[Entry]) -> Told:
    return told_of(entries[-1], fold(entries).stage)


def _tried(house: Installation, webhook: Webhook, told: Told, *, since: datetime) -> Delivery | None:
    """Send once and record it; ``since`` is when that was first tried. ``None`` where the webhook ended meanwhile."""
    now = house.clock()
    try:
        answer = _posted(house, webhook, told)
    except Invalid as error:  # of one webhook, which is no reason not to tell the others
        answer = Answer(taken=False, said=error.what)
    state = DeliveryState.DELIVERED if answer.taken else DeliveryState.WAITING
    if not answer.taken and now - since >= PATIENCE:
        state = DeliveryState.GIVEN_UP
    return house.webhooks.tried(
        Delivery(
            webhook=webhook.id,
            agreement=told.agreement,
            counter=told.counter,
            kind=told.type,
            state=state,
            tries=1,
            answer=answer.said,
            first_at=since,
            last_at=now,
        )
    )


def _posted(house: Installation, webhook: Webhook, told: Told) -> Answer:
    return post(
        webhook.url,
        canonical_json(told.model_dump(mode="json")),
        secret=_secret(house, webhook),
        now=house.clock(),
        production=house.settings.env == "production",
    )


def _digests(event: ev.Event) -> dict[str, Digest]:
    found = {name: getattr(event, name) for name in FILES if isinstance(getattr(event, name, None), str)}
    for covered in (getattr(event, "content", None), getattr(event, "covers", None)):
        if isinstance(covered, Covered):
            found |= covered.model_dump()
    if isinstance(event, ev.Deposited):
        found["pdf"] = event.receipt.sha256
    return found


def _secret(house: Installation, webhook: Webhook) -> bytes:
    from cryptography.fernet import InvalidToken  # noqa: PLC0415  # only where something is sent

    try:
        return _box(house).decrypt(webhook.secret.encode())
    except InvalidToken as error:
        raise Invalid(
            "the secret of a webhook does not open", where=webhook.id, remedy="end the webhook and register it anew"
        ) from error


def _box(house: Installation) -> Fernet:
    from cryptography.fernet import Fernet  # noqa: PLC0415  # only where something is sent

    return Fernet(base64.urlsafe_b64encode(portal_secret(house, "webhooks")))
