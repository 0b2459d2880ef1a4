"""Flows a test runner executes; each leaves the number of its process in the home."""

from __future__ import annotations

import asyncio
import os

from prefect import flow


def build(house):
    seen = house.home / "seen"
    seen.mkdir(exist_ok=True)

    @flow(name="draft")
    async def draft(agreement: str, version: int) -> None:
        await asyncio.to_thread((seen / f"{agreement}.{version}").write_text, str(os.getpid()))

    @flow(name="prepare")
    async def prepare(agreement: str, version: int) -> None:
        raise SystemExit(f"{agreement} {version}")

    @flow(name="collect")
    async def collect(agreement: str, version: int) -> None:
        (seen / f"collect.{agreement}.{version}").touch()
        await asyncio.sleep(600)

    return [draft, prepare, collect]
