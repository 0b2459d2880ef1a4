"""Which addresses a link in a Word file may have."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_web_address(target: str) -> bool:
    """Whether ``target`` is an absolute address (RFC 3986 4.3) with ``http``, ``https`` or ``mailto``."""
    if not target.isprintable() or "\\" in target:
        return False
    try:
        address = urlsplit(target.strip())
    except ValueError:
        return False
    if address.scheme == "mailto":
        return bool(address.path)
    return address.scheme in {"http", "https"} and bool(address.netloc)
