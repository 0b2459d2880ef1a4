"""What the REST interface says of agreements: the shapes of its answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import BaseModel, Field

from archive.catalogue import Line
from flows.queries import trouble
from portal.api.problems import MEDIA_TYPE
from portal.visit import Visit
from schemas.events import Covered
from schemas.evidence import AgreementId, DepositReceipt, Digest, Instant
from schemas.people import Office
from schemas.policy import SignaturePolicy
from schemas.state import AgreementState, Stage

PREFIX = "/api/v1"

Agreement = Annotated[
    str, Path(max_length=64, description="the id of an agreement", examples=["MOU-2026-0001"], pattern=r"^[\w.-]+$")
]


class DocumentLine(BaseModel):
    """One line of the list. ``waits_for`` are who can move it on: ``manager``, ``office:legal``, ``signatory:...``."""

    id: str = Field(examples=["MOU-2026-0001"])
    type: str = Field(examples=["mou"])
    title: str
    stage: Stage
    draft: int
    waits_for: tuple[str, ...]
    since: Instant
    updated_at: Instant
    counter: int
    sign_by: date | None
    retention_until: date | None
    held: bool
    level: str | None
    parties: tuple[str, ...]
    project: str


class DocumentPage(BaseModel):
    """One page of the list; ``next`` is the address of the page after it, as the Link header says it too."""

    items: list[DocumentLine]
    next: str | None = None


class ApprovalShown(BaseModel):
    """An approval that holds: for which office, by whom (a handle), and of which bytes."""

    office: Office
    by: str
    covers: Covered


class DocumentShown(BaseModel):
    """Where an agreement stands. ``counter`` is that of its newest entry, and its ETag.

    ``content`` are the digests of the current draft, once it is rendered: decisions name them. ``trouble`` says what
    keeps a machine from going on.
    """

    id: str
    type: str
    title: str
    stage: Stage
    counter: int
    since: Instant
    draft: int
    data: Digest
    template: Digest
    template_version: int
    content: Covered | None
    offices: tuple[Office, ...]
    missing_offices: tuple[Office, ...]
    approvals: list[ApprovalShown]
    open_facts: tuple[str, ...]
    waits_for: tuple[str, ...]
    signatories: tuple[str, ...]
    rounds: tuple[tuple[str, ...], ...]
    invited: tuple[str, ...]
    awaited: tuple[str, ...]
    signed: tuple[str, ...]
    sign_by: date | None
    policy: SignaturePolicy
    pdf: Digest | None
    report: Digest | None
    level: str | None
    receipt: DepositReceipt | None
    retention_until: date | None
    held: bool
    changes: tuple[str, ...]
    trouble: str | None


class DocumentChanged(BaseModel):
    """What an act left behind; ``changed`` is false where it had been done before."""

    changed: bool
    document: DocumentShown


def line_of(line: Line) -> DocumentLine:
    """Return a line of the list."""
    row = line.row
    return DocumentLine(
        type=row.document_type,
        parties=line.parties,
        project=line.project,
        **{
            name: getattr(row, name) for name in DocumentLine.model_fields if name not in {"type", "parties", "project"}
        },
    )


def shown(visit: Visit, state: AgreementState) -> DocumentShown:
    """Return where an agreement stands."""
    same = set(DocumentShown.model_fields) & {*AgreementState.model_fields, "signed", "awaited", "missing_offices"}
    return DocumentShown(
        id=state.agreement,
        type=state.document_type,
        receipt=state.receipt,
        waits_for=state.waiters,
        approvals=[ApprovalShown(office=one.office, by=one.person[:12], covers=one.covers) for one in state.approvals],
        trouble=trouble(visit.house, AgreementId(state.agreement)),
        **{name: getattr(state, name) for name in same - {"approvals"}},
    )


def tag(state: AgreementState) -> str:
    """Return the ETag of an agreement: the counter of its newest entry."""
    return f'"{state.counter}"'


def with_tag(response: Response, visit: Visit, state: AgreementState) -> DocumentShown:
    """Return where an agreement stands, and say its ETag in the headers."""
    response.headers["ETag"] = tag(state)
    return shown(visit, state)


WHY = {
    400: "the address or the idempotency key cannot be read",
    401: "no token, or one that has ended",
    403: "the token's person may not do this",
    404: "there is none, or none that this person may read",
    409: "the state does not allow it, somebody else acted first, or evidence does not hold",
    412: "If-Match names another state than the present one",
    413: "the body is too large",
    415: "the body is of a kind that is not taken here",
    422: "what was sent has faults; each is listed",
    429: "this token asks too often; Retry-After says how long to wait",
    503: "something needed does not answer; Retry-After says when to try again",
}


BY_THE_GUARD = frozenset({400, 413})
"""What is refused before anybody looks who asks, in plain text."""


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how a route describes its refusals: those every route has, and ``statuses``."""
    said = {400, 401, 403, 413, 422, 429, 503, *statuses}
    schema = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    plain = {"text/plain": {"schema": {"type": "string"}}}
    return {
        status: {"description": WHY[status], "content": schema | plain if status in BY_THE_GUARD else schema}
        for status in sorted(said)
    }


READ = refusals(404, 409)
ACT = refusals(404, 409, 412)


def file_of(kind: str, description: str) -> dict[str, Any]:
    """Return how a route describes a file that it gives."""
    schema: dict[str, Any] = (
        {"type": "object"} if kind == "application/json" else {"type": "string", "format": "binary"}
    )
    return {"description": description, "content": {kind: {"schema": schema}}}
