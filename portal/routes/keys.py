"""Keys and certificates of the installation, and when each ends; nothing private is ever shown."""

from __future__ import annotations

from fastapi import APIRouter, Response

from flows.key_list import Purpose, key_lines
from portal.visit import Administrator, Visit

router = APIRouter()


@router.get("/administration/keys")
def keys(visit: Administrator) -> Response:
    """List every key by what it is for."""
    lines, now = key_lines(visit.house), visit.house.clock()
    groups = [(purpose, [line for line in lines if line.purpose is purpose]) for purpose in Purpose]
    return visit.show(
        "administration_keys.html",
        groups=[(_words(visit)[purpose], found) for purpose, found in groups if found],
        now=now,
        env=visit.house.settings.env,
    )


def _words(visit: Visit) -> dict[Purpose, tuple[str, str]]:
    """Return the name of each purpose, and what a key of it is for."""
    say = visit.language.say
    return {
        Purpose.SEAL: (say("Seal"), say("The organisation seals every document with it.")),
        Purpose.LEDGER: (say("Ledger"), say("Signs the published heads of the ledger.")),
        Purpose.AUTHORITY: (say("Timestamp authority"), say("Says when something was signed or sealed.")),
        Purpose.ROOT: (say("Trusted roots"), say("Whom the certificates of signatories may come from.")),
        Purpose.LIST: (say("Trusted lists"), say("Say which signatures are qualified, until their next update.")),
        Purpose.WITNESS: (say("Witnesses"), say("Co-sign the heads of the ledger.")),
        Purpose.PORTAL: (say("Portal"), say("Keeps sessions and forms of this portal apart from forged ones.")),
    }
