"""Agreements: listed, read, requested from data, and given new data."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from archive.catalogue import Key
from archive.wanted import Wanted
from flows import commands
from portal.api.access import ApiAllowed, ApiManager, ApiSignedIn
from portal.api.preconditions import IfMatch, require_match
from portal.api.problems import ApiRefusal
from portal.api.route import ApiRoute
from portal.api.shapes import (
    ACT,
    PREFIX,
    READ,
    Agreement,
    DocumentChanged,
    DocumentPage,
    DocumentShown,
    line_of,
    refusals,
    shown,
    tag,
    with_tag,
)
from portal.listing import LONGEST_SEARCH, Asked, wanted
from portal.reading import agreement_of
from portal.visit import READERS, Visit
from schemas.documents import Document, document_types, model_of
from schemas.errors import Fault, InputError
from schemas.evidence import AgreementId
from schemas.loader import parse_document
from schemas.people import Role
from schemas.state import Stage

router = APIRouter(prefix=PREFIX, route_class=ApiRoute, tags=["documents"])

MOST_ON_A_PAGE = 100

Lister = Annotated[Visit, Depends(ApiAllowed(*READERS, Role.ADMINISTRATOR, Role.SIGNATORY))]

DOCUMENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The data of a document, as in a file; its JSON Schema is at /api/v1/document-types/{type}.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"type": "string", "enum": list(document_types())}},
                },
                "example": {"type": "mou", "title": "Memorandum of understanding"},
            }
        },
    }
}


class TypeLine(BaseModel):
    """One type of document: its name in data, what it is called, and where its JSON Schema is."""

    type: str
    name: str
    schema_at: str


async def sent(request: Request) -> bytes:
    """Return the body of a request; raise :class:`ApiRefusal` (415) where it is not said to be JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiRefusal(
            415, "media-type", "the body is of a kind that is not taken here", got=kind, expected="application/json"
        )
    return await request.body()


Data = Annotated[bytes, Depends(sent)]


@router.get("/document-types", responses=refusals())
def types(visit: ApiSignedIn) -> list[TypeLine]:  # noqa: ARG001  # the same for everybody
    """List the types of documents."""
    return [
        TypeLine(type=one, name=model_of(one).kind, schema_at=f"{PREFIX}/document-types/{one}")
        for one in document_types()
    ]


@router.get("/document-types/{document_type}", responses=refusals(404))
def type_schema(visit: ApiSignedIn, document_type: str) -> dict[str, Any]:  # noqa: ARG001  # the same for everybody
    """Give the JSON Schema of the data of a type of document."""
    if document_type not in document_types():
        raise ApiRefusal(404, "no-type", "there is no such type of document", expected=", ".join(document_types()))
    return model_of(document_type).model_json_schema()


@router.get("/documents", responses=refusals())
def documents(  # noqa: PLR0917  # every field of the query is a parameter
    visit: Lister,
    response: Response,
    q: Annotated[str, Query(max_length=LONGEST_SEARCH, description="words, or the beginning of an id")] = "",
    stage: Annotated[list[Stage] | None, Query(max_length=10)] = None,
    document_type: Annotated[str | None, Query(alias="type", max_length=32)] = None,
    mine: Annotated[bool, Query(description="only those that you requested")] = False,  # noqa: FBT002  # a field of the query
    overdue: Annotated[bool, Query(description="only those past their last day to sign")] = False,  # noqa: FBT002  # the same
    cursor: Annotated[str, Query(max_length=200, description="from next of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = 25,
) -> DocumentPage:
    """List agreements, those that changed last first; signatories are shown those that name them."""
    if document_type is not None and document_type not in document_types():
        raise InputError("there is no such type of document", [Fault("type", "is not a type", read=document_type)])
    which = wanted(visit, Asked(search=q, document_type=document_type, mine=mine, overdue=overdue))
    which = which.model_copy(update={"stages": tuple(stage or ())})
    lines = visit.house.catalogue.page(_own(visit, which), after=_after(cursor), limit=limit + 1)
    following = None
    if len(lines) > limit:
        lines = lines[:limit]
        asked = [(name, value) for name, value in visit.request.query_params.multi_items() if name != "cursor"]
        key = _cursor(Key(lines[-1].row.updated_at, lines[-1].row.id))
        following = f"{PREFIX}/documents?{urlencode([*asked, ('cursor', key)])}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    return DocumentPage(items=[line_of(line) for line in lines], next=following)


@router.post("/documents", status_code=201, responses=refusals(400, 409, 415), openapi_extra=DOCUMENT_BODY)
def request(visit: ApiManager, content: Data, response: Response) -> DocumentChanged:
    """Request an agreement from data; the same data again is the same agreement, until that one has ended."""
    done = commands.request(visit.house, _document(content), by=visit.who.email)
    response.headers["Location"] = f"{PREFIX}/documents/{done.state.agreement}"
    response.headers["ETag"] = tag(done.state)
    return DocumentChanged(changed=done.changed, document=shown(visit, done.state))


@router.get("/documents/{agreement}", responses=READ)
def document(visit: ApiSignedIn, agreement: Agreement, response: Response) -> DocumentShown:
    """Say where an agreement stands."""
    return with_tag(response, visit, agreement_of(visit, agreement))


@router.post(
    "/documents/{agreement}/revisions",
    responses=ACT | refusals(415),
    openapi_extra=DOCUMENT_BODY,
)
def revise(  # noqa: PLR0917  # the same
    visit: ApiManager,
    agreement: Agreement,
    content: Data,
    response: Response,
    draft: Annotated[int, Query(ge=1, description="the draft whose data this replaces")],
    discard_edits: Annotated[bool, Query(description="lose edits by hand")] = False,  # noqa: FBT002  # a field of the query
    void_signatures: Annotated[bool, Query(description="void signatures that were made")] = False,  # noqa: FBT002  # the same
    if_match: IfMatch = None,
) -> DocumentChanged:
    """Give new data in place of a draft's; it becomes the next draft, and every approval so far is void."""
    state = agreement_of(visit, agreement)
    require_match(state, if_match)
    done = commands.revise(
        visit.house,
        AgreementId(state.agreement),
        _document(content),
        draft=draft,
        by=visit.who.email,
        discard_edits=discard_edits,
        void_signatures=void_signatures,
    )
    return DocumentChanged(changed=done.changed, document=with_tag(response, visit, done.state))


def _own(visit: Visit, which: Wanted) -> Wanted:
    """Return what a visitor may list: everything, or what names them as a signatory."""
    if visit.may(*READERS, Role.ADMINISTRATOR):
        return which
    return which.model_copy(update={"signatory": visit.who.email})


def _document(content: bytes) -> Document:
    return parse_document(content, name="body.json")


def _cursor(key: Key) -> str:
    return base64.urlsafe_b64encode(f"{key.updated_at.isoformat()}~{key.id}".encode()).decode().rstrip("=")


def _after(cursor: str) -> Key | None:
    if not cursor:
        return None
    try:
        at, _, its_id = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode().partition("~")
        return Key(datetime.fromisoformat(at).astimezone(UTC), its_id)
    except (ValueError, OverflowError) as error:
        fault = Fault("cursor", "names no page", expected="the cursor in next of the page before")
        raise InputError("there is no such page", [fault]) from error
