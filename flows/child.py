"""One child process: started in its own group with its output in a log file, heard when ready, stopped whole.

A child is told to stop when its parent ends in whatever way (prctl(2), PR_SET_PDEATHSIG), so nothing is orphaned.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import OrchestrationUnavailable, Unavailable

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal a child gets when the thread that started it ends."""

LOOK_SECONDS = 0.05
"""How often an ending child is looked at."""


@dataclass(frozen=True)
class Child:
    """A process we started, by the name a person reads, and its log file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process itself; it stops its own children in its own order."""
        with suppress(ProcessLookupError):
            self.process.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the whole process group and reap the process."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, *, grace_seconds: float) -> None:
        """Ask to stop, wait at most ``grace_seconds``, then kill what is left of the group."""
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(grace_seconds)
        self.kill()

    def last_words(self, lines: int = 5) -> str:
        """Return the end of its log, for a diagnosis."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return "no log"
        return " | ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:]) or "an empty log"


def start_child(
    name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path, ready_fd: int | None = None
) -> Child:
    """Start ``command`` as leader of its own session, its output appended to ``log``.

    Call it from a thread that lives as long as the child should: the child is told to stop when that thread
    ends. ``ready_fd`` stays open in the child. Raises :class:`Unavailable` where it cannot be started.
    """
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def follow_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent ended before the wish was registered
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            process = subprocess.Popen(  # noqa: S603  # the command is ours
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=() if ready_fd is None else (ready_fd,),
                preexec_fn=follow_parent,  # noqa: PLW1509  # nothing but two system calls
            )
    except OSError as error:
        raise Unavailable(f"the {name} cannot be started", where=str(log), got=error.strerror) from error
    return Child(name, process, log)


def wait_until_ready(child: Child, pipe: int, *, deadline_seconds: float) -> None:
    """Wait until ``child`` writes to the other end of ``pipe`` (read end, closed here).

    Raises :class:`OrchestrationUnavailable` where it ends or does not speak before the deadline.
    """
    os.set_blocking(pipe, False)
    deadline = time.monotonic() + deadline_seconds
    try:
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                if os.read(pipe, 1):
                    return
            if not child.alive:
                raise OrchestrationUnavailable(
                    f"the {child.name} ended while starting",
                    where=str(child.log),
                    got=f"exit {child.process.returncode}: {child.last_words()}",
                    expected="a process that stays",
                )
            time.sleep(LOOK_SECONDS)
    finally:
        os.close(pipe)
    raise OrchestrationUnavailable(
        f"the {child.name} did not get ready",
        where=str(child.log),
        got=child.last_words(),
        expected=f"ready within {deadline_seconds:.0f} seconds",
    )
