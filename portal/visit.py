"""One visit: who is looking, in which language, and how they are answered.

::

    cookie ──> session ──> person, roles ──> Allowed(...) on every route ──> the page
                                    └── nobody: /sign-in, and back again afterwards

Every route names who may ask it, by depending on an :class:`Allowed`; a test walks all routes and finds those that
do not.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from archive.accounts import Account, Session
from flows.accounts import portal_secret, whoever
from flows.wiring import Installation
from portal.language import Language, language_for
from portal.refusals import again_after
from portal.rendering import rendered
from schemas.errors import NotAuthorised
from schemas.people import READERS, Person, Role

SESSION_COOKIE = "convenio_session"
FORM_COOKIE = "convenio_form"
NOTICE_COOKIE = "convenio_notice"
LANGUAGE_COOKIE = "convenio_language"


class SignInNeeded(Exception):
    """Nobody is signed in, or a one-time code is still asked for; ``path`` is where to send them."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Visit:
    """One request and who makes it. ``person`` is ``None`` where nobody is signed in with every factor."""

    request: Request
    house: Installation
    account: Account | None = None
    session: Session | None = None
    person: Person | None = None

    @property
    def who(self) -> Person:
        """The person who is signed in; raises :class:`NotAuthorised` where nobody is."""
        if self.person is None:
            raise NotAuthorised("nobody is signed in")
        return self.person

    def may(self, *roles: Role) -> bool:
        """Whether somebody is signed in who holds one of ``roles``."""
        return self.person is not None and any(role in self.person.roles for role in roles)

    @cached_property
    def language(self) -> Language:
        """The language of the interface: the account's, else the cookie's, else the browser's."""
        chosen = (self.account.language if self.account else None) or self.request.cookies.get(LANGUAGE_COOKIE)
        return language_for(chosen, self.request.headers.get("accept-language", ""))

    @property
    def network(self) -> str:
        """The IP address the request came from."""
        return self.request.client.host if self.request.client else "unknown"

    @property
    def neighbourhood(self) -> str:
        """What tries are counted by: the address, of IPv6 its /64, all of which one customer has (RFC 6177)."""
        try:
            address = ip_address(self.network)
        except ValueError:
            return self.network
        if isinstance(address, IPv4Address):
            return str(address)
        return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))

    @cached_property
    def csrf(self) -> str:
        """What every form of this visit carries: bound to the session, else to a cookie of its own."""
        bound_to = self.request.cookies.get(SESSION_COOKIE) or self.request.state.form_cookie
        return hmac.new(portal_secret(self.house, "forms"), bound_to.encode(), "sha256").hexdigest()

    def show(
        self, page: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: object
    ) -> HTMLResponse:
        """Answer with a page of ``portal/pages``; where it shows a refusal that passes, it says when to ask again."""
        notice = self.request.cookies.get(NOTICE_COOKIE)
        text = rendered(page, self, notice=_opened(self.house, notice), **values)
        told = again_after(values.get("error")) | dict(headers or {})
        response = HTMLResponse(text, status_code=status, headers=told)
        if notice is not None:
            response.delete_cookie(NOTICE_COOKIE, path="/")
        return response

    def go(self, path: str, *, notice: str | None = None) -> RedirectResponse:
        """Send the browser to another page (303), which shows ``notice`` once."""
        response = RedirectResponse(path, status_code=303)
        if notice is not None:
            self.set_cookie(response, NOTICE_COOKIE, _sealed(self.house, notice), seconds=60)
        return response

    def set_cookie(self, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
        """Set a cookie that no script reads and no other site sends."""
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            httponly=True,
            samesite="lax",
            secure=is_in_tls(self.request),
        )


def is_in_tls(request: Request) -> bool:
    """Whether browsers ask in TLS, also where what stands before the portal ends it and does not say so."""
    return request.url.scheme == "https" or request.app.state.house.settings.portal_address.startswith("https://")


def visiting(request: Request) -> Visit:
    """Return the visit behind a request, whoever makes it."""
    house: Installation = request.app.state.house
    token = request.cookies.get(SESSION_COOKIE)
    found = whoever(house, token) if token else None
    if found is None:
        return Visit(request, house)
    person, account, session = found
    return Visit(request, house, account, session, person if session.proven else None)


class Allowed:
    """Who may ask a route: everybody signed in who holds one of ``roles``, or anybody at all.

    Raises :class:`SignInNeeded` where nobody is signed in and :class:`NotAuthorised` where the role is missing.
    """

    def __init__(self, *roles: Role, anybody: bool = False) -> None:
        self.roles = frozenset(roles)
        self.anybody = anybody

    def __call__(self, visit: Annotated[Visit, Depends(visiting)]) -> Visit:
        """Return the visit, if it is allowed."""
        if self.anybody:
            return visit
        if visit.person is None:
            raise SignInNeeded(_way_in(visit))
        if not visit.may(*self.roles):
            raise NotAuthorised(
                "this page is not for you",
                got="your roles: " + ", ".join(visit.person.roles),
                expected=" or ".join(sorted(self.roles)),
                remedy="if it should be, ask an administrator",
            )
        return visit


EVERY_ROLE = tuple(Role)

Anybody = Annotated[Visit, Depends(Allowed(anybody=True))]
SignedIn = Annotated[Visit, Depends(Allowed(*EVERY_ROLE))]
Reader = Annotated[Visit, Depends(Allowed(*READERS))]
Manager = Annotated[Visit, Depends(Allowed(Role.MANAGER))]
Reviewer = Annotated[Visit, Depends(Allowed(Role.REVIEWER))]
Auditor = Annotated[Visit, Depends(Allowed(Role.AUDITOR))]
Administrator = Annotated[Visit, Depends(Allowed(Role.ADMINISTRATOR))]


def _way_in(visit: Visit) -> str:
    if visit.session is not None:
        return "/sign-in/code"
    if visit.request.method != "GET":
        return "/sign-in"
    asked = visit.request.url.path + (f"?{visit.request.url.query}" if visit.request.url.query else "")
    return "/sign-in" if asked == "/" else f"/sign-in?next={quote(asked, safe='')}"


def _sealed(house: Installation, notice: str) -> str:
    mark = hmac.new(portal_secret(house, "notices"), notice.encode(), "sha256").hexdigest()
    return f"{mark}.{quote(notice, safe='')}"


def _opened(house: Installation, value: str | None) -> str | None:
    if value is None:
        return None
    _, _, quoted = value.partition(".")
    notice = unquote(quoted)
    return notice if hmac.compare_digest(_sealed(house, notice).encode(), value.encode()) else None
