"""The whole way of one memorandum through the portal's pages in a real browser, and what must not upset it.

Conversions are a real LibreOffice's. What the pages leave in the outbox is done in this process, by the stages
themselves; the tests of the runner start Prefect.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.accounts import set_password
from flows.act import data_of
from flows.collect import collect
from flows.commands import add_person
from flows.conclude import conclude
from flows.draft import draft
from flows.notify import notify
from flows.prepare import prepare
from flows.publish import publish
from portal.app import create_app
from schemas.people import Office, Role
from schemas.signature import SigningWay
from schemas.state import Stage
from tests.installation import EXAMPLE, MANAGER, PASSPHRASE, REVIEWER, SECOND, Clock, certificate, opened
from tests.portal.browser import DESK, PHONE, served, window
from tests.portal.kit import AUDITOR, PASSWORD
from tests.signing_ways import code_in, link_in, mails

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.xdist_group("browser"),
    pytest.mark.slow,
    pytest.mark.office,
]

PEOPLE = {
    MANAGER: ("Manager", Role.MANAGER, ()),
    REVIEWER: ("Reviewer", Role.REVIEWER, (Office.LEGAL,)),
    AUDITOR: ("Auditor", Role.AUDITOR, ()),
}
STAGES = {
    "draft": draft,
    "prepare": prepare,
    "collect": collect,
    "conclude": conclude,
    "publish": publish,
    "notify": notify,
}
PURPOSE = "The Parties wish that small islands find proven solutions for water and energy sooner."


@contextmanager
def looking(browser, address, *, phone=False) -> Iterator:
    """Yield a page of a browser of its own, as of somebody who comes for the first time."""
    context = browser.new_context(
        base_url=address, viewport=PHONE if phone else DESK, reduced_motion="reduce", locale="en-GB"
    )
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def signed_in(browser, address, email) -> Iterator:
    """Yield a page of somebody who signed in with their password, by keyboard alone."""
    with looking(browser, address) as page:
        page.goto("/")
        page.wait_for_url("**/sign-in")
        reach(page, page.get_by_label("Mail address"))
        page.keyboard.type(email)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.url == f"{address}/"
        yield page


def reach(page, target) -> None:
    """Press Tab until ``target`` has the focus: whoever has no mouse must get there."""
    wanted = target.element_handle()
    for _ in range(300):
        if page.evaluate("element => element === document.activeElement", wanted):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {target}")


def press(page, role, name, *, exact=True) -> None:
    """Go to a link or button by keyboard, press it, and wait for the page it leads to."""
    reach(page, page.get_by_role(role, name=name, exact=exact).first)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def work(house) -> None:
    """Do everything the outbox says is due, as the runner does."""
    while rows := [row for row in house.outbox.due() if row.stage in STAGES]:
        for row in rows:
            STAGES[row.stage](house, row.agreement, row.version)
            house.outbox.mark_dispatched(row, "in this process", house.clock())


def said(page) -> str:
    return page.locator("main").inner_text()


@pytest.fixture
def house(tmp_path, warm_office, quick_hashes):
    with opened(tmp_path / "home", warm_office, Clock(datetime.now(UTC) - timedelta(days=1))) as house:
        for email, (name, role, offices) in PEOPLE.items():
            add_person(house, email, name=name, roles=(role,), offices=offices)
            set_password(house, email, PASSWORD)
        yield house


def test_a_memorandum_goes_from_an_empty_desk_to_a_dossier_that_an_auditor_verifies(house, browser, tmp_path):
    app = create_app(house.home, clock=house.clock)
    app.state.house = house
    with served(app) as address:
        with signed_in(browser, address, MANAGER) as page:
            agreement = _made_in_the_form(page)
            work(house)
            _facts_confirmed(page, agreement)
            work(house)
            assert house.ledger.state(agreement).open_facts == ()
        with signed_in(browser, address, REVIEWER) as page:
            _returned(page, agreement)
            work(house)
        with signed_in(browser, address, MANAGER) as page:
            _amended(page, agreement)
            work(house)
        with signed_in(browser, address, REVIEWER) as page:
            _approved(page, house, agreement)
            work(house)
        with looking(browser, address, phone=True) as page:
            _signed_with_a_code(page, house)
            work(house)
        with looking(browser, address, phone=True) as page:
            _signed_with_a_certificate(page, house, tmp_path / "own.p12")
            work(house)
        state = house.ledger.state(agreement)
        assert state.stage is Stage.ARCHIVED
        assert [one.way for one in state.signatures] == [SigningWay.CLICK, SigningWay.PKCS12]
        with signed_in(browser, address, AUDITOR) as page:
            dossier, keys = _verified_and_taken_home(page, agreement, tmp_path)
    command = [Path(sys.executable).with_name("convenio"), "verify", dossier, "--keys", keys]
    verdict = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert agreement in verdict.stdout


def _made_in_the_form(page) -> str:
    page.goto("/documents/new/type/mou")
    page.locator(f"input[value='example:gssc/{EXAMPLE.stem}']").check()
    press(page, "button", "Begin the form")
    page.get_by_role("link", name="What it says").click()
    purpose = page.get_by_label("Purpose", exact=True)
    reach(page, purpose)
    page.keyboard.press("Control+A")
    page.keyboard.type(PURPOSE)
    press(page, "button", "Save and see all sections")
    page.get_by_role("link", name="Terms", exact=True).click()
    page.get_by_label("Notice, in days").fill("a month")
    press(page, "button", "Save and continue")
    # the fault is named above and beside its field, and what was typed is still there
    page.get_by_role("link", name=re.compile("^Notice, in days")).click()
    field = page.get_by_label("Notice, in days")
    assert field.evaluate("field => field === document.activeElement")
    assert field.input_value() == "a month"
    beside = page.locator(f"#{field.get_attribute('aria-describedby').split()[-1]}")
    assert "number" in beside.inner_text()
    field.fill("30")
    press(page, "button", "Save and see all sections")
    press(page, "link", "Look over everything")
    assert PURPOSE in said(page)
    press(page, "button", "Create the document")
    page.wait_for_url(re.compile(r"/documents/MOU-\d{4}-\d{4}$"))
    return page.url.rpartition("/")[2]


def _facts_confirmed(page, agreement) -> None:
    page.goto(f"/documents/{agreement}")
    assert "In review" in said(page)
    press(page, "link", "Confirm open facts", exact=False)
    press(page, "button", "Confirm the chosen facts")
    assert "Choose at least one fact" in page.get_by_role("alert").inner_text()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_label("On what grounds").fill("letters of both parties")
    press(page, "button", "Confirm the chosen facts")
    assert "Draft 2 is being made" in said(page)


def _returned(page, agreement) -> None:
    assert agreement in said(page)
    press(page, "link", "Review")
    assert agreement in said(page)
    press(page, "link", "Memorandum of Understanding", exact=False)
    assert PURPOSE in page.locator("main").text_content()
    press(page, "link", "Return with comments")
    page.get_by_label("What the manager should change").fill("A notice of 30 days is short: make it 60.")
    press(page, "button", "Return draft 2")
    assert "returned to its manager" in said(page)


def _amended(page, agreement) -> None:
    page.goto(f"/documents/{agreement}/timeline")
    assert "make it 60" in said(page)
    press(page, "link", "Change the data")
    press(page, "button", "Open draft 2 in a form")
    page.get_by_role("link", name="Terms", exact=True).click()
    page.get_by_label("Notice, in days").fill("60")
    press(page, "button", "Save and see all sections")
    press(page, "link", "Look over everything")
    press(page, "button", "Make draft 3")
    assert "Draft 3 is being made" in said(page)


def _approved(page, house, agreement) -> None:
    content = house.ledger.state(agreement).content
    page.goto("/review")
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(f"/review/{agreement}")
    page.get_by_text("Data: 1 fields differ").click()
    assert "30 60" in " ".join(said(page).split())
    page.keyboard.press("a")
    page.wait_for_url("**/approve")
    for digest in (content.pdf, content.docx, content.data):
        assert page.get_by_text(digest[:12]).first.is_visible()
    press(page, "button", "Approve draft 3")
    assert "You approved draft 3" in said(page)


def _gone_through(page, house) -> None:
    page.goto(f"/sign/{link_in(mails(house, '-sign-')[-1])}")
    assert page.get_by_role("heading", level=1).inner_text().startswith("Memorandum of Understanding")
    press(page, "link", "Read the pages")
    press(page, "button", "I have gone through the pages")


def _signed_with_a_code(page, house) -> None:
    _gone_through(page, house)
    press(page, "link", "Sign with a code")
    press(page, "button", "Mail me a code")
    reach(page, page.get_by_label("Code from the mail"))
    page.keyboard.type(code_in(mails(house, "-code-")[-1]))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=1).inner_text() == "You have signed"


def _signed_with_a_certificate(page, house, own) -> None:
    own.write_bytes(certificate(house, SECOND))
    _gone_through(page, house)
    press(page, "link", "Sign with a certificate")
    page.get_by_label("File with certificate and key").set_input_files(own)
    reach(page, page.get_by_label("Passphrase of the file"))
    page.keyboard.type(PASSPHRASE.decode())
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=1).inner_text() == "You have signed"


def _verified_and_taken_home(page, agreement, folder) -> tuple[Path, Path]:
    page.goto(f"/documents/{agreement}")
    assert "Archived" in said(page)
    signed, dossier, keys = folder / "signed.pdf", folder / "dossier.zip", folder / "keys.json"
    _downloaded(page, page.get_by_role("link", name="Download the PDF"), signed)
    page.goto(f"/documents/{agreement}/dossier")
    _downloaded(page, page.get_by_role("button", name="Make and download the dossier"), dossier)
    page.goto("/verify/keys")
    _downloaded(page, page.locator("a[href='/verify/keys.json']").first, keys)
    for file, verdict in ((signed, "signature"), (dossier, agreement)):
        page.goto("/verify")
        page.get_by_label("PDF or dossier").set_input_files(file)
        press(page, "button", "Verify this file")
        assert verdict in said(page)
        assert page.get_by_role("alert").count() == 0
    return dossier, keys


def _downloaded(page, target, path) -> None:
    reach(page, target)
    with page.expect_download() as begun:
        page.keyboard.press("Enter")
    begun.value.save_as(path)


class Restartable:
    """A portal that can be replaced by a new process' one behind the same address."""

    def __init__(self, portal) -> None:
        self.portal, self.app = portal, portal.app

    async def __call__(self, scope, receive, send) -> None:
        await self.app(scope, receive, send)

    def restart(self) -> None:
        """Forget everything that was not written down."""
        self.app = create_app(self.portal.house.home, clock=self.portal.clock)


