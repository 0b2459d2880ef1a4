"""Appends and publishes until no file may grow any more: ``python -m tests.faults.full WORLD LIMIT_BYTES``.

The limit is the kernel's (RLIMIT_FSIZE): a write beyond it fails in the middle, as on a disk that is full.
"""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path

from schemas.errors import Unavailable
from tests.worlds import World

ENOUGH = 2000


def main(folder: Path, limit_bytes: int) -> None:
    world = World(folder)
    world.engine.connect().close()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    for number in range(ENOUGH):
        try:
            world.request(f"until it is full {number}")
            if number % 5 == 0:
                world.publish()
        except Unavailable as fault:
            sys.stdout.write(f"{number} {fault.what}: {fault.got}\n")
            return
    raise SystemExit("it never became full")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
