"""Every route as each role and as nobody: who may not ask it gets nothing, and whoever may gets an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from portal import routes
from portal.forms import posted
from portal.visit import Allowed
from schemas.people import Role
from tests.portal.kit import NOBODY, WHO, Portal, Visitor

ROLES = (*WHO, NOBODY)

STRANGER = "0" * 64
"""A link, handle or digest that stands for nothing."""


@dataclass(frozen=True)
class Way:
    """One method of one route, who may ask it, and whether it takes a form."""

    method: str
    path: str
    allowed: tuple[Allowed, ...]
    takes_form: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@cache
def ways() -> tuple[Way, ...]:
    """Return every method of every route."""
    return tuple(_ways())


def _ways() -> Iterator[Way]:
    for router in routes.ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute), f"{route} is no route that this walk knows"
            asked = tuple(_calls(route.dependant))
            allowed = tuple(call for call in asked if isinstance(call, Allowed))
            for method in sorted(route.methods):
                yield Way(method, route.path, allowed, takes_form=posted in asked)


def _calls(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def filled(path: str, portal: Portal) -> str:
    """Return a path with something in its places: the one agreement there is, else what stands for nothing."""
    known = {"agreement": str(portal.agreement), "name": "mou", "signatory": "gssc"}
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda place: known.get(place[1], STRANGER), path)


def by_page() -> list[Way]:
    """Return the routes for people; programs bring a token to theirs."""
    return [way for way in ways() if not way.path.startswith("/api/")]


def test_every_route_says_who_may_ask_it():
    assert [str(way) for way in ways() if len(way.allowed) != 1] == []


def test_every_change_comes_from_a_form_of_ours():
    assert [str(way) for way in by_page() if (way.method != "GET") != way.takes_form] == []


def test_no_page_changes_anything_by_another_method():
    assert {way.method for way in by_page()} == {"GET", "POST"}


@pytest.fixture
def portal(portal_at) -> Portal:
    return portal_at("signing")


@pytest.mark.parametrize("role", ROLES)
def test_who_may_not_ask_a_route_gets_nothing(portal, role):
    visitor = portal.as_(role)
    got = [answer for way in by_page() if not _may(role, way) if (answer := _unexpected(visitor, role, way, portal))]
    assert got == []


@pytest.mark.parametrize("role", ROLES)
def test_who_may_ask_a_route_gets_an_answer(portal, role):
    visitor = portal.as_(role)
    broken = []
    for way in by_page():
        if way.method == "GET" and _may(role, way) and not way.path.endswith("/live"):
            answer = visitor.get(filled(way.path, portal))
            at_odds = way.path in {"/health", "/sign-in/openid/answer", "/audit/{agreement}/bound"}
            if answer.status_code not in {200, 303, 404, 409} and not at_odds:
                broken.append(f"{way}: {answer.status_code}")
    assert broken == []


@pytest.mark.parametrize("role", ROLES)
def test_a_form_without_our_token_changes_nothing(portal, role):
    visitor, before = portal.as_(role), portal.house.ledger.size
    taken = []
    for way in by_page():
        if way.method == "POST" and _may(role, way):
            answer = visitor.client.post(filled(way.path, portal), data={"csrf": STRANGER})
            if answer.status_code not in {403, 404}:
                taken.append(f"{way}: {answer.status_code}")
    assert taken == []
    assert portal.house.ledger.size == before


def test_a_document_that_names_somebody_else_is_nowhere_for_a_signatory(portal):
    portal.house.people.add("stranger@example.org", "A signatory of nothing", [Role.SIGNATORY])
    stranger = portal.as_("stranger@example.org")
    answers = {
        str(way): stranger.get(filled(way.path, portal)).status_code
        for way in by_page()
        if way.method == "GET" and "{agreement}" in way.path and not way.path.endswith("/live")
    }
    assert {way: status for way, status in answers.items() if status not in {403, 404}} == {}


def _may(role: str, way: Way) -> bool:
    (allowed,) = way.allowed
    roles = {Role.MANAGER, Role.REVIEWER} if role == "manager" else {Role(role)} if role != NOBODY else set()
    return allowed.anybody or bool(roles & allowed.roles)


def _unexpected(visitor: Visitor, role: str, way: Way, portal: Portal) -> str | None:
    path = filled(way.path, portal)
    answer = visitor.get(path) if way.method == "GET" else visitor.post(path, shown_on="/languages")
    sent_away = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    refused = sent_away if role == NOBODY else answer.status_code == 403
    return None if refused else f"{way}: {answer.status_code}"
