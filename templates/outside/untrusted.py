"""Word files from outside: what a lawyer or a reviewer sends is admitted only if it is nothing but a text.

A file may be made to read others, to run something, to exhaust memory, or to show another text than the one that was
checked. Whoever opens it later trusts it, so everything beyond text, pictures and links to the web is refused, with
every fault at once. What is admitted is a whole Word file to ``word_file`` and ``parts``, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from schemas.errors import Fault, InputError
from templates.checking.numbering import Numbering
from templates.lint import W
from templates.outside.alternatives import odd_alternatives
from templates.outside.field_codes import unwelcome_fields
from templates.outside.foreign_pictures import PICTURES, addresses_in, is_picture
from templates.outside.invisible import Looks
from templates.outside.plain_xml import plain_root, root_or_none
from templates.outside.relationships import (
    ADD_IN,
    BODY,
    CONTROL,
    FILE,
    FONT,
    MACRO,
    MAILING,
    OBJECT,
    RELATIONSHIPS,
    TRANSFORMATION,
    relationship_faults,
)  # fmt: skip
from templates.outside.strict_zip import WORD_FILE, shown, unpack
from templates.outside.unresolved import hiding_styles, open_matters
from templates.outside.web import is_web_address

CONTENT_TYPES = "[Content_Types].xml"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
MAIN_TYPES = frozenset(
    f"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}.main+xml"
    for kind in ("document", "template")
)
PRINTER = "application/vnd.openxmlformats-officedocument.wordprocessingml.printersettings"
FORBIDDEN_TYPES = {
    "macroenabled": MACRO,
    "vba": MACRO,
    "keymap": MACRO,
    "toolbar": MACRO,
    "activex": CONTROL,
    "webextension": ADD_IN,
    "oleobject": OBJECT,
    "obfuscatedfont": FONT,
    "x-font": FONT,
}
"""What the content type of a part holds, in lower case, and what the part is."""
BINDING = "a content control that shows a value kept elsewhere in the file, whatever stands in it"
VML = "{urn:schemas-microsoft-com:vml}"
OFFICE = "{urn:schemas-microsoft-com:office:office}"
FORBIDDEN_ELEMENTS = {
    f"{W}object": OBJECT,
    f"{W}objectEmbed": OBJECT,
    f"{W}objectLink": OBJECT,
    f"{OFFICE}OLEObject": OBJECT,
    f"{W}control": CONTROL,
    f"{W}altChunk": FILE,
    f"{W}subDoc": FILE,
    f"{W}sourceFileName": FILE,
    f"{W}mailMerge": MAILING,
    f"{W}entryMacro": MACRO,
    f"{W}exitMacro": MACRO,
    f"{W}saveThroughXslt": TRANSFORMATION,
    f"{W}dataBinding": BINDING,
    "{http://schemas.microsoft.com/office/word/2012/wordml}dataBinding": BINDING,
}
"""ECMA-376-1 17.3.3 (objects, controls), 17.17.2 (other files), 17.14 (mail merge), 17.16 (form fields), 17.5.2.6
(data binding) and its twin of 2012 ([MS-DOCX] 2.5.3.1)."""
LEADS_OUT = "a drawing that leads out of the file"
is_strict = etree.XPath('boolean(//*[contains(namespace-uri(), "://purl.oclc.org/ooxml/")])')
"""Whether there are elements of the strict variant, whose names our readers do not know (ECMA-376-1 Annex A)."""
MAX_XML_BYTES = 32 * 1024 * 1024
MAX_TAGS = 1_000_000
"""In all XML parts together: time and memory grow with them. The longest of our examples has 20,000."""
MAX_FAULTS = 1000


def admit_word_file(content: bytes, *, name: str, resolved: bool = False) -> None:
    """Return if the Word file ``content`` may come in; raise :class:`InputError` with every fault and its place.

    ``name`` is what the file is called to whoever sent it. With ``resolved`` nothing may be open in it either: no
    tracked change, comment, hidden text or leftover. Of more than ``MAX_FAULTS`` faults the first are listed.
    """
    parts, faults = unpack(content)
    found = list(faults)
    for fault in _part_faults(parts, resolved=resolved) if parts else ():
        if len(found) >= MAX_FAULTS:
            found.append(Fault("the file", f"more than {MAX_FAULTS} faults; the rest is not listed"))
            break
        found.append(fault)
    if found:
        raise InputError(
            f"{shown(name)} cannot be taken in",
            found,
            remedy="mend each in a word processor, save it as Word document (.docx), and send it again",
        )


def _part_faults(parts: Mapping[str, bytes], *, resolved: bool) -> Iterator[Fault]:
    types = _types(parts.get(CONTENT_TYPES, b""))
    yield from _package_faults(parts, types)
    texts = [name for name in parts if _is_xml(name, _type_of(name, types))]
    size, tags = sum(len(parts[name]) for name in texts), sum(parts[name].count(b"<") for name in texts)
    if size > MAX_XML_BYTES or tags > MAX_TAGS:
        expected = f"at most {MAX_XML_BYTES} bytes and {MAX_TAGS} tags"
        yield Fault("the file", "there is too much in it", read=f"{size} bytes, {tags} tags", expected=expected)
        return
    roots: dict[str, etree._Element] = {}
    for name, content in parts.items():
        yield from _kind_faults(name, content, _type_of(name, types))
        if name in texts:
            try:
                roots[name] = plain_root(content)
            except ValueError as error:
                yield Fault(shown(name), "the part is not plain XML", read=shown(str(error)), expected="a whole part")
    hidden = frozenset[str]().union(*(hiding_styles(root) for root in roots.values()))
    looks = Looks(roots.values())
    for name, root in roots.items():
        yield from _xml_faults(name, root)
        if resolved:
            places = _Places(name, root)
            for matter in open_matters(root, hidden, looks):
                yield Fault(
                    places.of(matter.element), matter.message, read=shown(matter.text) or None, expected=matter.expected
                )


def _package_faults(parts: Mapping[str, bytes], types: Mapping[str, str]) -> Iterator[Fault]:
    """Yield what is missing for a Word file, and whether it is another kind of file."""
    for name in (CONTENT_TYPES, "_rels/.rels", BODY):
        if name not in parts:
            yield Fault(name, "the part is missing", expected=WORD_FILE)
    main = _type_of(BODY, types)
    if BODY in parts and main not in MAIN_TYPES and _forbidden(BODY, main) is None:
        yield Fault(BODY, "the text is of another kind of file", read=shown(main) or "no type", expected=WORD_FILE)


def _kind_faults(name: str, content: bytes, kind: str) -> Iterator[Fault]:
    """Yield whether a part is of a kind that may not come in, or of another kind than it says."""
    place, read = shown(name), shown(kind) or "a part without a type"
    if (forbidden := _forbidden(name, kind)) is not None:
        yield Fault(place, forbidden, read=read, expected="a file without it")
    elif _is_xml(name, kind):
        return
    elif kind.startswith("image/"):
        if not is_picture(content):
            yield Fault(place, "this is not a picture as Word makes them", read=read, expected=PICTURES)
    elif kind != PRINTER:
        yield Fault(place, OBJECT, read=read, expected="text and pictures")
    elif root_or_none(content) is not None:
        yield Fault(place, "XML stands where settings of a printer should", expected="a file without it")


def _xml_faults(name: str, root: etree._Element) -> Iterator[Fault]:
    """Yield what an XML part may not hold."""
    if is_strict(root):
        yield Fault(shown(name), "Strict Open XML", expected="the same saved as Word document (.docx)")
    elif name == BODY and root.tag != f"{W}document":
        yield Fault(name, "this is not the text of a Word file", read=shown(root.tag), expected=WORD_FILE)
    if root.tag == RELATIONSHIPS:
        yield from relationship_faults(name, root)
    elif name.lower().endswith(".rels"):
        yield Fault(shown(name), "these are no relationships", read=shown(root.tag), expected="Relationships")
    places = _Places(name, root)
    for element in root.iter(*FORBIDDEN_ELEMENTS):
        yield Fault(places.of(element), FORBIDDEN_ELEMENTS[element.tag], expected="text and pictures")
    for element, message, expected in odd_alternatives(root):
        yield Fault(places.of(element), message, expected=expected)
    for element in root.iter(f"{VML}*"):
        source, link = element.get("src"), element.get("href")
        for address in (source, element.get(f"{OFFICE}href"), None if link and is_web_address(link) else link):
            if address and not address.startswith("#"):
                yield Fault(places.of(element), LEADS_OUT, read=shown(address), expected="a drawing in the file")
    for address in addresses_in(root):
        yield Fault(shown(name), LEADS_OUT, read=shown(address), expected="a drawing in the file")
    for found in unwelcome_fields(root):
        yield Fault(places.of(found.element), found.message, read=shown(found.code) or None, expected=found.expected)


class _Places:
    """Places in a part, counted only once there is a fault."""

    def __init__(self, name: str, root: etree._Element) -> None:
        self._name, self._root = name, root
        self._numbering: Numbering | None = None

    def of(self, element: etree._Element) -> str:
        """Return the place of the paragraph an element stands in: ``word/document.xml, table 2, row 1, ...``."""
        if self._numbering is None:
            self._numbering = Numbering(shown(self._name), self._root)
        return str(self._numbering.place(element))


def _types(content: bytes) -> dict[str, str]:
    """Return the content types by name of part (``/word/document.xml``) or ending (``png``), in lower case."""
    if (root := root_or_none(content)) is None:
        return {}
    ending = {str(entry.get("Extension")): str(entry.get("ContentType")) for entry in root.iter(f"{TYPES}Default")}
    named = {str(entry.get("PartName")): str(entry.get("ContentType")) for entry in root.iter(f"{TYPES}Override")}
    return {key.lower(): kind.lower().strip() for key, kind in (ending | named).items()}


def _type_of(name: str, types: Mapping[str, str]) -> str:
    """Return the content type of a part (ECMA-376-2 10.1.2.4), in lower case; empty where it has none."""
    name = name.lower()
    return types.get(f"/{name}") or types.get(name.rpartition("/")[2].rpartition(".")[2], "")


def _is_xml(name: str, kind: str) -> bool:
    return name.lower().endswith((".xml", ".rels")) or kind.endswith(("+xml", "/xml", ".vmldrawing"))


def _forbidden(name: str, kind: str) -> str | None:
    """Return what a part is that may not come in from outside, told by its content type."""
    meanings = (meaning for word, meaning in FORBIDDEN_TYPES.items() if word in kind)
    return next(meanings, MACRO if name.lower().endswith("vbaproject.bin") else None)
