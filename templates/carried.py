"""A text edited by hand takes over the marks of its new draft: number, header, the note that it was edited.

The draft that was edited and the same data rendered as the next draft differ in those marks only. What differs is
looked up in the edited file by its text, so it does not matter how a word processor has cut it into runs and parts.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from lxml import etree

from schemas.errors import InputError
from templates.compiled import strictly_parsed
from templates.margins import lost_margins
from templates.package import pack, packed, unpacked
from templates.redlines.alignment import alike
from templates.word_file import W

BODY = "word/document.xml"
TEXT = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
SAME_MARK = 0.5
"""From how many letters in common on one mark has become another (Ratcliff and Obershelp)."""


def carry_marks(edited: bytes, *, before: bytes, after: bytes) -> bytes:
    """Return ``edited`` (DOCX) with the marks of the next draft.

    ``before`` is the draft that was edited, ``after`` the same data rendered as the next draft. What ``after`` says no
    more stays. Raises :class:`InputError` naming each mark of ``before`` that the edited file does not have any more,
    and each text of its headers and footers that is not shown on the same pages.
    """
    parts, old, new = unpacked(edited), _paragraphs(before), _paragraphs(after)
    renamed, notes = _changes(old, new)
    roots = {name: strictly_parsed(content, name) for name, content in parts.items() if TEXT.fullmatch(name)}
    places = [(_text(paragraph), paragraph) for root in roots.values() for paragraph in root.iter(f"{W}p")]
    lost = lost_margins(unpacked(before), parts)
    lost += [note.text for note in notes if not _put(note, places)]
    found = Counter(text for text, paragraph in places if text in renamed and _set_text(paragraph, renamed[text]))
    # A word processor may keep fewer headers than there were; in the body each mark has its place.
    wanted = Counter(one.text for one in old if one.part == BODY)
    lost += [text for text in renamed if found[text] < max(wanted[text], 1)]
    for name, root in roots.items():
        parts[name] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    # A word processor may have divided a header so that its new text fits one place of it and not another.
    if lost := lost or lost_margins(unpacked(after), parts):
        raise InputError(
            "the marks of the draft were changed",
            got="no longer there, or no place for: " + "; ".join(dict.fromkeys(" ".join(one.split()) for one in lost)),
            expected="the draft's header, footer and cover as they were: they say which document and draft this is",
            remedy="restore them and upload the file again",
        )
    return packed(pack(name, content) for name, content in parts.items())


@dataclass(frozen=True, slots=True)
class Placed:
    """A paragraph: the part it stands in, its text, the element."""

    part: str
    text: str
    element: etree._Element


@dataclass(frozen=True, slots=True)
class Note:
    """Something the next draft says in addition, and the texts it stands between."""

    elements: tuple[etree._Element, ...]
    behind: str | None
    in_front_of: str | None
    whole: bool
    """Whether it stands between paragraphs and tables of the text, not inside a table."""

    @property
    def text(self) -> str:
        """What it says."""
        return " ".join("".join(element.itertext()) for element in self.elements)


def _changes(old: list[Placed], new: list[Placed]) -> tuple[dict[str, str], list[Note]]:
    """Return the texts that changed, by the old one, and what is said in addition."""
    renamed: dict[str, str] = {}
    added: set[int] = set()
    matcher = SequenceMatcher(None, [one.text for one in old], [one.text for one in new], autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind not in {"replace", "insert"}:
            continue
        olds, news = range(old_start, old_end), range(new_start, new_end)
        pairs = list(zip(olds, news, strict=False))
        if len(olds) != len(news):
            texts = [one.text for one in old], [one.text for one in new]
            pairs = alike(*texts, olds=olds, news=news, least=SAME_MARK)
        renamed |= {old[before].text: new[after].text for before, after in pairs}
        added |= set(news) - {after for _, after in pairs}
    earlier = {now: once for once, now in renamed.items()}
    return renamed, [_note(new, numbers, earlier) for numbers in _runs(sorted(added))]


def _note(new: list[Placed], numbers: list[int], earlier: dict[str, str]) -> Note:
    """Return the paragraphs ``numbers`` of the next draft as a note: whole tables where nothing else stands in them."""
    said = [new[number] for number in numbers]
    behind, in_front_of = (
        new[number] if 0 <= number < len(new) and new[number].part == said[0].part else None
        for number in (numbers[0] - 1, numbers[-1] + 1)
    )
    blocks = tuple(dict.fromkeys(_block(one.element) for one in said))
    whole = not any(near is not None and _block(near.element) in blocks for near in (behind, in_front_of))
    texts = [near and earlier.get(near.text, near.text) for near in (behind, in_front_of)]
    return Note(blocks if whole else tuple(one.element for one in said), texts[0], texts[1], whole)


def _put(note: Note, places: list[tuple[str, etree._Element]]) -> bool:
    """Put a note in front of what it stands before, else behind what it stands after; return whether it was."""
    for wanted in (note.in_front_of, note.behind):
        paragraph = next((paragraph for text, paragraph in places if text == wanted), None)
        if paragraph is None:
            continue
        place = _block(paragraph) if note.whole else paragraph
        for element in map(copy.deepcopy, note.elements):
            if wanted is note.in_front_of:
                place.addprevious(element)
            else:
                place.addnext(element)
                place = element
        return True
    return False


def _runs(numbers: list[int]) -> Iterator[list[int]]:
    """Yield numbers that follow one another together."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _block(paragraph: etree._Element) -> etree._Element:
    """Return the outermost table a paragraph stands in, or the paragraph."""
    return next((table for table in reversed(list(paragraph.iterancestors(f"{W}tbl")))), paragraph)


def _paragraphs(docx: bytes) -> list[Placed]:
    """Return the paragraphs with text, part by part."""
    return [
        Placed(name, text, paragraph)
        for name, content in unpacked(docx).items()
        if TEXT.fullmatch(name)
        for paragraph in strictly_parsed(content, name).iter(f"{W}p")
        if (text := _text(paragraph))
    ]


def _text(paragraph: etree._Element) -> str:
    """Return the text of a paragraph's own runs; a tabulator as a tab."""
    return "".join("\t" if element.tag == f"{W}tab" else element.text or "" for element in _own(paragraph))


def _own(paragraph: etree._Element) -> Iterator[etree._Element]:
    """Yield the texts and tabulators of a paragraph's own runs, those of paragraphs inside it left out."""
    for element in paragraph.iter(f"{W}t", f"{W}tab"):
        run = element.getparent()
        if run is not None and run.tag == f"{W}r" and next(element.iterancestors(f"{W}p")) is paragraph:
            yield element


def _set_text(paragraph: etree._Element, text: str) -> bool:
    """Put ``text`` into the places of a paragraph's text, tabulators kept where they are; return whether it fits."""
    pieces = text.split("\t")
    slots: list[list[etree._Element]] = [[]]
    for element in _own(paragraph):
        if element.tag == f"{W}tab":
            slots.append([])
        else:
            slots[-1].append(element)
    for slot, piece in zip(slots, pieces, strict=False):
        for place, element in enumerate(slot):
            element.text = piece if place == 0 else ""
            element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return _text(paragraph) == text
