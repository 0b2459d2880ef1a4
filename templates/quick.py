"""The same last step as ``templates.finish``, on the text of a part (UTF-8) instead of its tree.

For a part of which ``templates.proof`` shows that it needs no parser. What is not as simple as Word writes it is left
to the tree.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from templates.finish import FIRST_DRAWING_ID, STATUS_STYLE, marked
from templates.view import CLOSE, OPEN

MARK, MARK_END = OPEN.encode(), CLOSE.encode()
USUAL = re.compile(r"<w:r(?: [^>]*)?>(?:<w:rPr>((?:(?!</w:rPr>).)*)</w:rPr>)?<w:t(?: [^>]*)?>([^<]*)</w:t></w:r>")
"""A run of one text."""
RUN = re.compile(r"<w:r(?: [^>]*)?>(?:<w:rPr>(.*?)</w:rPr>|<w:rPr/>)?(.*)</w:r>", re.DOTALL)
CHILD = re.compile(r"<w:t(?: [^>]*)?/>|<w:t(?: [^>]*)?>([^<]*)</w:t>|(<w:\w+(?: [^>]*)?/>)")
STYLE = re.compile(r"<w:rStyle [^>]*/>")
NUMBER = re.compile(rb'(<wp:docPr [^>]*?\bid=")[^"]*')


class TooIntricate(Exception):
    """A run holds what is left to the tree."""


def finished(xml: bytes, begin: int = 0) -> bytes:
    """Return the text of a part from ``begin`` on with open facts in styled runs and drawings numbered.

    Raises :class:`TooIntricate`.
    """
    numbers = itertools.count(FIRST_DRAWING_ID)
    return NUMBER.sub(lambda found: b"%s%d" % (found.group(1), next(numbers)), b"".join(_styled(xml, begin)))


def _styled(xml: bytes, at: int) -> Iterator[bytes]:
    while (mark := xml.find(MARK, at)) != -1:
        tag = xml.rfind(b"<", at, mark)
        if xml.startswith((b"<w:t>", b"<w:t "), tag) and xml.find(b">", tag, mark) != -1:
            begin = max(xml.rfind(b"<w:r>", at, mark), xml.rfind(b"<w:r ", at, mark))
            end = xml.find(b"</w:r>", mark) + len(b"</w:r>")
            if begin == -1:
                raise TooIntricate
            yield xml[at:begin]
            yield "".join(_runs(xml[begin:end].decode())).encode()
        else:
            end = xml.index(MARK_END, mark) + len(MARK_END)
            yield xml[at:mark]
            yield "".join(_worded(*piece) for piece in marked(xml[mark:end].decode())).encode()
        at = end
    yield xml[at:]


def _runs(run: str) -> Iterator[str]:
    """Yield a run as runs of the same properties, those with an open fact in its style."""
    if (found := USUAL.fullmatch(run)) is not None:
        yield from _pieces(found.group(1) or "", found.group(2))
        return
    if (found := RUN.fullmatch(run)) is None:
        raise TooIntricate
    properties, content = found.group(1) or "", found.group(2)
    at = 0
    while at < len(content):
        child = CHILD.match(content, at)
        if child is None:
            raise TooIntricate
        at = child.end()
        text, other = child.groups()
        if other:
            yield _run(properties, other)
        yield from _pieces(properties, text or "")


def _pieces(properties: str, text: str) -> Iterator[str]:
    for piece, style in marked(text):
        own = properties if style is None else f'<w:rStyle w:val="{style}"/>{STYLE.sub("", properties)}'
        yield _run(own, f'<w:t xml:space="preserve">{piece}</w:t>')


def _run(properties: str, content: str) -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr>{content}</w:r>" if properties else f"<w:r>{content}</w:r>"


def _worded(text: str, style: str | None) -> str:
    return f" ({text.strip()})" if style == STATUS_STYLE else text
