"""What evidence is made of: digests, checkpoints, proofs, receipts, verdicts. Ledger entries are in ``events``.

Pure values. Who makes them: ``archive`` (proofs, checkpoints, receipts) and ``signing`` (seal reports).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, NewType

import rfc8785
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from schemas.signature import LegalEffect

AgreementId = NewType("AgreementId", str)
"""``MOU-2026-0001``: document type, year of the request (UTC), number within both."""

SignatoryId = NewType("SignatoryId", str)
"""The ``id`` of a signatory within one agreement's data."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, 64 lower-case hex digits")]
"""SHA-256 (FIPS 180-4) as 64 lower-case hex digits."""


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of ``content`` as 64 lower-case hex digits."""
    return hashlib.sha256(content).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return ``value`` (plain JSON types) in the JSON Canonicalization Scheme, RFC 8785."""
    return rfc8785.dumps(value)


def instant_text(instant: datetime) -> str:
    """Return an aware instant as RFC 3339 in UTC with microseconds: ``2026-11-22T01:40:04.000000Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Instant = Annotated[
    AwareDatetime,
    AfterValidator(lambda instant: instant.astimezone(UTC)),
    PlainSerializer(instant_text, return_type=str, when_used="json"),
]
"""An aware instant, held in UTC; JSON is RFC 3339 with microseconds."""


class Evidence(BaseModel):
    """Base of all evidence: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InclusionProof(Evidence):
    """Proof that a leaf stands in a tree (RFC 9162 2.1.3): sibling hashes from the leaf upwards, hex."""

    leaf_index: int = Field(ge=0)
    tree_size: int = Field(ge=1)
    path: tuple[Digest, ...]


class Checkpoint(Evidence):
    """A tree head: origin, number of leaves, root hash (hex), and the signed note with it (C2SP tlog-checkpoint)."""

    origin: str
    tree_size: int = Field(ge=0)
    root: Digest
    note: str


class DepositReceipt(Evidence):
    """Where an object lies in the store, and how strongly it is held there.

    ``lock_mode`` is ``None`` where the store does not provably enforce a lock: the object is then
    tamper-evident, never WORM.
    """

    store: str
    key: str
    version: str | None = None
    sha256: Digest
    size_bytes: int = Field(ge=0)
    lock_mode: str | None = None
    retain_until: Instant | None = None


class Verdict(StrEnum):
    """The three answers of EN 319 102-1 5.1.3, in our words."""

    VALID = "valid"
    """TOTAL-PASSED: every check that was made holds."""
    INDETERMINATE = "indeterminate"
    """Nothing contradicts, but something needed for trust is missing."""
    INVALID = "invalid"
    """TOTAL-FAILED: a check fails."""


class Finding(Evidence):
    """What is known about one part: its verdict, why, and where.

    ``sub_indication`` is the standard's name for the reason (EN 319 102-1 5.1.3), where it has one.
    """

    part: str
    verdict: Verdict
    reason: str
    place: str | None = None
    sub_indication: str | None = None


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the weakest of several verdicts; nothing checked is indeterminate."""
    for verdict in (Verdict.INVALID, Verdict.INDETERMINATE):
        if verdict in verdicts:
            return verdict
    return Verdict.VALID if verdicts else Verdict.INDETERMINATE


class VerificationReport(Evidence):
    """The findings of one verification, in the order they were made."""

    subject: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The weakest verdict among the findings."""
        return worst([finding.verdict for finding in self.findings])


class SignatureKind(StrEnum):
    """What a mark in the PDF is: a person signs, an organisation seals, an authority timestamps."""

    SIGNATURE = "signature"
    SEAL = "seal"
    TIMESTAMP = "timestamp"


class SignatureReport(Evidence):
    """One signature, seal or timestamp of a PDF as validated.

    ``field`` is the form field's name; ``signed_at`` the time proven by the RFC 3161 token, else claimed;
    ``certificate`` the SHA-256 of the end-entity certificate in DER; ``effect`` what it legally is;
    ``evidence`` the record that a seal in a person's field names; ``sub_indication`` the standard's name for the
    reason (EN 319 102-1 5.1.3), where it has one.
    """

    field: str
    kind: SignatureKind
    verdict: Verdict
    subject: str
    certificate: Digest
    signed_at: Instant | None
    timestamped: bool
    level: str
    reason: str
    effect: LegalEffect | None = None
    evidence: Digest | None = None
    sub_indication: str | None = None


class EtsiReport(Evidence):
    """The validation of one field as a report of ETSI TS 119 102-2 (XML), kept beside the seal report by digest."""

    field: str
    sha256: Digest


class SealReport(Evidence):
    """What validation of a whole PDF found; ``level`` is the weakest PAdES level *validated* (EN 319 142-1)."""

    pdf: Digest
    verdict: Verdict
    level: str
    signatures: tuple[SignatureReport, ...]
    findings: tuple[Finding, ...]
    etsi_reports: tuple[EtsiReport, ...] = ()


class WitnessKey(Evidence):
    """The C2SP verifier key of a witness, and whether whoever runs the ledger runs it too: then it is no second."""

    key: str
    same_administrator: bool = False


class VerificationKeys(Evidence):
    """What an auditor pins outside every dossier: the organisation's public keys.

    ``ledger`` is a C2SP signed-note verifier key (``name+hash+base64``); ``trust_roots`` are PEM certificates
    that signatures, seals and timestamps must chain to; ``seal_certificates`` are the SHA-256 of the
    certificates the organisation seals with; ``witnesses`` are those who co-sign checkpoints.
    """

    convenio_keys: Literal[1] = 1
    organisation: str
    ledger: str
    trust_roots: tuple[str, ...]
    seal_certificates: tuple[Digest, ...]
    witnesses: tuple[WitnessKey, ...] = ()
    demonstration: bool = False
