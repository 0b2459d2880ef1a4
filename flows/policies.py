"""Which signatures each type of document needs here, where that is set, and that the ledger says when it changed."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from archive.transaction import op_id_of
from schemas import events as ev
from schemas.documents import document_types, model_of
from schemas.evidence import Digest, canonical_json, digest_of
from schemas.people import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flows.wiring import Installation
    from schemas.policy import SignaturePolicy

VARIABLE, KEY = "CONVENIO_SIGNATURE_POLICIES", "signature_policies"


class Source(StrEnum):
    """Where a policy comes from."""

    DEFAULT = "default"
    """Nothing is set for this type."""
    ENVIRONMENT = "environment"
    """The variable ``CONVENIO_SIGNATURE_POLICIES``."""
    FILE = "file"
    """``convenio.toml`` in the home."""


@dataclass(frozen=True)
class PolicyLine:
    """The policy in force for one type of document."""

    document_type: str
    kind: str
    policy: SignaturePolicy
    source: Source


@dataclass(frozen=True)
class Policies:
    """All policies in force; ``recorded`` is the digest that the ledger says last, and since when."""

    lines: tuple[PolicyLine, ...]
    digest: Digest
    recorded: Digest | None
    since: datetime | None


def policies(house: Installation) -> Policies:
    """Return the policies in force and what the ledger says of them."""
    set_here, source = house.settings.signature_policies, _source(house)
    lines = tuple(
        PolicyLine(name, model_of(name).kind, house.policy(name), source if name in set_here else Source.DEFAULT)
        for name in document_types()
    )
    since, recorded = _last_recorded(house)
    return Policies(lines, digest_of_policies(house), recorded, since)


def digest_of_policies(house: Installation) -> Digest:
    """Return the digest of the policies that are set, each by its type (RFC 8785 JSON)."""
    return _digest(house.settings.signature_policies)


def record_policies(house: Installation) -> bool:
    """Record that the policies are others than the ledger says, and return whether they are.

    Settings are read once by each process, so the runner asks this at its start. Where nothing was ever recorded, the
    defaults are what the ledger says.
    """
    digest = digest_of_policies(house)
    with house.ledger.transaction() as tx:
        _, recorded = _last_recorded(house)
        if digest == (recorded or _digest({})):
            return False
        event = ev.PoliciesChanged(policies=digest)
        op_id = op_id_of("policies changed", digest, str(tx.size))
        tx.append_installation(op_id, house.clock(), SYSTEM, event)
    return True


def _digest(given: Mapping[str, SignaturePolicy]) -> Digest:
    return digest_of(canonical_json({name: one.model_dump(mode="json") for name, one in given.items()}))


def _last_recorded(house: Installation) -> tuple[datetime | None, Digest | None]:
    for recorded in reversed(house.stream.entries()):
        if isinstance(event := recorded.entry.event, ev.PoliciesChanged):
            return recorded.entry.occurred_at, event.policies
    return None, None


def _source(house: Installation) -> Source:
    if os.environ.get(VARIABLE):
        return Source.ENVIRONMENT
    try:
        found = tomllib.loads((house.home / "convenio.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # settings read it before: it was removed since
        found = {}
    return Source.FILE if KEY in found else Source.DEFAULT