def test_haste_and_a_restart_make_nothing_twice_and_lose_no_word(portal_at, browser):
    portal = portal_at("second draft")
    another = "reviewer.two@example.org"
    add_person(portal.house, another, name="Another reviewer", roles=("reviewer",), offices=("legal",))
    served_one = Restartable(portal)
    with served(served_one) as address:
        with window(browser, portal, address, "manager") as page:
            _created_once_though_the_portal_restarts(page, portal, served_one)
        at = f"/review/{portal.agreement}"
        with (
            window(browser, portal, address, "reviewer") as first,
            window(browser, portal, address, another) as second,
            window(browser, portal, address, another) as late,
        ):
            first.goto(f"{at}/approve")
            second.goto(f"{at}/approve")
            late.goto(f"{at}/return")
            late.get_by_label("What the manager should change").fill("The seat of the chamber is wrong.")
            served_one.restart()
            first.get_by_role("button", name="Approve draft 2").dblclick()
            first.wait_for_url("**/review")
            press(second, "button", "Approve draft 2")
            assert "There is a problem" in second.get_by_role("alert").inner_text()
            assert second.get_by_role("button", name="Approve draft 2").count() == 0
            press(late, "button", "Return draft 2")
            assert "There is a problem" in late.get_by_role("alert").inner_text()
            assert "The seat of the chamber is wrong." in said(late)
    state = portal.house.ledger.state(portal.agreement)
    assert (state.stage, len(state.approvals)) == (Stage.APPROVED, 1)


