"""What the parts of a Word file from outside may lead to: each other, and addresses that a reader may follow.

Everything else would be read, run or shown from elsewhere once the file is opened (ECMA-376-2 9.3).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from schemas.errors import Fault
from templates.outside.strict_zip import shown
from templates.outside.web import is_web_address

RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationships"
LINK = "hyperlink"
MAIN = "officeDocument"
BODY = "word/document.xml"
MACRO, OBJECT, TEMPLATE = "a macro", "an embedded object", "a template that would be loaded"
FILE, MAILING, ADD_IN = "another file that would be read in", "a source of a mail merge", "an add-in"
CONTROL, TRANSFORMATION = "an ActiveX control", "a transformation that would be run"
FONT = "an embedded font, which can show other letters than are written"
FORBIDDEN = {
    "vbaProject": MACRO,
    "wordVbaData": MACRO,
    "keyMapCustomizations": "keys that run macros",
    "attachedToolbars": "a toolbar that runs macros",
    "extensibility": "a ribbon that runs macros",
    "oleObject": OBJECT,
    "package": OBJECT,
    "control": CONTROL,
    "activeXControlBinary": CONTROL,
    "audio": "a sound",
    "video": "a film",
    "media": "a sound or a film",
    "font": FONT,
    "attachedTemplate": TEMPLATE,
    "subDocument": FILE,
    "aFChunk": FILE,
    "frame": FILE,
    "transform": TRANSFORMATION,
    "mailMergeSource": MAILING,
    "mailMergeHeaderSource": MAILING,
    "mailMergeRecipientData": MAILING,
    "recipientData": MAILING,
    "webextension": ADD_IN,
    "webextensiontaskpanes": ADD_IN,
}
"""Last segments of types of relationships, ECMA's and Microsoft's, and what they mean."""
REMEDIES = {
    TEMPLATE: "a file without one: choose Normal under Developer, Document Template",
    OBJECT: "a picture, or text",
}
ELSEWHERE = re.compile(r"^\s*(?:[A-Za-z][A-Za-z0-9+.-]*:|//)|\\")


def relationship_faults(name: str, root: etree._Element) -> Iterator[Fault]:
    """Yield each relationship of the relationships part ``name`` that may not come in from outside."""
    folder = posixpath.dirname(posixpath.dirname(name))
    for relation in root.iter("{*}Relationship"):
        kind = str(relation.get("Type")).rpartition("/")[2]
        target = relation.get("Target") or ""
        place = shown(f"{name}, relationship {relation.get('Id')}")
        external = relation.get("TargetMode", "Internal") != "Internal" or ELSEWHERE.search(target) is not None
        if (meaning := _forbidden(kind)) is not None:
            yield Fault(place, meaning, read=shown(target), expected=REMEDIES.get(meaning, "a file without it"))
        elif external and kind != LINK:
            yield Fault(place, f"{_with_article(kind)} from outside the file", read=shown(target),
                        expected="everything in the file itself")  # fmt: skip
        elif external and not (is_web_address(target) or target.startswith("#")):
            yield Fault(place, "a link that leads elsewhere than to the web or to an address for mail",
                        read=shown(target), expected="http, https or mailto")  # fmt: skip
        elif not external and _climbs(folder, target):
            yield Fault(place, "a relationship leads out of the file", read=shown(target), expected="a part")
        elif kind == MAIN and not folder and posixpath.join("/", target) != f"/{BODY}":
            yield Fault(place, "the text is not where it should be", read=shown(target), expected=BODY)


def _forbidden(kind: str) -> str | None:
    return next((meaning for known, meaning in FORBIDDEN.items() if known.lower() == kind.lower()), None)


def _climbs(folder: str, target: str) -> bool:
    path = target[1:] if target.startswith("/") else posixpath.join(folder, target)
    return posixpath.normpath(unquote(path)).startswith("..")


def _with_article(kind: str) -> str:
    word = "picture" if kind.lower() == "image" else shown(kind) or "relationship"
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"
