"""Files that a visitor saves: never shown in place, under a name that is safe everywhere."""

from __future__ import annotations

import re

from fastapi import Response


def disposition(name: str) -> dict[str, str]:
    """Return the header that has a browser save an answer as ``name``, of which only safe ASCII is left."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:120]
    return {"Content-Disposition": f'attachment; filename="{safe}"'}


def attachment(content: bytes, name: str, kind: str) -> Response:
    """Return a file of the media type ``kind`` to be saved."""
    return Response(content, media_type=kind, headers=disposition(name))
