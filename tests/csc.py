"""A remote signing service on loopback: certomancer-csc-dummy, with a door, faults on demand, and version 2 beside 1.

::

    with service(net) as remote:                      # net: tests.authorities; credentials are net/<label>
        credential = remote.credential("gssc")        # token, PIN and OTP are right
        with remote.failing("signHash", Fault.FORGED): ...
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Literal

from aiohttp import web
from certomancer.registry import ArchLabel, CertomancerObjectNotFoundError, PKIArchitecture
from csc_dummy.csc_dummy_server import CSCWithCertomancer

from signing.remote import RemoteCredential
from tests.authorities import Authorities

TOKEN, PIN, OTP = "a bearer token of tests", "1357", "864209"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Fault(StrEnum):
    """What a method does instead of its work."""

    DOWN = "down"
    """HTTP 503."""
    JUNK = "junk"
    """A page of HTML."""
    EMPTY = "empty"
    """JSON with nothing in it."""
    LIST = "list"
    """JSON of another kind."""
    FORGED = "forged"
    """Values that are nobody's signature."""
    DISABLED = "disabled"
    """The key is switched off."""
    REDIRECT = "redirect"
    """Each signature is authorised on a page of the service."""
    OTHER_ALGORITHMS = "other algorithms"
    """Only RSA-PSS is offered."""
    HUGE = "huge"
    """More bytes than anybody should read."""


class _OnePki:
    """The part of certomancer's configuration that the service asks for."""

    def __init__(self, pki: PKIArchitecture) -> None:
        self._pki = pki

    def get_pki_arch(self, label: ArchLabel) -> PKIArchitecture:
        if label.value != "net":
            raise CertomancerObjectNotFoundError(f"no {label}")
        return self._pki


class Service:
    """The running service."""

    def __init__(self, net: Authorities) -> None:
        self.asked: list[str] = []
        self._faults: dict[str, Fault] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", web.NotAppKeyWarning)  # it keeps its settings as aiohttp once had it
            dummy = CSCWithCertomancer(_OnePki(net._pki))

        @web.middleware
        async def between(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._between(request, handler)

        dummy.app.middlewares.append(between)
        dummy.register_routes()
        for method in ("credentials/info", "credentials/authorize", "signatures/signHash"):
            route = {"info": dummy.credentials_info, "authorize": dummy.credentials_authorize}.get(
                method.rpartition("/")[2], dummy.signatures_sign_hash
            )
            dummy.app.router.add_post(f"/csc/v2/{method}", route)
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(dummy.app, access_log=None)
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._runner.setup())
        self._loop.run_until_complete(web.TCPSite(self._runner, "127.0.0.1", 0).start())
        started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    def close(self) -> None:
        """Stop answering."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def credential(self, label: str, version: Literal["v1", "v2"] = "v1", **changes: Any) -> RemoteCredential:
        """Return what opens the credential of a person of the authorities."""
        given = {"token": TOKEN, "pin": PIN, "otp": OTP, "timeout_seconds": 10.0}
        return RemoteCredential(self.url, f"net/{label}", version, **(given | changes))

    @contextmanager
    def failing(self, method: str, fault: Fault) -> Iterator[None]:
        """Let ``info``, ``authorize`` or ``signHash`` fail inside the block."""
        self._faults[method] = fault
        try:
            yield
        finally:
            del self._faults[method]

    async def _between(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        method = request.path.rpartition("/")[2]
        self.asked.append(method)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "invalid_token", "")
        body = json.loads(await request.read())
        if method == "authorize" and _factors(body) != {"PIN": PIN, "OTP": OTP}:
            return _error(400, "invalid_request", "Invalid parameter PIN or OTP")
        if (fault := self._faults.get(method)) in _PAGES:
            return _PAGES[fault]()
        if "/v2/" in request.path:
            body = _as_version_1(method, body)
        request._read_bytes = json.dumps(body).encode()
        response = await handler(request)
        assert isinstance(response, web.Response)
        return web.json_response(_spoilt(fault, json.loads(response.body)))


@contextmanager
def service(net: Authorities) -> Iterator[Service]:
    """Yield a running service for the people of ``net``."""
    running = Service(net)
    try:
        yield running
    finally:
        running.close()


_PAGES: dict[Fault | None, Callable[[], web.Response]] = {
    Fault.DOWN: lambda: web.Response(status=503, text="not now"),
    Fault.JUNK: lambda: web.Response(text="<html>Welcome</html>", content_type="text/html"),
    Fault.EMPTY: lambda: web.json_response({}),
    Fault.LIST: lambda: web.json_response(["yes"]),
    Fault.HUGE: lambda: web.json_response({"much": "x" * 3_000_000}),
}


def _error(status: int, error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)


def _factors(body: dict[str, Any]) -> dict[str, str]:
    if "authData" in body:
        return {factor["id"]: factor["value"] for factor in body["authData"]}
    return {name: body[name] for name in ("PIN", "OTP") if name in body}


def _as_version_1(method: str, body: dict[str, Any]) -> dict[str, Any]:
    if method == "info":
        return body
    assert body.pop("hashAlgorithmOID") == "2.16.840.1.101.3.4.2.1"
    assert "hash" not in body
    assert "hashAlgo" not in body
    return body | {"hash": body.pop("hashes")}


def _spoilt(fault: Fault | None, answer: dict[str, Any]) -> dict[str, Any]:
    match fault:
        case Fault.FORGED:
            return {"signatures": [base64.b64encode(b"\0" * 70).decode()]}
        case Fault.DISABLED:
            return answer | {"key": answer["key"] | {"status": "disabled"}}
        case Fault.REDIRECT:
            return answer | {"authMode": "oauth2code"}
        case Fault.OTHER_ALGORITHMS:
            return answer | {"key": answer["key"] | {"algo": ["1.2.840.113549.1.1.10"]}}
    return answer
