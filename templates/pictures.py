"""Pictures drawn from the data: an image of the Word file with a known name is replaced by one drawn anew.

The name is that of the drawing's properties (``wp:docPr``, ECMA-376-1 20.4.2.5), which Word shows beside the
alternative text. The new picture is as wide as the page's text and as high as it needs; what does not fit on one page
goes on in a further picture. The alternative text stays.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree
from pydantic import BaseModel

from schemas.errors import TemplateFault
from schemas.schedule import Bar
from templates import gantt
from templates.lint import W
from templates.package import CONTENT_TYPES, strictly_parsed
from templates.view import Style

GANTT = "Gantt chart"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
MAIN = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
IMAGE = f"{RELATION[1:-1]}/image"
EMU_PER_TWIP = 635
KEPT_FREE_EMU = 1_250_000
"""Of the height of a page: room for a heading and a line of text above the picture."""
NARROWEST_EMU = 1_800_000
TALLEST_EMU = 8_000_000
"""Where the page is not known."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn picture: PNG, and its size in EMU."""

    png: bytes
    width: int
    height: int


Draw = Callable[[int, int], Sequence[Picture]]
"""Draws into a width and at most a height, in EMU; each picture for a page of its own."""


def pictures_of(data: BaseModel, style: Style) -> dict[str, Draw]:
    """Return how the pictures that the data allows are drawn, by their names."""
    bars = getattr(data, "schedule", None)
    return {} if not bars else {GANTT: lambda width, height: _gantt(bars, style, width, height)}


def has_pictures(content: bytes) -> bool:
    """Whether a part of a template may hold a known picture."""
    return GANTT.encode() in content


def place_pictures(
    root: etree._Element, name: str, draws: Mapping[str, Draw], read: Callable[[str], bytes]
) -> dict[str, bytes]:
    """Put drawn pictures in place of the known ones of a part, and return the parts of the package that change.

    ``read`` returns a part of the package as it is. Raises :class:`TemplateFault` where the data has nothing to draw.
    """
    known = [place for place in root.iter(f"{DRAWING}docPr") if place.get("name") == GANTT]
    if not known:
        return {}
    folder, _, file = name.rpartition("/")
    relations = strictly_parsed(read(f"{folder}/_rels/{file}.rels"), f"{folder}/_rels/{file}.rels")
    changed: dict[str, bytes] = {}
    for properties in known:
        if GANTT not in draws:
            raise TemplateFault(
                "there is nothing to draw", where=f"{name}, picture {GANTT}", got="no schedule", expected="bars"
            )
        for drawing, picture in _spread(properties, draws[GANTT]):
            number = len(changed) + 1
            identifier, target = f"rIdDrawn{number}", f"media/drawn-{number}.png"
            relations.append(
                relations.makeelement(
                    f"{{{relations.nsmap[None]}}}Relationship", {"Id": identifier, "Type": IMAGE, "Target": target}
                )
            )
            _show(drawing, picture, identifier)
            changed[f"{folder}/{target}"] = picture.png
    types = strictly_parsed(read(CONTENT_TYPES), CONTENT_TYPES)
    if not any(default.get("Extension") == "png" for default in types.iter("{*}Default")):
        types.insert(
            0, types.makeelement(f"{{{types.nsmap[None]}}}Default", {"Extension": "png", "ContentType": "image/png"})
        )
    return changed | {
        f"{folder}/_rels/{file}.rels": _xml(relations),
        CONTENT_TYPES: _xml(types),
    }


def _spread(properties: etree._Element, draw: Draw) -> Iterator[tuple[etree._Element, Picture]]:
    """Yield each drawing with its picture; for each further picture the paragraph is repeated."""
    paragraph = next(properties.iterancestors(f"{W}p"))
    width, height = _room(properties, paragraph)
    pictures = draw(width, height)
    pattern = copy.deepcopy(paragraph)
    for number, picture in enumerate(pictures):
        if number:
            further = copy.deepcopy(pattern)
            paragraph.addnext(further)
            paragraph = further
        drawings = (place.getparent() for place in paragraph.iter(f"{DRAWING}docPr") if place.get("name") == GANTT)
        yield next(drawings), picture


def _room(properties: etree._Element, paragraph: etree._Element) -> tuple[int, int]:
    """Return the width and height a picture can have where it stands: of the text on its page, in EMU.

    The section's properties stand at its end (ECMA-376-1 17.6.17). In a table cell the author's width is kept.
    """
    drawing = properties.getparent()
    extent = None if drawing is None else drawing.find(f"{DRAWING}extent")
    section = _section_after(paragraph)
    own = 0 if extent is None else int(extent.get("cx", "0"))
    if section is None:
        return max(own, NARROWEST_EMU), TALLEST_EMU
    size, margin = section.find(f"{W}pgSz"), section.find(f"{W}pgMar")
    page = {side: _twips(size, side) for side in ("w", "h")}
    sides = {side: abs(_twips(margin, side)) for side in ("left", "right", "top", "bottom")}
    width = (page["w"] - sides["left"] - sides["right"]) * EMU_PER_TWIP
    height = (page["h"] - sides["top"] - sides["bottom"]) * EMU_PER_TWIP - KEPT_FREE_EMU
    in_cell = next(paragraph.iterancestors(f"{W}tc"), None) is not None
    return (max(own, NARROWEST_EMU) if in_cell else width), height


def _section_after(paragraph: etree._Element) -> etree._Element | None:
    found = paragraph.xpath("(descendant::w:sectPr | following::w:sectPr)[1]", namespaces={"w": W[1:-1]})
    return found[0] if isinstance(found, list) and found else None


def _twips(element: etree._Element | None, name: str) -> int:
    return 0 if element is None else int(float(element.get(f"{W}{name}", "0")))


def _show(drawing: etree._Element, picture: Picture, identifier: str) -> None:
    for blip in drawing.iter(f"{MAIN}blip"):
        blip.set(f"{RELATION}embed", identifier)
    extents = [*drawing.iterchildren(f"{DRAWING}extent"), *drawing.iterfind(f".//{MAIN}xfrm/{MAIN}ext")]
    for extent in extents:
        extent.set("cx", str(picture.width))
        extent.set("cy", str(picture.height))


def _gantt(bars: Sequence[Bar], style: Style, width: int, height: int) -> list[Picture]:
    months, most = gantt.months_of(bars), gantt.rows_within(height)
    # Pages of about equal length: no last page with a single row.
    pages = -(-len(bars) // most)
    rows = -(-len(bars) // pages)
    parts = [bars[first : first + rows] for first in range(0, len(bars), rows)]
    return [Picture(gantt.draw(part, months, width, style), width, gantt.height_of(len(part))) for part in parts]


def _xml(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
