"""What holds for every request and answer: how large a body may be, what no address holds, and the headers."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal import api
from portal.visit import FORM_COOKIE, SESSION_COOKIE, is_in_tls

LARGEST_BODY_BYTES = 60 * 1024 * 1024

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Stand on every answer, refusals as well."""

NOT_KEPT = {"Cache-Control": "no-store"}
IN_TLS = {"Strict-Transport-Security": "max-age=31536000"}
"""Where browsers ask in TLS they go on so (RFC 6797)."""
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
"""For what is addressed by its content."""


async def guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Answer a request within limits, with every header, and with a cookie that forms of nobody are bound to."""
    request.state.form_cookie = request.cookies.get(FORM_COOKIE) or secrets.token_hex(16)
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > LARGEST_BODY_BYTES:
        response = _refused(request, 413, "That is too large.")
    elif request.method in {"POST", "PUT", "PATCH"} and "transfer-encoding" in request.headers:
        response = _refused(request, 411, "Say how long the body is.")
    elif "\x00" in request.url.path or "%00" in request.url.query:
        # PostgreSQL takes no text with it, so no address of ours has it
        response = _refused(request, 400, "There is no such address.")
    else:
        response = await answer(request)
    secure = is_in_tls(request)
    for name, value in (HEADERS | NOT_KEPT | (IN_TLS if secure else {})).items():
        response.headers.setdefault(name, value)
    if SESSION_COOKIE not in request.cookies and FORM_COOKIE not in request.cookies and not _for_programs(request):
        response.set_cookie(
            FORM_COOKIE, request.state.form_cookie, path="/", httponly=True, samesite="lax",
            secure=secure,
        )  # fmt: skip
    return response


def _refused(request: Request, status: int, said: str) -> Response:
    """Return a refusal in words, or as programs are told of all others."""
    return api.refused(status) if api.is_for_programs(request) else PlainTextResponse(f"{said}\n", status_code=status)


def _for_programs(request: Request) -> bool:
    return request.url.path.startswith(("/static/", "/api/", "/health"))


class HeadLikeGet:
    """Answers HEAD as it answers GET, without the body (RFC 9110 9.3.2), and without cookies: it changes nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        ended = False

        async def without_body(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                headers = [(name, value) for name, value in message["headers"] if name != b"set-cookie"]
                await send({**message, "headers": headers})
            elif not ended:
                # a stream would go on
                ended = True
                await send({"type": "http.response.body", "body": b""})

        await self.app({**scope, "method": "GET"}, receive, without_body)
