"""The field codes of a Word file: which of them stay within the file, and which reach beyond it.

A field begins at a ``begin`` character, its code ends at ``separate``, its result at ``end`` (ECMA-376-1 17.16.18);
codes are divided into runs at will. ``DDE``, ``INCLUDETEXT``, ``LINK``, ``DATABASE``, ``MACROBUTTON`` and their like
run programs or read files; ``IF``, ``QUOTE``, ``DATE`` and theirs show another text than was read once they are
refreshed. Only the fields named here are welcome (ECMA-376-1 17.16.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from templates.lint import W
from templates.outside.web import is_web_address

KNOWN = """
    AUTHOR AUTONUM AUTONUMLGL AUTONUMOUT BIBLIOGRAPHY CITATION COMMENTS CREATEDATE DOCPROPERTY FORMCHECKBOX FORMDROPDOWN
    FORMTEXT HYPERLINK INDEX KEYWORDS LISTNUM NOTEREF NUMCHARS NUMPAGES NUMWORDS PAGE PAGEREF REF REVNUM SAVEDATE
    SECTION SECTIONPAGES SEQ STYLEREF SUBJECT TA TC TITLE TOA TOC XE
"""
WELCOME = frozenset(KNOWN.split())
"""Fields whose result follows from the file alone, and computes nothing."""
FIELD_NAME = re.compile(r"[A-Za-z]+(?![\w:])")
WORD = re.compile(r"\"(?P<quoted>[^\"]*)\"|(?P<switch>\\[A-Za-z*@#!])(?=[\s\"]|$)|(?P<bare>[^\s\"]+)")
WITH_ARGUMENT = frozenset({"\\l", "\\o", "\\t", "\\*", "\\@", "\\#"})
"""Switches of ``HYPERLINK`` and of all fields that something follows (ECMA-376-1 17.16.5.25, 17.16.4)."""
TAG = re.compile(r"\{[{%#]|[}%#]\}")
CHARACTER = f"{W}fldChar"
SIMPLE = f"{W}fldSimple"
CODES = frozenset({f"{W}instrText", f"{W}delInstrText"})
WELCOME_SHOWN = "a field of pages, references, contents or properties; else its text"


@dataclass(frozen=True, slots=True)
class UnwelcomeField:
    """A field that may not come in: the element it begins at, what is wrong, its code, what may stand there."""

    element: etree._Element
    message: str
    code: str
    expected: str


@dataclass(slots=True)
class _Field:
    begin: etree._Element
    paragraph: etree._Element | None
    code: list[str] = field(default_factory=list)
    in_code: bool = True
    nested: bool = False
    torn: bool = False
    """Whether its code leaves the paragraph it began in, so that a template could join it with another's."""
    tagged: bool = False


def unwelcome_fields(root: etree._Element) -> Iterator[UnwelcomeField]:
    """Yield each field of a part that reaches beyond the file, or whose code cannot be told before it is filled."""
    open_fields: list[_Field] = []
    for element in root.iter(CHARACTER, SIMPLE, f"{W}t", *CODES):
        if element.tag == SIMPLE:
            code = element.get(f"{W}instr") or ""
            yield from _judged(_Field(element, None, [code], tagged=bool(TAG.search(code))))
        elif element.tag == CHARACTER:
            yield from _turn(element, open_fields)
        else:
            text, current = element.text or "", open_fields[-1] if open_fields else None
            if current is not None and current.in_code:
                current.tagged |= bool(TAG.search(text))
                if element.tag in CODES:
                    current.code.append(text)
                    current.torn |= _paragraph(element) is not current.paragraph
            elif element.tag in CODES and text.strip():
                yield UnwelcomeField(element, "a field code stands outside a field", text.strip(), WELCOME_SHOWN)
    for unended in open_fields:
        yield from _judged(unended)


def _turn(element: etree._Element, open_fields: list[_Field]) -> Iterator[UnwelcomeField]:
    """Follow a field character: a field begins, shows its result, or ends."""
    kind = element.get(f"{W}fldCharType")
    if kind == "begin":
        if open_fields and open_fields[-1].in_code:
            open_fields[-1].nested = True
        open_fields.append(_Field(element, _paragraph(element)))
    elif open_fields:
        current = open_fields[-1]
        if current.in_code:
            current.torn |= _paragraph(element) is not current.paragraph
            current.in_code = False
            yield from _judged(current)
        if kind == "end":
            open_fields.pop()


def _judged(found: _Field) -> Iterator[UnwelcomeField]:
    code = "".join(found.code).strip()
    if not code and not found.nested:
        return
    match = FIELD_NAME.match(code)
    name = "" if match is None else match.group().upper()
    if name not in WELCOME:
        yield UnwelcomeField(found.begin, "a field that may not come in from outside", code, WELCOME_SHOWN)
    elif name == "HYPERLINK" and (found.nested or not all(map(is_web_address, _targets(code)))):
        yield UnwelcomeField(
            found.begin, "a link that leads elsewhere than to the web or to an address for mail", code,
            "http, https or mailto",
        )  # fmt: skip
    if found.torn:
        yield UnwelcomeField(found.begin, "a field code runs over several paragraphs", code, "one in one paragraph")
    if found.tagged:
        yield UnwelcomeField(found.begin, "a tag stands in a field code", code, "a field without tags")


def _targets(code: str) -> Iterator[str]:
    """Yield what a ``HYPERLINK`` leads to; places within the file, tips and windows left out."""
    words = WORD.finditer(code)
    next(words)
    for word in words:
        if word["switch"] is None:
            yield from filter(None, (word["quoted"], word["bare"]))
        elif word["switch"].lower() in WITH_ARGUMENT:
            next(words, None)


def _paragraph(element: etree._Element) -> etree._Element | None:
    return next(element.iterancestors(f"{W}p"), None)
