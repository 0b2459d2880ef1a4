"""Every page of the portal in a real browser: axe-core finds nothing, nothing is wider than a phone, none is heavy."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.portal.browser import CONTRAST, faults_of, served, window
from tests.portal.tour import Stop, Tour, stops

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser"), pytest.mark.slow]

HEAVIEST_BYTES = 150_000
"""Without images of pages, and with the style sheet and scripts, which are fetched once."""


def by_point() -> dict[str, list[Stop]]:
    groups: dict[str, list[Stop]] = defaultdict(list)
    for stop in stops():
        groups[stop.point].append(stop)
    return groups


@pytest.mark.parametrize("point", sorted(by_point()))
def test_every_page_is_accessible_light_and_fits_a_phone(portal_at, browser, point):
    portal = portal_at(point)
    tour, found = Tour(portal), {}
    with served(portal.app) as address:
        for role, group in _by_role(by_point()[point]).items():
            with window(browser, portal, address, role, phone=True) as page:
                for stop in group:
                    path = tour.path(stop)
                    answer = page.goto(path)
                    faults = faults_of(page)
                    page.emulate_media(color_scheme="dark")
                    faults += faults_of(page, rules=CONTRAST)
                    page.emulate_media(color_scheme="light")
                    if page.evaluate("document.documentElement.scrollWidth") > page.viewport_size["width"]:
                        faults.append("wider than a phone")
                    if (size := len(answer.body())) > HEAVIEST_BYTES:
                        faults.append(f"{size} bytes")
                    if faults:
                        found[path] = faults
    assert found == {}


def test_what_pages_share_is_light():
    from portal.rendering import STATIC

    sizes = {path.name: path.stat().st_size for path in STATIC.iterdir()}
    assert sizes["portal.css"] < 20_000
    assert sum(sizes.values()) < 40_000


def _by_role(group: list[Stop]) -> dict[str, list[Stop]]:
    roles: dict[str, list[Stop]] = defaultdict(list)
    for stop in group:
        roles[stop.role].append(stop)
    return roles
