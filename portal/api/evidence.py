"""What there is of an agreement to read and to take home: files, timeline, signatures, dossier; and verification."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from flows.dossiers import dossier_of
from flows.queries import content_of
from flows.timeline import Happening, happened
from flows.verification import Verified
from flows.verification_apart import verify_apart
from portal.api.access import ApiAuditor, ApiReader, ApiSignedIn
from portal.api.problems import ApiRefusal
from portal.api.route import ApiRoute, FileRoute
from portal.api.shapes import PREFIX, READ, Agreement, file_of, refusals
from portal.downloads import attachment
from portal.reading import agreement_of
from portal.signatures_view import signer_lines
from portal.visit import READERS, Visit
from schemas.errors import Refused
from schemas.evidence import AgreementId, Instant, Verdict
from schemas.signature import LegalEffect, SigningWay
from schemas.state import Stage

router = APIRouter(prefix=f"{PREFIX}/documents/{{agreement}}", route_class=ApiRoute, tags=["evidence"])
verification = APIRouter(prefix=PREFIX, route_class=FileRoute, tags=["evidence"])

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA = {"pdf": "application/pdf", "docx": WORD, "data": "application/json", "manifest": "application/json"}
ENDINGS = {"pdf": "pdf", "docx": "docx", "data": "json", "manifest": "json"}
TAKEN = ("application/pdf", "application/zip", "application/octet-stream")

Draft = Annotated[int | None, Query(ge=1, le=1_000_000, description="the current one by default")]

FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The bytes of a signed PDF, or of a dossier.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in TAKEN},
    }
}


class SignatureShown(BaseModel):
    """One signatory: in which turn (from 1), and what became of it. Names are for whoever may read the document."""

    signatory: str
    name: str
    party: str
    turn: int
    awaited: bool
    invited_at: Instant | None
    signed_at: Instant | None
    way: SigningWay | None
    effect: LegalEffect | None
    delegate: str | None
    delegate_confirmed: bool


class VerificationShown(Verified):
    """What is proven about a file: the verdict, and every finding with its reason."""

    verdict: Verdict


@router.get("/timeline", responses=READ)
def timeline(visit: ApiReader, agreement: Agreement) -> list[Happening]:
    """Tell everything that happened: who, in which role, when, on which digest."""
    return happened(visit.house, AgreementId(agreement_of(visit, agreement).agreement))


@router.get("/signatures", responses=READ)
def signatures(visit: ApiSignedIn, agreement: Agreement) -> list[SignatureShown]:
    """List who signs, in signing order, how, and with what legal effect."""
    state = agreement_of(visit, agreement)
    if state.stage is Stage.DISPOSED:
        return []
    return [
        SignatureShown(
            signatory=line.signatory.id,
            name=str(line.signatory.name),
            party=str(line.party),
            turn=line.turn,
            awaited=line.awaited,
            invited_at=line.invited_at,
            signed_at=line.signed_at,
            way=line.signed.way if line.signed else None,
            effect=line.signed.effect if line.signed else None,
            delegate=line.delegate,
            delegate_confirmed=line.delegate_confirmed,
        )
        for line in signer_lines(visit, state)
    ]


@router.get(
    "/pdf", response_class=Response, responses=READ | {200: file_of(MEDIA["pdf"], "the newest PDF, or of a draft")}
)
def pdf(visit: ApiSignedIn, agreement: Agreement, draft: Draft = None) -> Response:
    """Give the newest PDF, or the one of a draft."""
    return _file(visit, agreement, "pdf", draft)


@router.get("/docx", response_class=Response, responses=READ | {200: file_of(WORD, "the Word file of a draft")})
def docx(visit: ApiSignedIn, agreement: Agreement, draft: Draft = None) -> Response:
    """Give the Word file of a draft."""
    return _file(visit, agreement, "docx", draft)


@router.get(
    "/data", response_class=Response, responses=READ | {200: file_of("application/json", "the data of a draft")}
)
def data(visit: ApiSignedIn, agreement: Agreement, draft: Draft = None) -> Response:
    """Give the data of a draft, exactly as it is stored and named by its digest."""
    return _file(visit, agreement, "data", draft)


@router.get(
    "/manifest",
    response_class=Response,
    responses=READ | {200: file_of("application/json", "what a draft was made from")},
)
def manifest(visit: ApiSignedIn, agreement: Agreement, draft: Draft = None) -> Response:
    """Give the manifest of a draft: what it was made from."""
    return _file(visit, agreement, "manifest", draft)


@router.post(
    "/dossier",
    response_class=Response,
    responses=READ | refusals(400) | {200: file_of("application/zip", "the dossier")},
)
def dossier(
    visit: ApiAuditor,
    agreement: Agreement,
    on: Annotated[date | None, Query(description="also say who was bound at the end of this day")] = None,
) -> Response:
    """Publish what is new in the ledger, make the dossier of an archived agreement under it, and give it."""
    state = agreement_of(visit, agreement)
    content = dossier_of(visit.house, AgreementId(state.agreement), on=on)
    return attachment(content, f"{state.agreement}-dossier.zip", "application/zip")


async def sent(request: Request) -> bytes:
    """Return the bytes of a file; raise :class:`ApiRefusal` (415) where they are said to be anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TAKEN:
        raise ApiRefusal(
            415, "media-type", "the body is of a kind that is not taken here", got=kind, expected=", ".join(TAKEN)
        )
    return await request.body()


@verification.post("/verifications", responses=refusals(400, 415), openapi_extra=FILE_BODY)
def verify(visit: ApiSignedIn, content: Annotated[bytes, Depends(sent)]) -> VerificationShown:
    """Say what is proven about a signed PDF or a dossier, with this organisation's public keys; nothing is kept."""
    house = visit.house
    verified = verify_apart(content, house.verification_keys(), pinned=False, now=house.clock())
    return VerificationShown(verdict=verified.report.verdict, **dict(verified))


def _file(
    visit: Visit, agreement: str, what: Literal["pdf", "docx", "data", "manifest"], draft: int | None
) -> Response:
    state = agreement_of(visit, agreement)
    whole = visit.may(*READERS)
    # signatories read what they sign, and no data or drafts of it
    if state.stage is Stage.DISPOSED or (not whole and (what != "pdf" or draft is not None)):
        raise HTTPException(404)
    try:
        content = content_of(visit.house, AgreementId(state.agreement), what, draft=draft)
    except Refused as error:
        raise HTTPException(404) from error
    name = f"{state.agreement}-{what}" + (f"-draft-{draft}" if draft else "") + f".{ENDINGS[what]}"
    return attachment(content, name, MEDIA[what])
