"""XML from outside: parsed only where nothing in it can read a file, grow without end, or be read in two ways."""

from __future__ import annotations

import re

from lxml import etree

ENCODING = re.compile(r"\s*<\?xml[^>]*\bencoding\s*=\s*[\"']([^\"']*)")
NARROW, WIDE = frozenset({"utf-8", "us-ascii", "ascii"}), frozenset({"utf-16", "utf-16le", "utf-16be"})
MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16."""


def plain_root(content: bytes) -> etree._Element:
    """Return the root of a part; raise :class:`ValueError` unless it is XML as a package holds it (ECMA-376-2 9.1.4).

    A document type, whose entities could read files or grow without end, is refused before anything is parsed, and
    so is every encoding but UTF-8 and UTF-16: programs disagree on the others.
    """
    wide = content.startswith(MARKS)
    text = content.decode("utf-16" if wide else "utf-8-sig")
    if (declared := ENCODING.match(text)) and declared[1].lower() not in (WIDE if wide else NARROW):
        raise ValueError(f"encoding {declared[1]}")
    if "\0" in text:
        raise ValueError("a character of number 0")
    if "<!DOCTYPE" in text:
        raise ValueError("a document type (DTD)")
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error


def root_or_none(content: bytes) -> etree._Element | None:
    """Return the root of a part as :func:`plain_root` does, or ``None``."""
    try:
        return plain_root(content)
    except ValueError:
        return None
