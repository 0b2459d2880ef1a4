from __future__ import annotations

import pytest

from flows import accounts
from tests.installation import MANAGER
from tests.portal.browser import faults_of, served, window
from tests.portal.kit import PASSWORD

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]


def test_somebody_signs_in_by_keyboard_alone(portal_at, browser):
    portal = portal_at("requested")
    accounts.set_password(portal.house, MANAGER, PASSWORD)
    with served(portal.app) as address, window(browser, portal, address, "nobody") as page:
        page.goto("/")
        assert page.title() == "Sign in · Convenio"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type(MANAGER)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/")
        assert page.title() == "Home · Convenio"
        assert faults_of(page) == []
