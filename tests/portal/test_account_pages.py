"""The pages of accounts and people in a real browser: accessible, and usable by keyboard alone."""

from __future__ import annotations

import pyotp
import pytest

from flows import accounts
from tests.installation import MANAGER
from tests.portal.browser import faults_of, served, window
from tests.portal.kit import PASSWORD

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]

OF_NOBODY = ("/sign-in", "/sign-in/forgotten", "/languages", "/welcome/{link}", "/welcome/none")
OF_THE_MANAGER = ("/profile", "/profile/password", "/profile/second-factor", "/profile/second-factor/off")
OF_THE_ADMINISTRATOR = ("", "/new", "/duties", "/{handle}", "/{handle}/roles", "/{handle}/close")


@pytest.fixture
def portal(portal_at, quick_hashes):
    portal = portal_at("requested")
    account = accounts.set_password(portal.house, MANAGER, PASSWORD)
    accounts.make_token(portal.house, account, "Reports of the accounting system")
    return portal


def test_a_second_factor_is_set_up_and_used_by_keyboard_alone(portal, browser):
    with served(portal.app) as address, window(browser, portal, address, "manager") as page:
        page.goto("/profile/second-factor")
        assert page.locator(".qr svg").bounding_box()["width"] >= 150
        key = page.locator(".key").get_attribute("data-copy")
        page.focus("#code")
        page.keyboard.type("000000")
        page.keyboard.press("Enter")
        page.wait_for_selector(".error-summary")
        assert page.evaluate("document.activeElement.className") == "error-summary"
        assert page.locator(".key").get_attribute("data-copy") == key
        page.focus("#code")
        page.keyboard.type(pyotp.TOTP(key).at(int(portal.clock.now.timestamp())))
        page.keyboard.press("Enter")
        page.wait_for_selector(".codes")
        assert page.locator(".codes li").count() == 10
        assert faults_of(page) == []
