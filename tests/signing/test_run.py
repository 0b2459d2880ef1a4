from __future__ import annotations

import asyncio
import logging

import pytest

from signing.run import REPORTED_ANYWAY, run


@pytest.fixture
def loggers():
    found = [logging.getLogger(name) for name in REPORTED_ANYWAY]
    levels = [logger.level for logger in found]
    yield found
    for logger, level in zip(found, levels, strict=True):
        logger.setLevel(level)


def test_the_library_is_silenced_only_where_nobody_gave_it_a_level(loggers):
    first, *others = loggers
    first.setLevel(logging.DEBUG)
    for logger in others:
        logger.setLevel(logging.NOTSET)
    run(asyncio.sleep(0))
    assert first.level == logging.DEBUG
    assert {logger.level for logger in others} == {logging.CRITICAL}


def test_work_runs_inside_and_outside_an_event_loop():
    async def inside():
        return run(asyncio.sleep(0, "inner"))

    assert run(asyncio.sleep(0, "outer")) == "outer"
    assert asyncio.run(inside()) == "inner"
