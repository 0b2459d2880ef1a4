"""Verifies one foreign file: a program of its own, with limits.

It reads one line of JSON and then the bytes of the file from its input, and writes one line of JSON::

    in   {"keys": public keys, "pinned": bool, "now": RFC 3339, "cpu_seconds": int, "memory_bytes": int}
    out  what was found, as flows.verification.Verified, or {"refused": "why it is neither a PDF nor a dossier"}

The parsers of foreign bytes run here and nowhere else, where they can write no file and outgrow nothing.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import datetime


def set_limits(cpu_seconds: int, memory_bytes: int) -> None:
    """Limit this process: processor time, memory, no file written, no core dumped."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer the one question on the input."""
    question = json.loads(sys.stdin.buffer.readline())
    set_limits(question["cpu_seconds"], question["memory_bytes"])
    from flows.verification import verify  # noqa: PLC0415  # under the limits only
    from schemas.errors import InputError  # noqa: PLC0415
    from schemas.evidence import VerificationKeys  # noqa: PLC0415

    try:
        found = verify(
            sys.stdin.buffer.read(),
            VerificationKeys.model_validate(question["keys"]),
            pinned=question["pinned"],
            now=datetime.fromisoformat(question["now"]),
        )
    except InputError as refused:
        sys.stdout.write(json.dumps({"refused": refused.what}))
    else:
        sys.stdout.write(found.model_dump_json())


if __name__ == "__main__":
    main()
