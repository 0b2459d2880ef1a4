"""The portal as somebody in a role sees it: without a browser for what it answers, with one for how it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.installation import Snapshots
    from tests.portal.kit import Portal


@pytest.fixture
def portal_at(snapshots: Snapshots, tmp_path: Path) -> Iterator[Callable[[str], Portal]]:
    """Return the portal of an installation whose agreement is at a point of its way; see ``tests/installation.py``."""
    from tests.portal.kit import Portal

    opened: list[Portal] = []

    def at(point: str) -> Portal:
        opened.append(Portal(snapshots, point, tmp_path / f"home{len(opened)}"))
        return opened[-1]

    yield at
    for portal in opened:
        portal.close()


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with argon2id as everywhere, but in a millisecond."""
    from argon2 import PasswordHasher

    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("flows.accounts.hasher", lambda: hasher)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module; they stand in the xdist group ``browser``.

    Playwright runs an event loop in this thread, so that nothing else can have one until it is closed.
    """
    from tests.portal.browser import chromium

    with chromium() as started:
        yield started
