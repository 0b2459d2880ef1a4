"""Does one act on a copy of a world over and over, killed by SIGKILL at each of its durable steps in turn.

``python -m tests.faults.killed WORLD ACT``. A step is a call that changes a file or folder, or a statement or commit of
the database; the child that does the act dies right before it, which is right after the one before. For every death
it prints what a check finds then, and after the act was repeated; the last line is of the child that survived.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import event

from tests.faults.acts import ACTS
from tests.worlds import World

DURABLE = ("write", "fsync", "link", "rename", "replace", "mkdir", "unlink")

MEMORY = Path("/dev/shm")
"""Where copies lie if there is such a place: what a killed process wrote outlives it there, and syncing is quick."""


def main(folder: Path, act: str, *, second: bool) -> None:
    """Kill at step 0, 1, 2 ... until the act goes through; with ``second`` at every fourth, and its repetition too."""
    original, step, survived = World(folder), 0, False
    while not survived:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as scratch:
            place = Path(scratch) / "world"
            shutil.copytree(folder, place)
            survived = not killed_at(step, place, act, original)
            if second and not survived:
                # another step each time, so that over all deaths every part of recovery is broken off
                killed_at(step * 5 % 37, place, act, original)
            world = World(place, now=original.now)
            then = sorted(world.attacks())
            ACTS[act].do(world)
            left = ACTS[act].left(world)
            world.publish()
            death = {"step": step, "then": then, "after": sorted(world.attacks()), "left": left}
            sys.stdout.write(f"{json.dumps(death)}\n")
            world.close()
        step += 4 if second else 1


def killed_at(step: int, place: Path, act: str, original: World) -> bool:
    """Do the act in a child that dies at ``step``, and return whether it came to that."""
    if (child := os.fork()) == 0:
        try:
            world = World(place, now=original.now)
            world.engine.connect().close()
            watch(world, dying_at(step))
            ACTS[act].do(world)
        except BaseException as fault:  # noqa: BLE001  # a child must not go on as its parent
            os.write(2, repr(fault).encode())
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in {0, -signal.SIGKILL}:
        raise SystemExit(f"the child failed with {code} at step {step}")
    return code == -signal.SIGKILL


def dying_at(step: int) -> Callable[[], None]:
    left = [step]

    def tick() -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    return tick


def ticking(real: Callable[..., object], tick: Callable[[], None]) -> Callable[..., object]:
    def call(*given: object, **named: object) -> object:
        tick()
        return real(*given, **named)

    return call


def watch(world: World, tick: Callable[[], None]) -> None:
    """Have ``tick`` called before every durable step of this process."""
    for name in DURABLE:
        setattr(os, name, ticking(getattr(os, name), tick))
    event.listen(world.engine, "before_cursor_execute", lambda *_: tick())
    event.listen(world.engine, "commit", lambda *_: tick())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], second="--second" in sys.argv)
