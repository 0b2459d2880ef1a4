"""Webhooks: who is told of the ledger's entries, and what they are told. Nothing here names a person."""

from __future__ import annotations

from enum import StrEnum

from schemas.evidence import AgreementId, Digest, Evidence, Instant
from schemas.state import Stage


class Webhook(Evidence):
    """Where entries are told. ``kinds`` are types of events, every one where it is empty; ``secret`` is encrypted."""

    id: str
    url: str
    kinds: tuple[str, ...] = ()
    secret: str
    made_at: Instant

    def wants(self, kind: str, at: Instant) -> bool:
        """Whether an entry of this kind, recorded at ``at``, is told here."""
        return self.made_at <= at and (not self.kinds or kind in self.kinds)


class DeliveryState(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    """It was not taken yet, and is tried again."""
    DELIVERED = "delivered"
    """The receiver said so, by a status of 2xx."""
    GIVEN_UP = "given up"
    """It was not taken for three days."""


class Delivery(Evidence):
    """One entry on its way to one webhook; ``answer`` is what was answered last, in a few words."""

    webhook: str
    agreement: str
    counter: int
    kind: str
    state: DeliveryState
    tries: int
    answer: str
    first_at: Instant
    last_at: Instant


class Told(Evidence):
    """What a webhook is told of an entry. ``id`` is the entry's own, so that a receiver takes each once.

    ``counter`` counts the agreement's entries from 0; ``digests`` are those of the files the entry is about, by name.
    """

    id: Digest
    agreement: AgreementId
    counter: int
    type: str
    at: Instant
    stage: Stage
    digests: dict[str, Digest]
