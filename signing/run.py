"""Runs a coroutine of the signing library to its end, from any thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

REPORTED_ANYWAY = ("pyhanko.sign.validation", "pyhanko.sign.diff_analysis", "pyhanko_certvalidator")
"""What these loggers would say, with a traceback for each certificate, stands in a report or a refusal."""


def run(work: Coroutine[object, object, Result]) -> Result:
    """Return what ``work`` returns; from inside an event loop a thread of its own is used, and the caller waits.

    The library's loggers of validation are silent from then on, unless somebody gave them a level.
    """
    for name in REPORTED_ANYWAY:
        if (logger := logging.getLogger(name)).level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL)
    if not _inside_a_loop():
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _inside_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
