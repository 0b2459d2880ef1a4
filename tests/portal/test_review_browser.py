"""The reviewer's pages in a real browser: by keyboard alone, and judged by axe-core."""

from __future__ import annotations

import pytest

from schemas.state import Stage
from tests.portal.browser import served, window

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]


def test_a_draft_is_commented_and_approved_by_keyboard_alone(portal_at, browser):
    portal = portal_at("second draft")
    at = f"/review/{portal.agreement}"
    with served(portal.app) as address, window(browser, portal, address, "reviewer") as page:
        page.goto("/review")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{at}")
        page.locator("#clause-term details summary").last.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("a comment with an a in it")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**#clause-term")
        assert "a comment with an a in it" in page.locator("#clause-term").inner_text()
        page.keyboard.press("a")
        page.wait_for_url(f"**{at}/approve")
        page.locator("button.main").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/review")
        assert "You approved draft 2" in page.locator(".notice").inner_text()
    assert portal.house.ledger.state(portal.agreement).stage is Stage.APPROVED
