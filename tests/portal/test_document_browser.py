from __future__ import annotations

import pytest

from flows.draft import draft
from tests.portal.browser import faults_of, served, window

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_a_page_that_stays_open_says_what_became_of_the_draft(portal_at, browser):
    portal = portal_at("requested")
    with served(portal.app) as address, window(browser, portal, address, "manager") as page:
        page.goto(f"/documents/{portal.agreement}/timeline")
        live = page.locator("[data-live]")
        assert "Convenio makes draft 1" in live.inner_text()
        assert page.locator("[data-changed]").is_hidden()
        empty = page.context.new_page()
        empty.goto(f"/documents/{portal.agreement}")
        assert "There are no pages yet" in empty.locator("main").inner_text()
        draft(portal.house, portal.agreement, 1)
        page.locator("[data-live] .state-in-review").wait_for()
        page.locator("[data-changed]").wait_for(state="visible")
        assert "Convenio makes" not in live.inner_text()
        page.locator("[data-refresh]").click()
        page.locator("[data-changed]").wait_for(state="hidden")
        # where nothing stood yet the pages come by themselves
        empty.locator(".page-image").first.wait_for()
        assert faults_of(empty) == []


def test_lists_and_documents_are_sound_on_a_phone_and_by_keyboard(portal_at, browser):
    portal = portal_at("second draft")
    with served(portal.app) as address, window(browser, portal, address, "auditor", phone=True) as page:
        for path in ("/", "/documents", "/documents?view=board", f"/documents/{portal.agreement}/changes"):
            page.goto(path)
            assert (path, faults_of(page), page.evaluate(WIDER)) == (path, [], 0)
        page.goto("/documents")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/documents/{portal.agreement}")
