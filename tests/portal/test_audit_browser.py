from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flows.dossiers import dossier_of
from tests.portal.browser import faults_of, served, window

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]

CONVENIO = Path(sys.executable).with_name("convenio")


def is_too_wide(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_dossier_taken_home_from_the_portal_is_accepted_by_the_command(portal_at, browser, tmp_path):
    portal = portal_at("archived")
    with served(portal.app) as address, window(browser, portal, address, "auditor") as page:
        page.goto("/audit")
        assert faults_of(page) == []
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/audit/{portal.agreement}")
        page.get_by_role("button", name="Verify it now").click()
        page.get_by_text("All 2 signatures are valid.").wait_for()
        assert faults_of(page) == []
        page.get_by_role("link", name="Download the dossier").click()
        assert faults_of(page) == []
        for name in ("dossier.zip", "again.zip"):
            with page.expect_download() as download:
                page.get_by_role("button", name="Make and download the dossier").click()
            download.value.save_as(tmp_path / name)
        page.get_by_role("link", name="public keys and verifier").click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download keys.json").click()
        download.value.save_as(tmp_path / "keys.json")
    for name in ("dossier.zip", "again.zip"):
        command = [CONVENIO, "verify", tmp_path / name, "--keys", tmp_path / "keys.json"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout.splitlines()[-1]) == (0, f"dossier of {portal.agreement}: valid")


def test_somebody_drops_a_dossier_and_reads_the_verdict_on_a_phone(portal_at, browser):
    portal = portal_at("archived")
    dossier = dossier_of(portal.house, portal.agreement)
    with served(portal.app) as address, window(browser, portal, address, "nobody", phone=True) as page:
        page.goto("/verify")
        page.get_by_text("You can also drop the file here.").wait_for()
        assert faults_of(page) == []
        dropped = page.evaluate_handle(
            """bytes => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], "dossier.zip"));
                return data;
            }""",
            list(dossier),
        )
        page.dispatch_event("form[data-drop]", "drop", {"dataTransfer": dropped})
        page.get_by_role("button", name="Verify this file").click()
        page.get_by_role("heading", name="All 2 signatures are valid.").wait_for()
        assert faults_of(page) == []
        assert not is_too_wide(page)
        page.goto("/verify/keys")
        assert faults_of(page) == []
        assert not is_too_wide(page)
