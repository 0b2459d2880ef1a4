"""A portal on a copy of an installation, and visitors to it who fill in forms as a browser would."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.testclient import TestClient

from flows.commands import add_person
from portal.app import create_app
from portal.visit import SESSION_COOKIE
from tests.installation import FIRST, MANAGER, REVIEWER, Clock

if TYPE_CHECKING:
    from httpx import Response

    from flows.wiring import Installation
    from tests.installation import Snapshots

AUDITOR, ADMINISTRATOR = "auditor@example.org", "administrator@example.org"
NOBODY = "nobody"

WHO = {
    "manager": MANAGER,
    "reviewer": REVIEWER,
    "signatory": FIRST,
    "auditor": AUDITOR,
    "administrator": ADMINISTRATOR,
}
"""Somebody in each role. The manager of the snapshots reviews as well, as their own drafts must be refused to them."""

PASSWORD = "correct horse battery staple"


class Portal:
    """The portal of a copy of a snapshot; ``house`` is its installation, ``agreement`` the one that is led along."""

    def __init__(self, snapshots: Snapshots, point: str, home: Path) -> None:
        self._at = snapshots.at(point, home)
        self.house: Installation = self._at.__enter__()
        self.clock: Clock = self.house.clock  # pyrefly: ignore  # the snapshots' own
        # tries are counted in quarters of an hour: a test begins at the beginning of one
        self.clock.now += timedelta(seconds=900 - self.clock.now.timestamp() % 900)
        self.agreement = snapshots.agreement
        add_person(self.house, AUDITOR, name="Auditor", roles=("auditor",))
        add_person(self.house, ADMINISTRATOR, name="Administrator", roles=("administrator",))
        if self.house.people.find(FIRST) is None:
            add_person(self.house, FIRST, name="First signatory", roles=("signatory",))
        self.app = create_app(home, clock=self.house.clock)
        self.app.state.house = self.house

    def as_(self, role: str) -> Visitor:
        """Return a visitor who is signed in in a role, or ``nobody``."""
        visitor = Visitor(self)
        if role != NOBODY:
            visitor.sign_in(WHO.get(role, role))
        return visitor

    def close(self) -> None:
        """Close the installation."""
        self._at.__exit__(None, None, None)


class Visitor:
    """A browser without scripts: keeps cookies, follows no redirect, and posts forms that it was shown."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.client = TestClient(portal.app, follow_redirects=False, raise_server_exceptions=True)

    def sign_in(self, email: str) -> None:
        """Begin a session as the person with this address, whose account needs no password for that."""
        from archive.accounts import Account
        from flows import accounts

        house = self.portal.house
        account = house.accounts.find(email) or Account(email=email, made_at=house.clock())
        house.accounts.keep(account)
        self.client.cookies.set(SESSION_COOKIE, accounts.begin(house, account).token)

    def get(self, path: str, **options: object) -> Response:
        """Ask for a page."""
        return self.client.get(path, **options)  # pyrefly: ignore  # httpx takes what it takes

    def post(
        self, path: str, fields: dict[str, object] | None = None, *, shown_on: str | None = None, **options: object
    ) -> Response:
        """Send a form to ``path`` with the token of the page ``shown_on`` (the home or sign-in page by default)."""
        page = self.get(shown_on or "/sign-in") if shown_on or "csrf" not in self.__dict__ else None
        if page is not None and page.status_code == 303:
            page = self.get(shown_on or "/")
            if page.status_code == 303:
                page = self.get("/profile")
        if page is not None:
            self.__dict__["csrf"] = token_in(page.text)
        return self.client.post(path, data={"csrf": self.__dict__["csrf"], **(fields or {})}, **options)  # pyrefly: ignore


def token_in(page: str) -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found, f"no form on this page:\n{page[:2000]}"
    return found[1]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(page: str) -> str:
    """Return what a page says, as one line."""
    reader = _Text()
    reader.feed(page)
    return " ".join(unescape(" ".join(reader.parts)).split())
