"""What is wrong with a template before any data is seen, with its place: part, paragraph, text.

Tags stand between ``{{ }}`` (a value) or ``{% %}`` (a step), and each begins and ends in one paragraph. Everything
here is about the template's own text; data is never looked at for tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from schemas.errors import TemplateFault
from schemas.text import LEFTOVER

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DELIMITER = re.compile(r"\{\{|\{%|\{#|\}\}|%\}|#\}")
CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
BULLETED = re.compile(r"\[\s*(?:[\u2022\u25cf\u2026]|\.{2,})\s*\]")
"""``[●]`` and ``[…]``, which lawyers put where something is to be filled in."""
SHOWN_CHARACTERS = 80


def paragraphs(root: etree._Element) -> Iterator[tuple[int, str]]:
    """Yield number (from 1, in the order of the part) and text of each paragraph of a WordprocessingML part."""
    for number, paragraph in enumerate(root.iter(f"{W}p"), start=1):
        yield number, "".join(_own_text(paragraph))


def place(part: str, number: int, text: str) -> str:
    """Return a place as a person finds it in a word processor."""
    shown = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    return f"{part}, paragraph {number}: {shown}"


def check_part(part: str, root: etree._Element) -> None:
    """Raise :class:`TemplateFault` at the first leftover, and at the first tag that is not closed where it began."""
    for number, text in paragraphs(root):
        where = place(part, number, text)
        _check_tags(text, where)
        prose = TAG.sub("\u00b7", text)
        if leftover := LEFTOVER.search(prose) or BULLETED.search(prose):
            raise TemplateFault(
                "the template holds a leftover",
                where=where,
                got=leftover.group(),
                expected="the text itself, or a tag that takes it from the data",
            )


def find_name(root: etree._Element, part: str, name: str) -> str | None:
    """Return the place of the first tag that uses ``name``, or ``None``."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for number, text in paragraphs(root):
        if any(word.search(tag) for tag in TAG.findall(text)):
            return place(part, number, text)
    return None


def _own_text(paragraph: etree._Element) -> Iterator[str]:
    """Yield the text of a paragraph without that of paragraphs inside it (text boxes)."""
    for element in paragraph.iter(f"{W}t"):
        owner = next(element.iterancestors(f"{W}p"))
        if owner is paragraph:
            yield element.text or ""


def _check_tags(text: str, where: str) -> None:
    opened: str | None = None
    for delimiter in DELIMITER.findall(text):
        if opened is None and delimiter in CLOSING:
            opened = delimiter
        elif opened is not None and delimiter == CLOSING[opened]:
            opened = None
        elif opened is None or delimiter in CLOSING:
            raise TemplateFault(
                "a tag of the template is not complete",
                where=where,
                got=f"{delimiter} " + ("without a beginning" if opened is None else f"inside {opened}"),
                expected="each tag begun and ended in one paragraph, none inside another",
            )
    if opened is not None:
        raise TemplateFault(
            "a tag of the template is not complete",
            where=where,
            got=f"{opened} without an end",
            expected=f"{CLOSING[opened]} in the same paragraph",
        )
