from __future__ import annotations

import re

import pytest

from tests.portal.browser import faults_of, served, window

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]


def test_a_form_is_begun_and_filled_in_by_keyboard_and_nothing_bars_anybody(portal_at, browser):
    portal = portal_at("requested")
    with served(portal.app) as address, window(browser, portal, address, "manager", phone=True) as page:
        page.goto("/documents/new/type/mou")
        assert faults_of(page) == []
        page.keyboard.press("Tab")
        page.get_by_label("An empty form").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/documents/new/[0-9a-f]{16}$"))
        assert faults_of(page) == []
        page.get_by_role("link", name="Parties").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/parties")
        page.get_by_label("Short name", exact=True).first.focus()
        page.keyboard.type("GSSC")
        # Enter saves, and takes no row away
        page.keyboard.press("Enter")
        page.wait_for_selector(".error-summary:focus")
        assert page.get_by_label("Short name", exact=True).first.input_value() == "GSSC"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id || location.hash").lstrip("#").startswith("parties[0].")
        assert faults_of(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
