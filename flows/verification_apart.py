"""Verifying foreign files in a process of their own, a few at a time: whatever they do, they do it there.

Nothing of a file is kept: its bytes go to the process through a pipe, and only what was found comes back.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from threading import BoundedSemaphore

from flows.verification import Verified
from schemas.errors import Fault, InputError, Unavailable
from schemas.evidence import VerificationKeys, instant_text

AT_ONCE = 2
"""So many files are verified at a time; each may take all the memory that its process is given."""

PATIENCE_SECONDS = 8
"""How long somebody waits for their turn."""

DEADLINE_SECONDS = 120
CPU_SECONDS = 60
MEMORY_BYTES = 2 * 1024**3
"""What the process of one file gets."""

_turns = BoundedSemaphore(AT_ONCE)


def verify_apart(content: bytes, keys: VerificationKeys, *, pinned: bool, now: datetime) -> Verified:
    """Return what is proven about a dossier or a PDF; see :func:`flows.verification.verify`.

    Raises :class:`InputError` for what is neither, or cannot be judged within limits of memory and time, and
    :class:`Unavailable` where the machine is too busy.
    """
    if not _turns.acquire(timeout=PATIENCE_SECONDS):
        raise Unavailable("too many files are being verified at the moment", remedy="try again in a minute")
    try:
        ended = _ended(content, keys, pinned=pinned, now=now)
    finally:
        _turns.release()
    if ended.returncode != 0:
        message = "cannot be judged within the limits of memory and time that every file gets"
        fault = Fault("file", message, expected="a PDF or dossier of ordinary size and structure")
        raise InputError(
            "the file cannot be judged",
            [fault],
            remedy="get the file again from where it came from; with the standalone verifier you can judge it yourself",
        )
    answer = json.loads(ended.stdout)
    if refused := answer.get("refused"):
        fault = Fault("file", "is neither a PDF nor a dossier", expected="a signed PDF, or a dossier (zip)")
        raise InputError(refused, [fault], remedy="choose the signed PDF, or the dossier that belongs to it")
    return Verified.model_validate(answer)


def _ended(
    content: bytes, keys: VerificationKeys, *, pinned: bool, now: datetime
) -> subprocess.CompletedProcess[bytes]:
    question = {"keys": keys.model_dump(mode="json"), "pinned": pinned, "now": instant_text(now)}
    question |= {"cpu_seconds": CPU_SECONDS, "memory_bytes": MEMORY_BYTES}
    try:
        return subprocess.run(
            [sys.executable, "-I", "-B", "-m", "flows.verification_worker"],
            input=json.dumps(question).encode() + b"\n" + content,
            capture_output=True,
            check=False,
            timeout=DEADLINE_SECONDS,
            env={},
        )
    except (subprocess.TimeoutExpired, OSError) as fault:
        raise Unavailable(
            "the file was not verified in time",
            got=type(fault).__name__,
            remedy="try again when the machine is less busy",
        ) from fault
