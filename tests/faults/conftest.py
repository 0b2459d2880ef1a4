"""The world that is broken, and child processes that break it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.acts import begun
from tests.faults.buckets import BucketWorld, MemoryBucket
from tests.worlds import World

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Made once; whoever breaks something breaks a copy."""
    world = World(tmp_path_factory.mktemp("unbroken") / "world")
    begun(world)
    world.close()
    yield world
    world.close()


@pytest.fixture(scope="session")
def begin(tmp_path_factory: pytest.TempPathFactory) -> BucketWorld:
    """The same world with buckets for store and log; made once, and copied by whoever breaks something."""
    world = BucketWorld(tmp_path_factory.mktemp("buckets") / "world").over(MemoryBucket(), MemoryBucket())
    begun(world)
    world.close()
    return world


@pytest.fixture
def world(unbroken: World, tmp_path: Path) -> Iterator[World]:
    copy = unbroken.copied_to(tmp_path / "world")
    yield copy
    copy.close()


@pytest.fixture
def run() -> Callable[..., str]:
    """Runs a module in a process of its own and returns what it printed."""

    def call(module: str, *arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *(str(argument) for argument in arguments)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return call
