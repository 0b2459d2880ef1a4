"""The organisation's word for a dossier as a whole: ``manifest.note``, a C2SP signed note over its manifest.

::

    convenio.example/ledger dossier v1              the ledger's name and what this is
    MOU-2026-0001                                   the agreement
    2026-05-31                                      the day that bound.json answers for, - without one
    7NNlvQ...=                                      SHA-256 of manifest.json, base64
                                                    (empty line)
    — convenio.example/ledger K9vX...=              signed by the ledger's key

The manifest names every other member by SHA-256: so the signature also covers what no entry of the ledger knows, the
pages for people and what the register says in bound.json.

The same key signs checkpoints and certificates of destruction. The first line keeps this text apart from both: a
checkpoint begins with a key's name, which has no spaces (C2SP tlog-checkpoint), a certificate with its own title.
Ed25519 draws no random numbers (RFC 8032 5.1.6): the same manifest gives the same note.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import date

from archive.signed_note import open_note, split_note
from schemas.errors import ConvenioError, Invalid

MANIFEST_NOTE = "manifest.note"

_TITLE = "dossier v1"


def manifest_text(origin: str, agreement: str, on: date | None, manifest: bytes) -> str:
    """Return the text to sign for the ledger called ``origin``, each line ending in a newline."""
    digest = base64.b64encode(hashlib.sha256(manifest).digest()).decode()
    return f"{origin} {_TITLE}\n{agreement}\n{on.isoformat() if on else '-'}\n{digest}\n"


def verify_manifest_note(note: str, verifier_key: str, *, agreement: str, on: date | None, manifest: bytes) -> str:
    """Return the ledger's name once ``note`` was found to be signed by ``verifier_key`` for this dossier and no other.

    Raises :class:`Invalid` where it is not, and where the note bears any other signature: it has one form only.
    """
    origin = verifier_key.split("+", 1)[0]
    try:
        text = open_note(note, verifier_key)
    except ConvenioError as cause:
        raise Invalid(
            f"the dossier is not signed by the keys given: {cause.what}",
            where=MANIFEST_NOTE,
            got=cause.got,
            expected=cause.expected,
            remedy="trust nothing in it that is not proven otherwise; get the dossier again from the organisation",
        ) from cause
    if text != (expected := manifest_text(origin, agreement, on, manifest)):
        raise Invalid("another dossier was signed than this one", where=MANIFEST_NOTE, got=text, expected=expected)
    if len(lines := split_note(note, where=MANIFEST_NOTE)[1]) != 1:
        raise Invalid(
            "the note bears more than the ledger's signature", where=MANIFEST_NOTE, got=f"{len(lines)} signatures"
        )
    return origin
