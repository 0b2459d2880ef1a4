"""The portal's application: routes, what answers a fault, and the files of the pages."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException

from flows.health import HealthWatch
from flows.settings import read_settings
from flows.wiring import Installation, utc_now
from portal import api, routes
from portal.ceremony import LinkClosed, closed
from portal.guard import HEADERS, KEPT, NOT_KEPT, HeadLikeGet, guarded
from portal.refusals import status_of
from portal.rendering import STATIC, asset
from portal.visit import Allowed, SignInNeeded, Visit, visiting
from schemas.errors import ConvenioError


def create_app(home: Path | None = None, *, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """Return the portal's application for the installation in ``home`` (``CONVENIO_HOME`` by default)."""
    app = FastAPI(title="Convenio", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = Installation(read_settings(home), clock=clock)
    app.state.health_watch = HealthWatch()
    app.middleware("http")(guarded)
    app.add_middleware(HeadLikeGet)
    # the server logs the fault after this answer, which is made outside every middleware
    app.add_exception_handler(Exception, _broken)
    app.add_exception_handler(ConvenioError, _refused)
    app.add_exception_handler(SignInNeeded, _sign_in_first)
    app.add_exception_handler(LinkClosed, closed)
    app.add_exception_handler(HTTPException, _not_found)
    app.add_exception_handler(RequestValidationError, _not_found)
    app.get("/static/{version}/{name}", include_in_schema=False)(_static)
    for router in routes.ROUTERS:
        app.include_router(router)
    api.add_to(app)
    return app


def _static(version: str, name: str, _visit: Annotated[Visit, Depends(Allowed(anybody=True))]) -> Response:
    known = {path.name: path for path in STATIC.iterdir()}
    if name not in known or asset(name) != f"/static/{version}/{name}":
        raise HTTPException(404)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(known[name].read_bytes(), media_type=kind, headers=KEPT)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConvenioError)  # noqa: S101  # registered for no other kind
    return visiting(request).show("refused.html", status=status_of(error), error=error)


async def _sign_in_first(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)  # noqa: S101  # registered for no other kind
    return RedirectResponse(error.path, status_code=303)


async def _not_found(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    if api.is_for_programs(request):
        return api.refused(status, dict(getattr(error, "headers", None) or {}))
    return visiting(request).show("not_found.html", status=status)


async def _broken(request: Request, _fault: Exception) -> Response:
    if api.is_for_programs(request):
        return api.refused(500, HEADERS | NOT_KEPT)
    return PlainTextResponse(
        "Something broke here; the portal's log says what. What you did before is recorded.\n",
        status_code=500,
        headers=HEADERS | NOT_KEPT,
    )
