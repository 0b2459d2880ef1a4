"""What waits for the signature of somebody with an account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from flows.catalogue import to_sign
from portal.visit import Allowed, Visit
from schemas.people import Role

router = APIRouter()

Signatory = Annotated[Visit, Depends(Allowed(Role.SIGNATORY))]

MOST = 100


@router.get("/to-sign")
def waiting(visit: Signatory) -> Response:
    """Show what this person is asked to sign, the soonest first; each leads to the pages of its ceremony."""
    return visit.show("to_sign.html", lines=to_sign(visit.house, visit.who, limit=MOST))
