"""A program that asks the REST interface with the token of somebody in a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.testclient import TestClient

from archive.accounts import Account
from flows import accounts
from tests.portal.kit import WHO

if TYPE_CHECKING:
    from httpx import Response

    from tests.portal.kit import Portal

V1 = "/api/v1"


def token_of(portal: Portal, role: str) -> str:
    """Return a personal token of somebody in a role, or with that address."""
    house, email = portal.house, WHO.get(role, role)
    account = house.accounts.find(email) or Account(email=email, made_at=house.clock())
    house.accounts.keep(account)
    return accounts.make_token(house, account, "a test")


class Program:
    """A program with a token, or with none."""

    def __init__(self, portal: Portal, role: str | None) -> None:
        self.client = TestClient(portal.app, follow_redirects=False)
        self.token = token_of(portal, role) if role else None
        self.headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def get(self, path: str, **headers: str) -> Response:
        """Ask for something."""
        return self.client.get(V1 + path, headers=self.headers | _named(headers))

    def post(self, path: str, sent: object = None, **headers: str) -> Response:
        """Send something: bytes as they are, anything else as JSON."""
        named = self.headers | _named(headers)
        if isinstance(sent, bytes):
            return self.client.post(V1 + path, content=sent, headers={"content-type": "application/json"} | named)
        return self.client.post(V1 + path, json=sent, headers=named)

    def delete(self, path: str, **headers: str) -> Response:
        """End something."""
        return self.client.delete(V1 + path, headers=self.headers | _named(headers))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
