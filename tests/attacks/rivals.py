"""Signatories who ask at the same moment: threads of one process of several, each with an installation of its own."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flows import commands
from flows.settings import Settings
from flows.wiring import Installation
from schemas.errors import ConvenioError
from schemas.evidence import AgreementId
from tests.installation import PASSPHRASE

Request = tuple[str, bytes]
"""Whose address, and their PKCS#12 file."""


def ask_at_once(home: Path, agreement: AgreementId, requests: list[Request]) -> Counter[tuple[str, str]]:
    """Sign for every request in a thread of its own; return how often whose request ended how."""
    with ThreadPoolExecutor(len(requests)) as threads:
        return Counter(threads.map(lambda request: _ended(home, agreement, request), requests))


def _ended(home: Path, agreement: AgreementId, request: Request) -> tuple[str, str]:
    email, p12 = request
    house = Installation(Settings(home=home))
    try:
        done = commands.sign(house, agreement, by=email, p12=p12, passphrase=PASSPHRASE)
    except ConvenioError as fault:
        return email, type(fault).__name__
    finally:
        house.close()
    return email, "signed" if done.changed else "signed before"
