"""A real browser on a real server: pages as people see them, judged by axe-core as well."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from portal.visit import SESSION_COOKIE

if TYPE_CHECKING:
    from fastapi import FastAPI
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.portal.kit import Portal

CHROMIUM = "/usr/bin/chromium"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}

RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

CONTRAST = {"type": "rule", "values": ["color-contrast"]}
"""What another colour scheme can spoil."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield Debian's Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of loopback for as long as the block lasts, and yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def window(
    browser: Browser, portal: Portal, address: str, role: str, *, phone: bool = False, dark: bool = False
) -> Iterator[Page]:
    """Yield a page of a browser in which somebody is signed in in a role (or ``nobody``)."""
    context: BrowserContext = browser.new_context(
        base_url=address,
        viewport=PHONE if phone else DESK,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    if token := portal.as_(role).client.cookies.get(SESSION_COOKIE):
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": address}])
    try:
        yield context.new_page()
    finally:
        context.close()


def faults_of(page: Page, rules: dict[str, object] = RULES) -> list[str]:
    """Return what axe-core finds on a page, one line each; all rules of WCAG 2.2 AA and best practices by default."""
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
    return [
        f"{fault['id']}: {fault['help']}: " + "; ".join(json.dumps(node["target"]) for node in fault["nodes"][:5])
        for fault in found["violations"]
    ]
