"""Signing in at an OpenID Connect provider: code flow with PKCE (RFC 7636), state and nonce, and discovery.

::

    departure ──> the provider asks who it is ──> arrival: code + state ──> ID token ──> an account of ours
        └── sealed in a cookie: state, nonce, verifier, where to go on ──┘

Whoever signs in has an account here already: it is found by a mail address the provider says it verified, and bound to
the provider's subject from then on (OpenID Connect Core 1.0, 3.1 and 5.7).
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.sync_app import OAuth2Mixin
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.httpx_client import OAuth2Client
from cryptography.fernet import Fernet, InvalidToken
from joserfc.errors import JoseError

from flows.accounts import SignedIn, begin, portal_secret
from schemas.errors import NotAuthorised, Refused, Unavailable

if TYPE_CHECKING:
    from archive.accounts import Account
    from flows.wiring import Installation

TRIP_LASTS = timedelta(minutes=10)
TIMEOUT_SECONDS = 10.0
ARRIVAL = "/sign-in/openid/answer"
SIGNED_BY = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Algorithms of ID tokens that prove who made them; a shared secret or none at all does not."""


class _Provider(OAuth2Mixin, OpenIDMixin):
    client_cls = OAuth2Client


@dataclass(frozen=True)
class Departure:
    """Where a browser is sent, and what its cookie holds meanwhile."""

    address: str
    sealed: str


def is_offered(house: Installation) -> bool:
    """Whether people may sign in at a provider."""
    return house.settings.openid_issuer is not None and house.settings.openid_client_id is not None


def departure(house: Installation, following: str) -> Departure:
    """Return where to send somebody who wants to sign in, to come back to ``following`` of ours.

    Raises :class:`Refused` where no provider is set, :class:`Unavailable` where it does not answer.
    """
    provider = _provider(house)
    with _asked():
        _require_issuer(house, provider)
        trip = provider.create_authorization_url(_arrival(house))
    kept = {name: trip[name] for name in ("state", "nonce", "code_verifier")} | {"next": following}
    return Departure(trip["url"], _seal(house, kept))


def arrival(house: Installation, sealed: str, answer: Mapping[str, str]) -> tuple[SignedIn, str]:
    """Begin a session for the provider's ``answer`` (the query it sent the browser back with), and say where to go on.

    Raises :class:`NotAuthorised`, in the same words, for an answer that is not to our question, cannot be trusted or is
    about nobody who has an account here; :class:`Unavailable` where the provider does not answer.
    """
    kept, provider = _unsealed(house, sealed), _provider(house)
    if not hmac.compare_digest(answer.get("state", "").encode(), kept["state"].encode()) or "code" not in answer:
        raise _refused()
    with _asked():
        issuer = _require_issuer(house, provider)
        if answer.get("iss", issuer) != issuer:  # RFC 9207
            raise _refused()
        token = provider.fetch_access_token(
            _arrival(house), code=answer["code"], code_verifier=kept["code_verifier"], state=kept["state"]
        )
        claims = provider.parse_id_token(token, nonce=kept["nonce"])
    if claims is None or not claims.get("sub"):
        raise _refused()
    return begin(house, _account(house, f"{issuer} {claims['sub']}", claims)), kept["next"]


def _account(house: Installation, subject: str, claims: Mapping[str, object]) -> Account:
    account = house.accounts.find_subject(subject)
    if account is None and claims.get("email_verified") is True:
        account = house.accounts.find(str(claims.get("email", "")))
        if account is not None and account.subject is not None:
            raise _refused()
    if account is None or account.closed_at is not None or house.people.find(account.email) is None:
        raise _refused()
    if account.subject is None:
        house.accounts.change(account.email, subject=subject)
    return account


def _provider(house: Installation) -> _Provider:
    settings = house.settings
    if settings.openid_issuer is None or settings.openid_client_id is None:
        raise Refused("no provider is set here", expected="CONVENIO_OPENID_ISSUER and CONVENIO_OPENID_CLIENT_ID")
    secret = settings.openid_client_secret
    return _Provider(
        framework=None,
        client_id=settings.openid_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        server_metadata_url=f"{settings.openid_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email",
            "code_challenge_method": "S256",
            "timeout": TIMEOUT_SECONDS,
            **({} if secret is not None else {"token_endpoint_auth_method": "none"}),
        },
    )


def _require_issuer(house: Installation, provider: _Provider) -> str:
    """Return who issues ID tokens, which must be whom we asked (OpenID Connect Discovery 1.0, 4.3)."""
    metadata = provider.load_server_metadata()
    if metadata.get("issuer", "").rstrip("/") != str(house.settings.openid_issuer).rstrip("/"):
        raise _refused()
    offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = sorted(SIGNED_BY.intersection(offered))
    return metadata["issuer"]


@contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except httpx2.HTTPError as error:
        raise Unavailable(
            "the provider you sign in at does not answer",
            got=type(error).__name__,
            remedy="sign in with your password, or try again later",
        ) from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError, RuntimeError) as error:
        raise _refused() from error


def _refused() -> NotAuthorised:
    return NotAuthorised(
        "you cannot be signed in with that",
        expected="an answer of the provider about somebody who has an account here, with a verified mail address",
        remedy="sign in with your password, or ask an administrator for an account",
    )


def _arrival(house: Installation) -> str:
    return house.settings.portal_address + ARRIVAL


def _fernet(house: Installation) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(portal_secret(house, "openid")))


def _seal(house: Installation, kept: dict[str, str]) -> str:
    return _fernet(house).encrypt_at_time(json.dumps(kept).encode(), int(house.clock().timestamp())).decode()


def _unsealed(house: Installation, sealed: str) -> dict[str, str]:
    now = int(house.clock().timestamp())
    try:
        return json.loads(_fernet(house).decrypt_at_time(sealed.encode(), int(TRIP_LASTS.total_seconds()), now))
    except InvalidToken as error:
        raise _refused() from error
