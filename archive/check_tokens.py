"""The timestamps of published checkpoints: each is over exactly the bytes that were published (RFC 3161)."""

from __future__ import annotations

from collections.abc import Callable

from archive.attack import Attack
from archive.findings import Findings
from archive.log_store import LogStore, kept_path, token_path
from schemas.errors import ConvenioError, Unavailable
from schemas.evidence import SignatureReport, Verdict, instant_text

JudgeToken = Callable[[bytes, bytes], SignatureReport]
"""Validates a token (DER) over bytes, and raises where it does not hold."""

PART = "checkpoint time"


def check_tokens(log: LogStore, judge: JudgeToken, findings: Findings, *, newest: int, read_all: bool) -> None:
    """Validate the token of the newest published checkpoint (of ``newest`` leaves), and with ``read_all`` of each."""
    if not newest:
        return
    before = findings.attacks
    sizes = _stamped(log, up_to=newest) if read_all else [newest]
    times = {size: _validated(log, judge, findings, size) for size in sizes}
    at = times.get(newest)
    if findings.attacks == before and at is None:
        findings.open(PART, "the newest checkpoint has no timestamp yet: publish again", token_path(newest))
    elif findings.attacks == before:
        findings.holds(PART, f"{len(times)} tokens hold; {newest} leaves existed by {at}")


def _stamped(log: LogStore, *, up_to: int) -> list[int]:
    prefix, suffix = token_path(0).split("0")
    names = (path.removeprefix(prefix).removesuffix(suffix) for path in log.paths(prefix) if path.endswith(suffix))
    return sorted(int(name) for name in names if name.isdecimal() and int(name) <= up_to)


def _validated(log: LogStore, judge: JudgeToken, findings: Findings, size: int) -> str | None:
    """Return the time of one token, ``None`` where there is none or it does not hold."""
    token, note = log.get(token_path(size)), log.get(kept_path(size))
    where = f"{token_path(size)} in {log.name}"
    if token is None:
        return None
    if note is None:
        findings.attack(Attack.TIMESTAMP_FORGED, "the checkpoint it is over is not kept", where)
        return None
    try:
        report = judge(token, note)
    except Unavailable:
        raise
    except ConvenioError as fault:
        findings.attack(Attack.TIMESTAMP_FORGED, fault.what, where)
        return None
    if report.verdict is not Verdict.VALID:
        findings.attack(Attack.TIMESTAMP_FORGED, report.reason, where)
        return None
    return None if report.signed_at is None else instant_text(report.signed_at)
