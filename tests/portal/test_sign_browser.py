from __future__ import annotations

import pytest

from tests.portal.browser import faults_of, served, window
from tests.signing_ways import code_in, link_in, mails

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]


def test_somebody_signs_on_a_phone_by_the_keyboard_of_a_phone(portal_at, browser):
    portal = portal_at("signing")
    link = link_in(mails(portal.house, "-sign-")[-1])
    with served(portal.app) as address, window(browser, portal, address, "nobody", phone=True) as page:
        page.goto(f"/sign/{link}")
        for name, leads_to in (
            ("Read the pages", "/pages"),
            ("I have gone through the pages", "/how"),
            ("Sign with a code", "/code"),
            ("Mail me a code", "/code"),
        ):
            assert faults_of(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            target = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name, exact=True)).first
            target.focus()
            page.keyboard.press("Enter")
            page.wait_for_url(f"**{leads_to}")
        field = page.get_by_label("Code from the mail")
        field.focus()
        page.keyboard.type(code_in(mails(portal.house, "-code-")[-1]))
        assert faults_of(page) == []
        page.keyboard.press("Enter")
        page.wait_for_url("**/receipt")
        assert page.get_by_role("heading", level=1).inner_text() == "You have signed"
        assert faults_of(page) == []
        page.go_back()
        page.wait_for_load_state()
        page.reload()
        assert page.url.endswith("/receipt")
    assert portal.house.ledger.state(portal.agreement).signed == ("for-gssc",)


def test_every_other_page_of_a_link_is_accessible_also_with_a_refusal(portal_at, browser):
    portal = portal_at("signing")
    link = link_in(mails(portal.house, "-sign-")[-1])
    with served(portal.app) as address, window(browser, portal, address, "nobody", phone=True, dark=True) as page:
        for step in ("certificate", "upload", "decline", "delegate"):
            page.goto(f"/sign/{link}/{step}")
            assert faults_of(page) == [], step
            page.locator("main form button").first.click()
            page.get_by_role("alert").wait_for()
            assert faults_of(page) == [], step
