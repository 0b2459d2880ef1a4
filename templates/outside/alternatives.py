"""Alternative content in a Word file from outside (ECMA-376-3 9.3): one program shows the one, another the other.

Word writes it around drawings, for programs that do not know its newer shapes. Anywhere else, and where the texts
differ, a reader would see another text than the one that was compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from templates.lint import W

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
ALTERNATIVES, CHOICE, FALLBACK = f"{MC}AlternateContent", f"{MC}Choice", f"{MC}Fallback"
MAX_NESTED = 4
"""Text boxes in groups of shapes; each level is read as often as it is deep."""
PROCESSED = f"{MC}ProcessContent"
DRAWINGS = frozenset({f"{W}drawing", f"{W}pict"})
WORDML = "http://schemas.microsoft.com/office/word"
KNOWN = {
    "wps": f"{WORDML}/2010/wordprocessingShape",
    "wpg": f"{WORDML}/2010/wordprocessingGroup",
    "wpi": f"{WORDML}/2010/wordprocessingInk",
    "wpc": f"{WORDML}/2010/wordprocessingCanvas",
    "wp14": f"{WORDML}/2010/wordprocessingDrawing",
    "w14": f"{WORDML}/2010/wordml",
    "w15": f"{WORDML}/2012/wordml",
    "w16": f"{WORDML}/2018/wordml",
    "w16cid": f"{WORDML}/2016/wordml/cid",
    "w16se": f"{WORDML}/2015/wordml/symex",
}
"""Word's own additions by their usual prefix ([MS-DOCX] 2.2): some programs go by the prefix, others by the name."""


def odd_alternatives(root: etree._Element) -> Iterator[tuple[etree._Element, str, str]]:
    """Yield each element with alternatives that programs may show differently, why, and what may stand there."""
    for element in root.iter(ALTERNATIVES):
        choices, fallbacks = element.findall(CHOICE), element.findall(FALLBACK)
        inside = next(element.iterancestors(*DRAWINGS), None) is not None
        # In parts of other kinds, such as charts, no alternative holds anything of the text.
        if root.tag.startswith(W) and not (inside or _all_drawings([*choices, *fallbacks])):
            yield element, "alternative content outside a drawing", "one content that every program shows"
        elif sum(1 for _ in element.iterancestors(ALTERNATIVES)) > MAX_NESTED:
            yield element, "alternatives within alternatives", "one content that every program shows"
        elif unknown := [name for choice in choices for name in _required(choice) if not _is_known(name, choice)]:
            yield element, f"alternative content for what Word does not know: {', '.join(unknown)}", ", ".join(KNOWN)
        elif len({_text(one) for one in [*choices, *fallbacks]}) > 1 or (not fallbacks and _text(element)):
            yield element, "alternatives whose texts differ", "one text that every program shows"
    for element in root.iter(etree.Element):
        if element.get(PROCESSED) is not None:
            yield element, "content that only some programs show", "one content that every program shows"


def _all_drawings(alternatives: list[etree._Element]) -> bool:
    children = [child for one in alternatives for child in one.iterchildren(etree.Element)]
    return all(child.tag in DRAWINGS for child in children)


def _required(choice: etree._Element) -> list[str]:
    return (choice.get("Requires") or "nothing").split()


def _is_known(prefix: str, choice: etree._Element) -> bool:
    """Whether a prefix is one of Word's own and stands for what Word means by it."""
    return prefix in KNOWN and choice.nsmap.get(prefix) == KNOWN[prefix]


def _text(element: etree._Element) -> str:
    """Return the text of an alternative without spaces; of alternatives inside it, that of their choices."""
    return "".join("".join(_pieces(element)).split())


def _pieces(element: etree._Element) -> Iterator[str]:
    for child in element.iterchildren(etree.Element):
        if etree.QName(child).localname == "t":
            yield child.text or ""
        elif child.tag != FALLBACK:
            yield from _pieces(child)
