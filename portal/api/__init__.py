"""The REST interface under ``/api/v1``: the same acts as the pages, with the same rights, for programs.

::

    token ──> person, roles ──> ApiAllowed(...) on every route ──> flows.commands ──> JSON, or a problem (RFC 9457)

Each module is one noun and holds a router; ``route.ApiRoute`` is what all routes have in common.
"""

from __future__ import annotations

from functools import cache, partial

from fastapi import FastAPI, Request, Response

from portal.api import decisions, description, documents, evidence, ledger, people, webhooks
from portal.api.description import describe
from portal.api.problems import of_status

ROUTERS = (
    description.router,
    documents.router,
    decisions.router,
    evidence.router,
    evidence.verification,
    ledger.router,
    people.router,
    webhooks.router,
)


def is_for_programs(request: Request) -> bool:
    """Whether a request is one of the interface, which is refused in its own way."""
    return request.url.path.startswith("/api/")


def refused(status: int, headers: dict[str, str] | None = None) -> Response:
    """Return the answer to a request that no route takes, or that broke."""
    return of_status(status, headers=headers)


def add_to(app: FastAPI) -> None:
    """Let an application describe the interface; that is made when it is first asked for."""
    app.state.api_description = cache(partial(describe, ROUTERS))
