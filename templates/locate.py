"""Where each signatory's visible signature goes.

The template keeps room with a white picture whose description names the signatory: ``Room for the signature of NAME
(signatory ID)``. A tagged PDF carries it as a Figure with that alternative text and its bounding box (ISO 32000-1
14.8.4.5, 14.8.5.4.3): a screen reader says something useful, and no marker stands in the text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, PdfObject

from schemas.errors import InputError, TemplateFault
from schemas.evidence import SignatoryId
from templates.lint import W
from templates.package import strictly_parsed, unpacked

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
ROOM = re.compile(r"\(signatory ([a-z][a-z0-9-]*)\)\Z")
REMEDY = (
    "the template needs, for each signatory, an inline picture with the alternative text "
    "'Room for the signature of ... (signatory {{ signatory.id }})'"
)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page: ``page`` counts from 0; points (1/72 inch) from the lower left corner of the page."""

    page: int
    x1: float
    y1: float
    x2: float
    y2: float


def require_same_rooms(before: bytes, after: bytes) -> None:
    """Raise :class:`InputError` unless two Word files keep the same rooms beside the same words, in the same order.

    Who signs where comes from the data; an edit by hand must not move it.
    """
    wanted, found = _rooms_of(before), _rooms_of(after)
    if wanted != found:
        changed = next(pair for pair in zip_longest(wanted, found) if pair[0] != pair[1])
        raise InputError(
            "the signature blocks were changed",
            got=changed[1] or "a signature block less",
            expected=changed[0] or "no further signature block",
            remedy="restore them; who signs is changed in the data (convenio revise)",
        )


def _rooms_of(docx: bytes) -> list[str]:
    """Return the signatory of each room with the words of the table row, or paragraph, it stands in."""
    body = strictly_parsed(unpacked(docx)["word/document.xml"], "word/document.xml")
    rooms = []
    for drawing in body.iter(f"{DRAWING}docPr"):
        if (named := ROOM.search(drawing.get("descr", ""))) is not None:
            around = next(drawing.iterancestors(f"{W}tr", f"{W}p"))
            around = next(around.iterancestors(f"{W}tr"), around)
            rooms.append(f"{named.group(1)}: {' '.join(''.join(around.itertext(f'{W}t')).split())}")
    return rooms


def signature_boxes(pdf: bytes, signatory_ids: Iterable[SignatoryId]) -> dict[SignatoryId, Box]:
    """Return the room kept for each signatory's visible signature, in the order of ``signatory_ids``.

    ``pdf`` is what :meth:`OfficePool.convert` made. Raises :class:`TemplateFault` naming every signatory without a
    room, or with more than one.
    """
    found: dict[str, list[Box]] = {}
    try:
        reader = PdfReader(io.BytesIO(pdf))
        for identifier, box in _rooms(reader):
            found.setdefault(identifier, []).append(box)
    except (PyPdfError, KeyError, TypeError, ValueError) as error:
        raise TemplateFault(
            "the structure of the PDF cannot be read", got=str(error), expected="a tagged PDF", remedy=REMEDY
        ) from error
    wanted = list(signatory_ids)
    wrong = [
        f"{identifier}: {len(found.get(identifier, []))}"
        for identifier in wanted
        if len(found.get(identifier, [])) != 1
    ]
    if wrong:
        raise TemplateFault(
            "the document does not keep room for each signature",
            got=", ".join(wrong),
            expected="one room for each signatory",
            remedy=REMEDY,
        )
    return {identifier: found[identifier][0] for identifier in wanted}


def _rooms(reader: PdfReader) -> Iterator[tuple[str, Box]]:
    """Yield signatory and box of each Figure that is a room for a signature, in reading order."""
    root = reader.trailer["/Root"].get_object()
    if "/StructTreeRoot" not in root:
        raise ValueError("no structure tree")
    pages = {
        page.indirect_reference.idnum: number for number, page in enumerate(reader.pages) if page.indirect_reference
    }
    waiting: list[PdfObject] = [root["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, ArrayObject):
            waiting += reversed(element)
        if not isinstance(element, DictionaryObject):
            continue
        if element.get("/S") == "/Figure" and (room := ROOM.search(str(element.get("/Alt", "")))):
            left, low, right, high = (float(number) for number in element["/A"]["/BBox"])
            yield room.group(1), Box(pages[element.raw_get("/Pg").idnum], left, low, right, high)
        if "/K" in element:
            waiting.append(element["/K"])
