"""Who asks the REST interface: whoever holds a personal token, with the rights of its person and no others.

No cookie is read here, so no other site can make a browser ask.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from flows.accounts import whose_token
from portal.api.pace import Pace
from portal.api.problems import ApiRefusal
from portal.visit import EVERY_ROLE, READERS, Allowed, Visit
from schemas.people import Role

BEARER = HTTPBearer(
    scheme_name="personal token",
    description="A personal token: made in the profile, shown once, ended there or by DELETE /api/v1/token.",
    auto_error=False,
)


def token_in(request: Request) -> str | None:
    """Return the token a request carries (RFC 6750 2.1), ``None`` where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def identify(request: Request) -> Visit | None:
    """Return the visit of whoever's token a request carries, once for each request; ``None`` where nobody's.

    Raises :class:`ApiRefusal` (429) where the token asks too often.
    """
    known: Visit | None = getattr(request.state, "api_visit", None)
    if known is not None:
        return known
    token, house = token_in(request), request.app.state.house
    found = whose_token(house, token) if token else None
    if found is None:
        return None
    person, account, kept = found
    pace_of(request).take(kept.token_hash, house.clock())
    request.state.api_visit = Visit(request, house, account, None, person)
    request.state.api_token = kept
    return request.state.api_visit


def pace_of(request: Request) -> Pace:
    """Return the counts of this application."""
    state = request.app.state
    if not hasattr(state, "api_pace"):
        state.api_pace = Pace()
    return state.api_pace


def by_token(
    request: Request, _given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)] = None
) -> Visit:
    """Return the visit of whoever holds the token; raise :class:`ApiRefusal` (401) where nobody does."""
    visit = identify(request)
    if visit is None:
        raise ApiRefusal(
            401,
            "no-token",
            "nobody is known by this token" if token_in(request) else "a personal token is needed",
            expected="Authorization: Bearer, and a token that has not ended",
            remedy="make a personal token in your profile",
            headers={"WWW-Authenticate": 'Bearer realm="convenio"'},
        )
    return visit


class ApiAllowed(Allowed):
    """Who may ask a route of the interface, by the roles of the token's person; raises as :class:`Allowed`."""

    def __call__(self, visit: Annotated[Visit, Depends(by_token)]) -> Visit:
        """Return the visit, if it is allowed."""
        return super().__call__(visit)


ApiSignedIn = Annotated[Visit, Depends(ApiAllowed(*EVERY_ROLE))]
ApiReader = Annotated[Visit, Depends(ApiAllowed(*READERS))]
ApiManager = Annotated[Visit, Depends(ApiAllowed(Role.MANAGER))]
ApiReviewer = Annotated[Visit, Depends(ApiAllowed(Role.REVIEWER))]
ApiAuditor = Annotated[Visit, Depends(ApiAllowed(Role.AUDITOR))]
ApiAdministrator = Annotated[Visit, Depends(ApiAllowed(Role.ADMINISTRATOR))]
