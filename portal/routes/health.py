"""Whether the installation is well, for programs that watch it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from flows.health import HealthWatch
from portal.visit import Anybody

router = APIRouter()


@router.get("/health")
def as_json(visit: Anybody) -> JSONResponse:
    """Say whether the installation is well, and when that was looked at; which part is not, the administrator sees."""
    watch: HealthWatch = visit.request.app.state.health_watch
    found = watch.recent(visit.house)
    return JSONResponse({"well": found.well, "at": found.at.isoformat()}, status_code=200 if found.well else 503)
