"""What was destroyed of an agreement, as listed before and certified after.

The certificate is a C2SP signed note of the ledger's key; its first line keeps it apart from checkpoints::

    convenio.example/ledger certificate of destruction
    {"agreement":"MOU-2026-0001", ...}              one line of RFC 8785 JSON
                                                    (empty line)
    — convenio.example/ledger K9vX...=
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from archive.checkpoint import CheckpointKey
from archive.signed_note import open_note
from schemas.errors import Invalid
from schemas.evidence import DepositReceipt, Digest, Evidence, Instant, canonical_json

_TITLE = "certificate of destruction"


class StoredVersion(Evidence):
    """One version by what names it, and the bytes it really held."""

    store: str
    key: str
    version: str | None
    sha256: Digest
    size_bytes: int

    @classmethod
    def of(cls, receipt: DepositReceipt) -> StoredVersion:
        """Return what names the version of ``receipt``."""
        return cls(**receipt.model_dump(include=set(cls.model_fields)))

    @property
    def receipt(self) -> DepositReceipt:
        """The version as stores know it."""
        return DepositReceipt(**self.model_dump())


class Destruction(Evidence):
    """One disposal: by whom (commitments), on what authority (a commitment too), and every version destroyed.

    ``retention_until`` is ``None`` for what ended before it was archived: nothing says that it has to be kept.
    """

    certificate_of_destruction: Literal[1] = 1
    agreement: str
    organisation: str
    retention_until: date | None
    proposed_by: Digest
    carried_out_by: Digest
    authority: Digest
    at: Instant
    listing: Digest
    destroyed: tuple[StoredVersion, ...]


_LISTING = TypeAdapter(tuple[StoredVersion, ...])


def write_listing(versions: Iterable[StoredVersion]) -> bytes:
    """Return the listing of a proposal: an RFC 8785 JSON array."""
    return canonical_json(_LISTING.dump_python(tuple(versions), mode="json"))


def read_listing(content: bytes) -> tuple[StoredVersion, ...]:
    """Return what a proposal lists; raises :class:`Invalid` where it is no listing."""
    try:
        return _LISTING.validate_json(content)
    except ValidationError as cause:
        raise Invalid("not a listing of stored versions", got=cause.errors(include_url=False)[0]["msg"]) from cause


def sign_certificate(destruction: Destruction, key: CheckpointKey) -> bytes:
    """Return the certificate, signed; the same destruction gives the same bytes."""
    body = canonical_json(destruction.model_dump(mode="json")).decode()
    return key.sign(f"{key.name} {_TITLE}\n{body}\n").encode()


def open_certificate(note: bytes, verifier_key: str) -> Destruction:
    """Return what a certificate says, after its signature was verified; raises :class:`Invalid` where it is none."""
    try:
        title, body = open_note(note.decode(), verifier_key).splitlines()
        stated = Destruction.model_validate(json.loads(body))
    except ValueError as cause:
        raise Invalid("not a certificate of destruction", expected="a title, one line of JSON, a signature") from cause
    if title != f"{verifier_key.split('+', 1)[0]} {_TITLE}":
        raise Invalid("not a certificate of destruction", got=title, expected=f"the log's name and {_TITLE!r}")
    return stated
