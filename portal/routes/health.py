"""Whether the installation is well, for programs that watch it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from flows.health import health
from portal.visit import Anybody

router = APIRouter()


@router.get("/health")
def as_json(visit: Anybody) -> JSONResponse:
    """Say whether the installation is well; which part is not, is the administrator's page."""
    found = health(visit.house)
    return JSONResponse({"well": found.well, "at": found.at.isoformat()}, status_code=200 if found.well else 503)