def _created_once_though_the_portal_restarts(page, portal, served_one) -> None:
    before = len(portal.house.register.rows())
    page.goto("/documents/new/type/mou")
    page.locator(f"input[value='example:gssc/{EXAMPLE.stem}']").check()
    press(page, "button", "Begin the form")
    page.get_by_role("link", name="What it says").click()
    page.get_by_label("Purpose", exact=True).fill(PURPOSE)
    served_one.restart()
    press(page, "button", "Save and see all sections")
    press(page, "link", "Look over everything")
    review = page.url
    assert PURPOSE in said(page)
    create = page.get_by_role("button", name="Create the document")
    create.dblclick()
    page.wait_for_url(re.compile(r"/documents/MOU-\d{4}-\d{4}$"))
    made = page.url
    # the back button, and an address that was kept, lead to what was made of the form
    page.go_back()
    page.goto(review)
    assert page.url == made
    assert len(portal.house.register.rows()) == before + 1
    state = portal.house.ledger.state(made.rpartition("/")[2])
    assert str(data_of(portal.house, state.data).purpose) == PURPOSE


def test_an_expired_link_says_so_and_mails_another_that_works(portal_at, browser):
    portal = portal_at("signing")
    old = link_in(mails(portal.house, "-sign-")[-1])
    portal.clock.now += timedelta(days=60)
    with served(portal.app) as address, looking(browser, address, phone=True) as page:
        assert page.goto(f"/sign/{old}").status == 410
        assert page.get_by_role("heading", level=1).inner_text() == "This link has expired"
        press(page, "button", "Mail me another link")
        assert "one that works is in your newest mail" in said(page)
        new = link_in(mails(portal.house, "-link-")[-1])
        assert new != old
        assert page.goto(f"/sign/{new}").status == 200
        page.goto(f"/sign/{old}")
        assert page.get_by_role("heading", level=1).inner_text() == "This link was replaced"
