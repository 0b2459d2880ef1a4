"""Images of a document's pages, for whoever may read the document."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from flows.page_images import page_image
from portal.reading import agreement_of, readable_pdf
from portal.visit import SignedIn
from schemas.errors import Refused
from schemas.evidence import AgreementId

router = APIRouter()

KEPT_BY_ONE = {"Cache-Control": "private, max-age=3600"}
"""A page of a PDF never changes, but it is kept by whoever may read it only, and not for long."""


@router.get("/documents/{agreement}/pages/{which}/{page}.png")
def page(visit: SignedIn, agreement: str, which: str, page: int) -> Response:
    """Show one page, counted from 1, of a draft by its number or of a PDF by its digest."""
    state = agreement_of(visit, agreement)
    try:
        image = page_image(visit.house, AgreementId(state.agreement), readable_pdf(visit, state, which), page)
    except Refused as error:
        raise HTTPException(404) from error
    return Response(image, media_type="image/png", headers=KEPT_BY_ONE)
