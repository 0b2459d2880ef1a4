"""What the REST interface says of itself: its description in OpenAPI 3.1, and whether the installation is well."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from flows.health import HealthWatch
from portal.api.idempotency import HEADER
from portal.api.problems import Problem
from portal.api.route import ApiRoute
from portal.api.shapes import PREFIX
from portal.visit import Anybody
from schemas.evidence import Instant

router = APIRouter(prefix=PREFIX, route_class=ApiRoute, tags=["installation"])

VERSION = "1.0.0"

ABOUT = (
    "Partnership agreements from data to a signed, archived, provable PDF. Every call carries a personal token and may "
    "do what its person may. Refusals are problems (RFC 9457). A POST with an Idempotency-Key may be repeated."
)

KEY = {
    "name": HEADER.title(),
    "in": "header",
    "required": False,
    "description": "Under the same key the first answer is given again, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-\\[\\]-~]{1,255}$"},
}


class HealthShown(BaseModel):
    """Whether the installation is well, and when that was looked at."""

    well: bool
    at: Instant


@router.get("/openapi.json", include_in_schema=False)
def openapi(visit: Anybody) -> JSONResponse:
    """Give the description of the interface."""
    return JSONResponse(visit.request.app.state.api_description())


@router.get("/health")
def well(visit: Anybody) -> HealthShown:
    """Say whether the installation is well, and when that was looked at; no token is needed for it."""
    watch: HealthWatch = visit.request.app.state.health_watch
    found = watch.recent(visit.house)
    return HealthShown(well=found.well, at=found.at)


def describe(routers: tuple[APIRouter, ...]) -> dict[str, Any]:
    """Return the description of every route of ``routers``."""
    routes = [route for router_ in routers for route in router_.routes if isinstance(route, APIRoute)]
    described = get_openapi(title="Convenio", version=VERSION, description=ABOUT, routes=routes)
    schemas = described["components"]["schemas"]
    shown = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= shown.pop("$defs", {}) | {"Problem": shown}
    for name, ways in described["paths"].items():
        for method, way in ways.items():
            if method == "post":
                way.setdefault("parameters", []).append(KEY)
            way["operationId"] = (
                f"{method}{name.removeprefix(PREFIX)}".replace("/", "-").replace("{", "").replace("}", "")
            )
    return described
