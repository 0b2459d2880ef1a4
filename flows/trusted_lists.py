"""Trusted lists an administrator adopted: copies in ``trust/lists/``, each with the certificate of its operator.

Nothing is fetched: whoever adopts a list took it and its operator's certificate from the Official Journal or the list
of lists, and compared.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from flows.files import read_whole, write_new
from schemas.errors import ConflictingContent, InputError, Refused
from schemas.evidence import digest_of
from signing.trusted_list import MAXIMUM_BYTES, ListContent, TrustedList

MAXIMUM_CERTIFICATE_BYTES = 100_000


def adopted_lists(home: Path) -> tuple[TrustedList, ...]:
    """Return the newest adopted list of each territory; they are verified when they are used."""
    newest: dict[str, str] = {}
    for path in sorted(_folder(home).glob("*.xml")):
        if path.with_suffix(".pem").is_file():
            newest[path.stem.partition("-")[0]] = path.stem
    return tuple(_read(_folder(home), name) for name in newest.values())


def adopt(home: Path, xml: Path, signer: Path, *, now: datetime) -> tuple[str, ListContent]:
    """Keep a list and its operator's certificate; return the name it is kept under and what it says.

    Raises :class:`Invalid` for a list that ``signer`` did not sign or that is none, and :class:`Refused` for a stale
    one or one older than the adopted one of the same territory.
    """
    content = read_whole(xml, expected="a trusted list (ETSI TS 119 612)", max_size_bytes=MAXIMUM_BYTES)
    certificate = read_whole(
        signer, expected="the operator's certificate in PEM", max_size_bytes=MAXIMUM_CERTIFICATE_BYTES
    )
    try:
        candidate = TrustedList(xml.name, content, certificate.decode("ascii"))
    except UnicodeDecodeError as fault:
        raise InputError("the operator's certificate cannot be read", where=str(signer), expected="PEM") from fault
    said = candidate.content
    if not said.is_current(now):
        raise Refused(
            "the trusted list is stale",
            where=str(xml),
            got=f"next update {said.next_update:%Y-%m-%d}" if said.next_update else "a closed list",
            expected=f"a list that may be relied on at {now:%Y-%m-%d}",
            remedy="take the newest list from its scheme operator",
        )
    there = [entry.content.issued for entry in adopted_lists(home) if entry.content.territory == said.territory]
    newest = max(there, default=said.issued)
    if said.issued < newest:
        raise ConflictingContent(
            "a newer trusted list of this territory was adopted already",
            where=str(xml),
            got=f"issued {said.issued:%Y-%m-%d %H:%M} UTC",
            expected=f"issued {newest:%Y-%m-%d %H:%M} UTC or later",
        )
    name = f"{said.territory}-{said.issued:%Y%m%dT%H%M%SZ}-{digest_of(content)[:16]}"
    write_new(_folder(home) / f"{name}.pem", certificate, same_is_fine=True)
    write_new(_folder(home) / f"{name}.xml", content, same_is_fine=True)
    return name, said


@lru_cache(maxsize=64)
def _read(folder: Path, name: str) -> TrustedList:
    """Return one list; its file never changes, and verifying it takes seconds."""
    xml, signer = (folder / f"{name}.xml").read_bytes(), (folder / f"{name}.pem").read_text("ascii", errors="replace")
    return TrustedList(name, xml, signer)


def _folder(home: Path) -> Path:
    return home / "trust" / "lists"
