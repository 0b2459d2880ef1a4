"""The portal: for now one page that says whether the installation is well."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from flows.health import Health, health
from flows.settings import read_settings
from flows.wiring import Installation

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Convenio: health</title>
<style>
:root {{ --ink: #1b1f24; --paper: #fbfaf7; --line: #d8d4c8; color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e8e6e1; --paper: #16181c; --line: #3a3d44; }}
}}
body {{ font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       margin: 0 auto; max-width: 48rem; padding: 32px 20px; }}
h1 {{ font: 28px/1.2 Georgia, serif; margin: 0 0 4px; }}
p {{ margin: 0 0 24px; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: 8px 16px 8px 0; border-top: 1px solid var(--line); }}
td:first-child {{ white-space: nowrap; }}
</style>
</head>
<body>
<main>
<h1>Convenio</h1>
<p>{verdict} Looked at {at}.</p>
<table>
<caption hidden>Parts of this installation</caption>
<thead><tr><th scope="col">Part</th><th scope="col">State</th><th scope="col">What was seen</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Stand on every answer, refusals as well."""


def create_app(home: Path | None = None) -> FastAPI:
    """Return the portal's application for the installation in ``home`` (``CONVENIO_HOME`` by default)."""
    house = Installation(read_settings(home))
    app = FastAPI(title="Convenio", docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update(HEADERS)
        return response

    # the server logs the fault after this answer, which is made outside every middleware
    app.add_exception_handler(Exception, _broken)

    @app.get("/", response_class=HTMLResponse)
    def page() -> HTMLResponse:
        found = health(house)
        return HTMLResponse(_page(found), status_code=200 if found.well else 503)

    @app.get("/health")
    def as_json() -> JSONResponse:
        found = health(house)
        return JSONResponse(found.model_dump(mode="json"), status_code=200 if found.well else 503)

    return app


def _broken(_request: Request, _fault: Exception) -> Response:
    return PlainTextResponse("Something broke here; the portal's log says what.\n", status_code=500, headers=HEADERS)


def _page(found: Health) -> str:
    rows = "\n".join(
        f"<tr><td>{html.escape(part.name)}</td><td>{'✓ well' if part.well else '✗ not well'}</td>"
        f"<td>{html.escape(part.seen)}</td></tr>"
        for part in found.parts
    )
    verdict = "Everything is well." if found.well else "Something is not well: see below what and why."
    return PAGE.format(verdict=verdict, at=f"{found.at:%Y-%m-%d %H:%M:%S} UTC", rows=rows)
