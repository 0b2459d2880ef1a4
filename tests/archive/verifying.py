"""How the tests of verification ask, bend and judge."""

from __future__ import annotations

import json
from datetime import date

from archive.canonical_zip import write_canonical
from archive.dossier import manifest_of
from archive.exact import exact_json
from archive.manifest_note import manifest_text
from archive.verify import verify_dossier
from schemas.evidence import Verdict
from tests.archive.complete_history import (
    AGREEMENT,
    KEY,
    KEYS,
    NOW,
    OLDER_VERIFIER,
    VERIFIER,
    attached,
    judge_pdf,
    judge_scan,
    judge_token,
)


def verify(content, keys=KEYS, *, judge=judge_pdf, token=judge_token, scan=judge_scan, embedded=attached, now=NOW):
    return verify_dossier(
        content,
        keys,
        judge_pdf=judge,
        judge_token=token,
        judge_scan=scan,
        attached=embedded,
        verifiers=(VERIFIER, OLDER_VERIFIER),
        now=now,
    )


def faults(report):
    """What is not valid: part to finding."""
    return {found.part: found for found in report.findings if found.verdict is not Verdict.VALID}


def rewritten(members, **changed):
    """A dossier with members replaced (``None`` removes), container and manifest made anew.

    The organisation itself signs it again, unless ``manifest.note`` is among the changes: so that each part has to be
    found out by its own check.
    """
    kept = {**members, **{name.replace("__", "/"): content for name, content in changed.items()}}
    kept = {name: content for name, content in kept.items() if content is not None}
    kept["manifest.json"] = exact_json(manifest_of(AGREEMENT, kept))
    if "manifest.note" not in changed:
        on = date.fromisoformat(json.loads(kept["bound.json"])["on"]) if "bound.json" in kept else None
        kept["manifest.note"] = KEY.sign(manifest_text(KEY.name, AGREEMENT, on, kept["manifest.json"])).encode()
    return write_canonical(kept)


def tampered(members, **changed):
    """The same by somebody without the organisation's key."""
    return rewritten(members, **changed, **{"manifest.note": members["manifest.note"]})


def refused(report, part, reason, place=None):
    """Assert that the report is invalid, and that ``part`` says why and where."""
    assert report.verdict is Verdict.INVALID
    found = faults(report)[part]
    assert found.verdict is Verdict.INVALID
    assert reason in found.reason
    assert place is None or found.place == place, found


def broken(fault):
    def judge(*_given):
        raise fault

    return judge
