"""What a Word file says once its tracked changes are accepted, or rejected (ECMA-376-1 17.13.5)."""

from __future__ import annotations

import io
import zipfile

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
COME = (f"{W}ins", f"{W}moveTo")
GONE = (f"{W}del", f"{W}moveFrom")
REVISIONS = (*COME, *GONE, *(f"{W}{name}Change" for name in ("pPr", "rPr", "tblPr", "trPr", "tcPr", "sectPr")))


def parts(docx: bytes) -> dict[str, etree._Element]:
    """Return the parts that hold text, by name."""
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return {
            name: etree.fromstring(package.read(name))
            for name in package.namelist()
            if name.startswith(("word/document", "word/header", "word/footer")) and name.endswith(".xml")
        }


def accepted(docx: bytes) -> dict[str, list[str]]:
    """Return the text of every paragraph, by part, with all changes accepted."""
    return {name: _settled(root, keep=COME, drop=GONE) for name, root in parts(docx).items()}


def rejected(docx: bytes) -> dict[str, list[str]]:
    """Return the text of every paragraph, by part, with all changes rejected."""
    return {name: _settled(root, keep=GONE, drop=COME) for name, root in parts(docx).items()}


def written(docx: bytes) -> dict[str, list[str]]:
    """Return the text of every paragraph of a file without changes, by part."""
    return {name: _lines(root) for name, root in parts(docx).items()}


def revisions(docx: bytes) -> list[etree._Element]:
    """Return every tracked change."""
    return [change for root in parts(docx).values() for change in root.iter(*REVISIONS)]


def _settled(root: etree._Element, *, keep: tuple[str, ...], drop: tuple[str, ...]) -> list[str]:
    for row in list(root.iter(f"{W}tr")):
        if any(row.find(f"{W}trPr/{tag}") is not None for tag in drop):
            _parent(row).remove(row)
    for change in list(root.iter(*drop)):
        if _parent(change).tag not in {f"{W}rPr", f"{W}trPr", f"{W}numPr"}:
            _parent(change).remove(change)
    for change in list(root.iter(*keep)):
        if _parent(change).tag not in {f"{W}rPr", f"{W}trPr", f"{W}numPr"}:
            place = _parent(change).index(change)
            _parent(change)[place : place + 1] = list(change)
    for paragraph in list(root.iter(f"{W}p")):
        if any(paragraph.find(f"{W}pPr/{W}rPr/{tag}") is not None for tag in drop):
            _join(paragraph)
    for text in root.iter(f"{W}delText"):
        text.tag = f"{W}t"
    return _lines(root)


def _join(paragraph: etree._Element) -> None:
    """Without its mark a paragraph runs on into the next (17.13.5.15)."""
    content = [child for child in paragraph if child.tag != f"{W}pPr"]
    after = paragraph.getnext()
    if content:
        assert after is not None
        assert after.tag == f"{W}p"
        start = int(after.find(f"{W}pPr") is not None)
        after[start:start] = content
    _parent(paragraph).remove(paragraph)


def _lines(root: etree._Element) -> list[str]:
    return [
        "".join("\t" if one.tag == f"{W}tab" else one.text or "" for one in _own(paragraph))
        for paragraph in root.iter(f"{W}p")
    ]


def _own(paragraph: etree._Element) -> list[etree._Element]:
    texts = paragraph.iter(f"{W}t", f"{W}tab")
    return [text for text in texts if _parent(text).tag == f"{W}r" and next(text.iterancestors(f"{W}p")) is paragraph]


def _parent(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    assert parent is not None
    return parent
