"""A store that pretends: rclone's ``serve s3`` takes locks and enforces none, keeps no versions, and says 200.

Asked to change a lock, it replaces the object by the request's XML. One process on loopback over a folder, ended with
the test run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import ceph

PROGRAM = Path(sys.executable).with_name("rclone")


@dataclass(frozen=True)
class PretendingStore:
    """Where it answers, and the folder its buckets are folders of."""

    endpoint: str
    folder: Path

    def content(self, bucket: str) -> dict[str, bytes]:
        """Every object of a bucket, by key."""
        root = self.folder / bucket
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@contextmanager
def pretending_store(folder: Path, seconds: float = 30) -> Iterator[PretendingStore]:
    """Serve ``folder`` as S3 for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    key = f"{ceph.ACCESS_KEY},{ceph.SECRET_KEY}"
    command = [PROGRAM, "serve", "s3", "--config", os.devnull, "--addr", f"127.0.0.1:{port}", "--auth-key", key, folder]
    # setpriv: the kernel ends the server with the test run, even one that is killed
    before = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    log = folder.with_name(f"{folder.name}.log")
    with log.open("wb") as said:
        server = subprocess.Popen([*before, *command], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    try:
        _wait_for(port, server, log, seconds)
        yield PretendingStore(f"http://127.0.0.1:{port}", folder)
    finally:
        server.kill()
        server.wait(timeout=10)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"no S3 on port {port}:\n{log.read_text()[-2000:]}")
